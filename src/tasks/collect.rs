use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::causality::LineCheck;
use super::event::{Job, TaskEvent};
use super::formulas::formulas_of;
use super::market_files::read_judged;
use crate::data::{
    CaptureBuilder, CaptureKey, CaptureLock, CaptureState, ReadOptions, ReadReport, capture_path, check_capture,
    read_capture,
};
use crate::indicators::{Instance, Library, Lines, Mode, catalogue_key, compute};
use crate::market::Series;

/// Why a capture is used as it is.
const UNCHANGED: &str = "same bars, parameters and catalogue";
/// Between two looks whether another process is done.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Which bars to collect lines of.
#[derive(Debug, Clone, Default)]
pub struct CollectRequest {
    /// File of bars.
    pub file: PathBuf,
    /// How to read it.
    pub options: ReadOptions,
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

/// A capture that is up to date, without its lines.
#[derive(Debug, Clone)]
pub struct Captured {
    /// What reading the bars found.
    pub report: ReadReport,
    /// Number of lines in the capture.
    pub lines: usize,
    /// SHA-256 of the bars.
    pub fingerprint: String,
    /// The capture file.
    pub capture: PathBuf,
    /// True if nothing had to be computed.
    pub reused: bool,
    /// Why lines were computed or not.
    pub reason: String,
    /// Seconds spent checking or computing and writing the lines.
    pub seconds: f64,
}

/// Reads bars and captures every indicator line of them in the workspace, or loads the capture if bars, parameters,
/// catalogue and formulas are the same, or continues the capture of the same bars with fewer at the end. Lines are
/// always those computed from the first bar of the file, and replayed while they are captured: the verdicts lie beside.
///
/// All lines are held in memory: 8 bytes for each bar of each line.
pub fn collect(workspace: &Path, request: &CollectRequest, job: &Job) -> Result<Collected> {
    let source = Source::read(workspace, request, job)?;
    let Done { lines, reused, reason, seconds } = source.obtain(Keep::Lines, job)?;
    let Source { series, report, library, key, capture, .. } = source;
    let CaptureKey { fingerprint, catalogue } = key;
    Ok(Collected { series, report, lines, library, fingerprint, catalogue, capture, reused, reason, seconds })
}

/// Does what [`collect`] does for the capture and leaves the lines there: a long series takes no more memory than its
/// bars and one portion of lines.
pub fn capture(workspace: &Path, request: &CollectRequest, job: &Job) -> Result<Captured> {
    let source = Source::read(workspace, request, job)?;
    let Done { lines, reused, reason, seconds } = source.obtain(Keep::Nothing, job)?;
    let Source { report, key, capture, .. } = source;
    let lines = lines.columns.len();
    Ok(Captured { report, lines, fingerprint: key.fingerprint, capture, reused, reason, seconds })
}

/// What stays in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Lines,
    Nothing,
}

/// Bars and where their lines belong.
struct Source {
    series: Series,
    report: ReadReport,
    library: Library,
    instances: Vec<Instance>,
    headers: Lines,
    key: CaptureKey,
    capture: PathBuf,
}

/// How the lines came.
struct Done {
    /// Without values if nothing was to be kept.
    lines: Lines,
    reused: bool,
    reason: String,
    seconds: f64,
}

impl Source {
    fn read(workspace: &Path, request: &CollectRequest, job: &Job) -> Result<Self> {
        let library = match &request.library {
            Some(library) => library.clone(),
            None => formulas_of(workspace)?,
        };
        let (series, report) = read_judged(&request.file, &request.options, job)?;
        let instances = library.catalogue(Mode::Standard);
        let key = CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(&instances) };
        let capture = capture_path(workspace, &series.symbol, series.timeframe, report.start_ms, report.end_ms);
        let headers = compute(&instances, &series.truncated(0));
        Ok(Self { series, report, library, instances, headers, key, capture })
    }

    /// Loads or computes, and tells.
    fn obtain(&self, keep: Keep, job: &Job) -> Result<Done> {
        let start = Instant::now();
        let (lines, reused, reason) = match self.state(keep) {
            CaptureState::Fresh(lines) => (lines, true, UNCHANGED.to_owned()),
            _ => self.compute(keep, job).context("capturing the indicator lines")?,
        };
        let seconds = start.elapsed().as_secs_f64();
        let verb = match (reused, keep) {
            (false, _) => "computed",
            (true, Keep::Lines) => "loaded",
            (true, Keep::Nothing) => "found",
        };
        job.emit(TaskEvent::Note(format!(
            "{} {}: {} bars, {} lines {verb} in {seconds:.2} s ({:.0} bars/s): {reason}",
            self.series.symbol,
            self.series.timeframe,
            self.series.len(),
            lines.columns.len(),
            self.series.len() as f64 / seconds,
        )));
        Ok(Done { lines, reused, reason, seconds })
    }

    fn state(&self, keep: Keep) -> CaptureState {
        match keep {
            Keep::Lines => read_capture(&self.capture, &self.key, &self.headers),
            Keep::Nothing => check_capture(&self.capture, &self.key, &self.headers)
                .unwrap_or_else(|| CaptureState::Fresh(self.headers.clone())),
        }
    }

    fn compute(&self, keep: Keep, job: &Job) -> Result<(Lines, bool, String)> {
        let lock = self.lock(job)?;
        // Another process may have computed it meanwhile.
        let found = match self.state(keep) {
            CaptureState::Fresh(lines) => return Ok((lines, true, UNCHANGED.to_owned())),
            found => found,
        };
        let bars = self.series.len();
        let mut builder = CaptureBuilder::start(&self.capture, &self.series, &self.key, &self.instances, &found, lock)?;
        let mut lines = self.headers.clone();
        let mut check = LineCheck::new(&self.instances, &self.series, &self.key.fingerprint);
        loop {
            job.check()?;
            job.progress(builder.done() as u64, bars as u64, "computing indicators");
            let Some(portion) = builder.step()? else { break };
            check.step(&portion);
            if keep == Keep::Nothing {
                continue;
            }
            if builder.done() == bars && lines.columns.first().is_none_or(|line| line.values.is_empty()) {
                lines = portion;
                continue;
            }
            for (line, part) in lines.columns.iter_mut().zip(&portion.columns) {
                line.values.reserve_exact(bars - line.values.len());
                line.values.extend_from_slice(&part.values);
            }
        }
        let reason = builder.reason().to_owned();
        builder.finish()?;
        check.finish(&self.capture, &self.key.fingerprint, &self.key.catalogue, job)?;
        Ok((lines, false, reason))
    }

    /// Waits while another process computes captures of this series, until the user cancels.
    fn lock(&self, job: &Job) -> Result<CaptureLock> {
        loop {
            if let Some(lock) = CaptureLock::try_take(&self.capture)? {
                return Ok(lock);
            }
            job.check()?;
            job.progress(0, 0, "waiting for another process that computes these lines");
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}
