use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Result;

use super::collect::Collected;
use super::curves::RunCurves;
use super::event::Job;
use super::formulas::formulas_of;
use super::market_files::{inspect, preview, read_options};
use super::run::is_cancelled;
use super::view::{CalibrationView, RunView};
use crate::config::RunConfig;
use crate::data::{Guess, ReadReport};
use crate::dataset::make_labels;
use crate::indicators::{Lines, Mode, catalogue_key};
use crate::market::Series;
use crate::runs::{Manifest, RunDir, RunStatus};

/// A file of bars looked at.
#[derive(Debug)]
pub struct Looked {
    /// What its columns are taken for, where the file can be read at all.
    pub guess: Option<Guess>,
    /// What is in it, or why it gives no bars as it is read now.
    pub report: Result<ReadReport, String>,
    /// Its bars as a view without a run: for the chart, on which indicators are computed when they are shown.
    pub bars: Option<Arc<RunView>>,
}

/// Looks at a file of bars with the choices of `config` and makes its bars ready for the chart; nothing is written.
///
/// # Errors
/// Choices that cannot be read, and a file of which nothing can be told.
pub fn look_at_file(workspace: &Path, file: &Path, config: &RunConfig, job: &Job) -> Result<Looked> {
    let options = read_options(&config.data)?;
    match inspect(file, &options, job) {
        Ok(found) => {
            let bars = bars_view(workspace, file, config, found.series, found.report.clone());
            Ok(Looked { guess: Some(found.guess), report: Ok(found.report), bars: Some(Arc::new(bars)) })
        }
        Err(err) if is_cancelled(&err) => Err(err),
        Err(err) => match preview(file, &options, job) {
            Ok(guess) => Ok(Looked { guess: Some(guess), report: Err(format!("{err:#}")), bars: None }),
            Err(_) => Err(err),
        },
    }
}

fn bars_view(workspace: &Path, file: &Path, config: &RunConfig, series: Series, report: ReadReport) -> RunView {
    let library = formulas_of(workspace).unwrap_or_default();
    let labels = make_labels(series.bars(), &config.labels, config.backtest.round_trip_cost());
    let collected = Collected {
        fingerprint: series.fingerprint(),
        catalogue: catalogue_key(&library.catalogue(Mode::Standard)),
        lines: Lines { columns: Vec::new() },
        report,
        series,
        library,
        capture: PathBuf::new(),
        reused: false,
        reason: "looked at".to_owned(),
        seconds: 0.0,
    };
    RunView {
        dir: RunDir::imaginary(file),
        manifest: manifest(file, &collected, config),
        collected,
        card: None,
        labels,
        forecast: None,
        latent: Vec::new(),
        curves: RunCurves::default(),
        attention: None,
        importance: Vec::new(),
        regimes: None,
        calibration: CalibrationView::default(),
        decision: None,
        verdict: None,
        fitted: None,
        backtest: None,
        simulations: Vec::new(),
        problems: Vec::new(),
    }
}

fn manifest(file: &Path, collected: &Collected, config: &RunConfig) -> Manifest {
    let mut config = config.clone();
    "bars".clone_into(&mut config.train.run_name);
    let name = file.file_name().map_or_else(|| file.display().to_string(), |name| name.to_string_lossy().into_owned());
    Manifest {
        id: name,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        status: RunStatus::Finished,
        error: None,
        done: Vec::new(),
        key: String::new(),
        data_file: file.display().to_string(),
        config,
        fingerprint: collected.fingerprint.clone(),
        sources: Vec::new(),
        symbol: collected.series.symbol.clone(),
        timeframe: collected.series.timeframe.to_string(),
        bars: collected.series.len(),
        first_timestamp: collected.report.start_ms,
        last_timestamp: collected.report.end_ms,
        threads: 0,
        device: String::new(),
        started: 0,
        ended: None,
    }
}
