use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::event::{Job, TaskEvent};
use super::formulas::formulas_of;
use crate::data::{
    CaptureKey, CaptureState, ReadOptions, ReadReport, capture_path, read_capture, read_series, write_capture,
};
use crate::indicators::{Library, Lines, Mode, catalogue_key, compute};
use crate::market::{Series, Timeframe};

/// Which bars to collect lines of.
#[derive(Debug, Clone, Default)]
pub struct CollectRequest {
    /// CSV or Parquet file.
    pub file: PathBuf,
    /// Ticker; guessed when absent.
    pub symbol: Option<String>,
    /// Bar length; inferred when absent.
    pub timeframe: Option<Timeframe>,
    /// Indicators to compute; the catalogue and the workspace's formulas when absent.
    pub library: Option<Library>,
}

/// Bars with all their indicator lines.
#[derive(Debug, Clone)]
pub struct Collected {
    /// The whole source series.
    pub series: Series,
    /// What reading it found.
    pub report: ReadReport,
    /// Every line of the catalogue and of the formulas over every bar.
    pub lines: Lines,
    /// Where the lines come from.
    pub library: Library,
    /// SHA-256 of the bars.
    pub fingerprint: String,
    /// Indicators with version and parameters.
    pub catalogue: String,
    /// The capture file.
    pub capture: PathBuf,
    /// True if the lines were loaded rather than computed.
    pub reused: bool,
    /// Why they were loaded or computed.
    pub reason: String,
    /// Seconds spent loading or computing and writing the lines.
    pub seconds: f64,
}

/// Reads bars and captures every indicator line of them in the workspace, or loads the capture if bars, parameters,
/// catalogue and formulas are the same. Lines are always computed from the first bar of the file.
pub fn collect(workspace: &Path, request: &CollectRequest, job: &Job) -> Result<Collected> {
    job.progress(0, 0, "reading bars");
    let library = match &request.library {
        Some(library) => library.clone(),
        None => formulas_of(workspace)?,
    };
    let options =
        ReadOptions { symbol: request.symbol.clone(), timeframe: request.timeframe, ..ReadOptions::default() };
    let (series, report) = read_series(&request.file, &options)?;
    job.check()?;
    let start = Instant::now();
    let instances = library.catalogue(Mode::Standard);
    let key = CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(&instances) };
    let capture = capture_path(workspace, &series.symbol, series.timeframe, report.start_ms, report.end_ms);
    let headers = compute(&instances, &series.truncated(0));
    let (lines, reused, reason) = match read_capture(&capture, &key, &headers) {
        CaptureState::Fresh(lines) => (lines, true, "same bars, parameters and catalogue".to_owned()),
        state => {
            let reason = match state {
                CaptureState::Stale(why) => why,
                _ => "no capture yet".to_owned(),
            };
            job.progress(0, 0, "computing indicators");
            let lines = compute(&instances, &series);
            job.check()?;
            job.progress(0, 0, "writing the capture");
            write_capture(&capture, &series, &lines, &key).context("capturing the indicator lines")?;
            (lines, false, reason)
        }
    };
    let seconds = start.elapsed().as_secs_f64();
    let verb = if reused { "loaded" } else { "computed" };
    job.emit(TaskEvent::Note(format!(
        "{} {}: {} bars, {} lines {verb} in {seconds:.2} s ({:.0} bars/s): {reason}",
        series.symbol,
        series.timeframe,
        series.len(),
        lines.columns.len(),
        series.len() as f64 / seconds,
    )));
    let CaptureKey { fingerprint, catalogue } = key;
    Ok(Collected { series, report, lines, library, fingerprint, catalogue, capture, reused, reason, seconds })
}
