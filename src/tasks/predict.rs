use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::collect::{CollectRequest, collect};
use super::event::Job;
use super::fitted::Fitted;
use super::forecast::{Forecast, raw_forecasts};
use super::formulas::formulas_of;
use super::prepare::prepare_for;
use crate::backtest::{Decision, Direction, NetworkStrategy, Strategy as _};
use crate::config::DevicePreference;
use crate::data::time_text;
use crate::indicators::Library;
use crate::runs::RunDir;
use crate::training::{load_model, pick_device};

/// Bars to forecast with a run's model.
#[derive(Debug, Clone)]
pub struct PredictRequest {
    /// Folder of captures.
    pub workspace: PathBuf,
    /// Run folder.
    pub run: PathBuf,
    /// CSV or Parquet file of bars.
    pub data: PathBuf,
    /// Only the last bars; all when `None`.
    pub last: Option<usize>,
}

/// What the model says at the close of one bar.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PredictionRecord {
    /// Always `prediction`.
    pub event: &'static str,
    /// Open time, ISO 8601 UTC.
    pub time: String,
    /// Open time, UTC milliseconds.
    pub timestamp: i64,
    /// Slice of the run's own split that the bar falls into; `live` is after all of them.
    pub slice: String,
    /// "no prediction: cause", else absent.
    pub no_prediction: Option<String>,
    /// Raw entry probability.
    pub entry_prob: Option<f64>,
    /// Calibrated entry probability.
    pub entry_prob_calibrated: Option<f64>,
    /// Exit probability.
    pub exit_prob: Option<f64>,
    /// Expected return over the horizon, fraction.
    pub expected_return: Option<f64>,
    /// Expected return less one predicted deviation of the horizon, fraction.
    pub return_low: Option<f64>,
    /// Expected return plus one predicted deviation of the horizon, fraction.
    pub return_high: Option<f64>,
    /// Per-bar volatility, fraction.
    pub volatility: Option<f64>,
    /// Size head, 0 to 1.
    pub size: Option<f64>,
    /// Most probable regime.
    pub regime: Option<usize>,
    /// Its filtered probability.
    pub regime_probability: Option<f64>,
    /// `enter long`, `enter short` or `stay out`: the run's backtest rules without an open position.
    pub decision: Option<String>,
    /// Share of the equity the entry takes; absent when staying out.
    pub entry_size: Option<f64>,
    /// Why, in figures.
    pub gates: Option<String>,
}

/// One record per bar, oldest first.
///
/// Errors if the data's features are not the model's, with both lists.
pub fn predict(request: &PredictRequest, job: &Job) -> Result<Vec<PredictionRecord>> {
    let dir = RunDir::open(&request.run)?;
    let manifest = dir.load()?;
    let (device, _) = pick_device(DevicePreference::Cpu)?;
    let (card, network) = load_model(&dir.model_file(), &device)?;
    let fitted = Fitted::load(&dir)?;
    let collected = collect(&request.workspace, &collect_request(&request.data, formulas_of(dir.path())?), job)?;
    if collected.series.timeframe.to_string() != card.timeframe {
        anyhow::bail!(
            "the model reads {} bars, {} holds {} bars",
            card.timeframe,
            request.data.display(),
            collected.series.timeframe
        );
    }
    let dataset = prepare_for(&collected, card, &manifest.config.features, job)?;
    let raw = raw_forecasts(&network, &dataset, job)?;
    let forecast = Forecast::new(raw, collected.series.timestamps(), &dataset, &fitted);
    let bars = collected.series.bars();
    let horizon = dataset.card.labels.prediction_horizon;
    let config = &manifest.config.backtest;
    let bars_per_year = dataset.card.bars_per_year;
    let mut strategy =
        NetworkStrategy::new(forecast.predictions(), config, fitted.calibrated(), horizon, bars_per_year)?;
    let first = request.last.map_or(0, |last| bars.len().saturating_sub(last));
    let mut records = Vec::with_capacity(bars.len() - first);
    for t in 0..bars.len() {
        let decision = strategy.decide(t, &bars[..=t], None);
        if t >= first {
            let gates = format!(
                "long needs {:.3}, short needs {:.3}; round-trip cost {:.2} %",
                strategy.long_threshold(),
                strategy.short_threshold(),
                100.0 * config.round_trip_cost(),
            );
            records.push(record(&forecast, t, horizon, decision, gates));
        }
    }
    Ok(records)
}

fn collect_request(data: &Path, library: Library) -> CollectRequest {
    CollectRequest { file: data.to_owned(), library: Some(library), ..CollectRequest::default() }
}

fn record(forecast: &Forecast, t: usize, horizon: usize, decision: Decision, gates: String) -> PredictionRecord {
    let problem = forecast.raw.problem[t].as_ref().map(|cause| format!("no prediction: {cause}"));
    let p = forecast.prediction(t);
    let spread = p.map(|p| p.volatility * (horizon as f64).sqrt());
    let entry_size = if let Decision::Enter { size, .. } = decision { Some(size) } else { None };
    let words = match decision {
        Decision::Enter { side: Direction::Long, .. } => "enter long",
        Decision::Enter { side: Direction::Short, .. } => "enter short",
        Decision::Hold | Decision::Exit { .. } => "stay out",
    };
    PredictionRecord {
        event: "prediction",
        time: time_text(forecast.timestamp[t]),
        timestamp: forecast.timestamp[t],
        slice: forecast.slice[t].clone(),
        entry_prob: p.map(|p| p.entry_prob),
        entry_prob_calibrated: p.map(|p| p.entry_prob_calibrated),
        exit_prob: p.map(|p| p.exit_prob),
        expected_return: p.map(|p| p.expected_return),
        return_low: p.zip(spread).map(|(p, s)| p.expected_return - s),
        return_high: p.zip(spread).map(|(p, s)| p.expected_return + s),
        volatility: p.map(|p| p.volatility),
        size: p.map(|p| p.size),
        regime: p.and_then(|p| p.regime),
        regime_probability: p.and_then(|p| p.regime).map(|r| forecast.regime_p[r][t]),
        decision: p.map(|_| words.to_owned()),
        entry_size,
        gates: p.map(|_| gates),
        no_prediction: problem,
    }
}
