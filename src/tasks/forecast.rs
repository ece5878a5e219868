use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::event::Job;
use super::fitted::Fitted;
use super::prepare::Dataset;
use crate::analysis::calibration::Calibrator;
use crate::backtest::Prediction;
use crate::data::{Column, Table, read_table, write_table};
use crate::dataset::Slice;
use crate::models::Network;
use crate::training::{Forecasts, infer};

/// Everything the network and what was fitted on it say about every bar.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// Open times.
    pub timestamp: Vec<i64>,
    /// `train`, `validation`, `calibration`, `test`, `live`, or `none` for warm-up and purged bars.
    pub slice: Vec<String>,
    /// Raw forecasts; empty latents when read back from disk.
    pub raw: Forecasts,
    /// Sigmoid of the entry logit.
    pub entry_prob: Vec<f64>,
    /// The same after calibration; equals the raw one without a calibrator.
    pub entry_prob_calibrated: Vec<f64>,
    /// Sigmoid of the exit logit.
    pub exit_prob: Vec<f64>,
    /// Most probable regime.
    pub regime: Vec<Option<usize>>,
    /// Filtered posterior per regime, `[k][bars]`.
    pub regime_p: Vec<Vec<f64>>,
    /// Features of the bar itself that were missing and stand at their training median.
    pub missing_cells: Vec<usize>,
}

/// Runs the network over all bars.
pub(super) fn raw_forecasts(network: &Network, dataset: &Dataset, job: &Job) -> Result<Forecasts> {
    let total = dataset.inputs.rows as u64;
    let card = &dataset.card;
    let horizon = card.labels.prediction_horizon;
    Ok(infer(network, &dataset.inputs, card.return_scale, horizon, &|done| {
        job.progress(done as u64, total, "forecasting");
        job.check()
    })?)
}

pub(super) fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The entry probability of a logit; the raw one without a calibrator, NaN without a forecast.
pub(super) fn calibrated(calibrator: Option<&Calibrator>, logit: f64) -> f64 {
    match calibrator {
        Some(calibrator) if logit.is_finite() => calibrator.apply(logit),
        _ => sigmoid(logit),
    }
}

impl Forecast {
    /// Adds calibration and regimes to raw forecasts of bars that open at `timestamp`.
    pub(super) fn new(raw: Forecasts, timestamp: Vec<i64>, dataset: &Dataset, fitted: &Fitted) -> Self {
        let n = timestamp.len();
        let mut filter = fitted.regimes.filter();
        let mut regime = vec![None; n];
        let mut regime_p = vec![vec![f64::NAN; n]; fitted.regimes.k];
        for t in 0..n {
            let Some(mu) = raw.mu_at(t) else {
                filter.skip();
                continue;
            };
            let posterior = filter.next(mu);
            regime[t] = (0..posterior.len()).max_by(|&a, &b| posterior[a].total_cmp(&posterior[b]));
            for (column, p) in regime_p.iter_mut().zip(posterior) {
                column[t] = p;
            }
        }
        Self {
            slice: timestamp.iter().map(|&time| slice_name(dataset, time)).collect(),
            entry_prob: raw.entry_logit.iter().map(|&x| sigmoid(x)).collect(),
            entry_prob_calibrated: raw.entry_logit.iter().map(|&x| calibrated(fitted.calibrator.as_ref(), x)).collect(),
            exit_prob: raw.exit_logit.iter().map(|&x| sigmoid(x)).collect(),
            missing_cells: (0..n).map(|t| dataset.inputs.missing(t)).collect(),
            timestamp,
            raw,
            regime,
            regime_p,
        }
    }

    /// What a strategy may know at bar `t`.
    pub fn prediction(&self, t: usize) -> Option<Prediction> {
        self.raw.problem[t].is_none().then(|| Prediction {
            entry_prob: self.entry_prob[t],
            entry_prob_calibrated: self.entry_prob_calibrated[t],
            exit_prob: self.exit_prob[t],
            expected_return: self.raw.expected_return[t],
            volatility: self.raw.volatility[t],
            size: self.raw.size[t],
            regime: self.regime[t],
        })
    }

    /// One entry per bar.
    pub fn predictions(&self) -> Vec<Option<Prediction>> {
        (0..self.timestamp.len()).map(|t| self.prediction(t)).collect()
    }

    /// Writes predictions.parquet with the hash of what was fitted on it, so that the two never mix.
    pub(super) fn write(&self, path: &Path, fitted: &str) -> Result<()> {
        let mut table = Table::new();
        table.push("timestamp", Column::Time(self.timestamp.clone()));
        table.push("slice", Column::Text(self.slice.clone()));
        let raw = &self.raw;
        for (name, values) in [
            ("entry_logit", &raw.entry_logit),
            ("entry_prob", &self.entry_prob),
            ("entry_prob_calibrated", &self.entry_prob_calibrated),
            ("exit_logit", &raw.exit_logit),
            ("exit_prob", &self.exit_prob),
            ("expected_return", &raw.expected_return),
            ("volatility", &raw.volatility),
            ("size", &raw.size),
        ] {
            table.push(name, Column::Float(values.clone()));
        }
        table.push("regime", Column::Int(self.regime.iter().map(|r| r.map(|r| r as i64)).collect()));
        for (i, values) in self.regime_p.iter().enumerate() {
            table.push(format!("regime_p{i}"), Column::Float(values.clone()));
        }
        table.push("missing_cells", Column::Int(self.missing_cells.iter().map(|n| Some(*n as i64)).collect()));
        table.push("recon_error", Column::Float(raw.reconstruction_error.clone()));
        let problems = raw.problem.iter().map(|p| p.clone().unwrap_or_default()).collect();
        table.push("no_prediction", Column::Text(problems));
        let metadata = BTreeMap::from([(FITTED.to_owned(), fitted.to_owned())]);
        write_table(path, &table, &metadata).context("writing the predictions")
    }
}

/// Metadata key of the hash of the [`Fitted`] that predictions were made with.
const FITTED: &str = "fitted";

/// Reads predictions.parquet back.
///
/// Errors if it was made with something else than `fitted`.
pub fn read_forecast(path: &Path, fitted: &Fitted) -> Result<Forecast> {
    let (table, metadata) = read_table(path).context("reading the predictions: analyze the run first")?;
    if metadata.get(FITTED) != Some(&fitted.hash()?) {
        anyhow::bail!("{} and analysis/fitted.json are of two analyses: analyze the run again", path.display());
    }
    let absent = |name: &str| anyhow::anyhow!("{} lacks the column {name}: analyze the run again", path.display());
    let float = |name: &str| table.float(name).map(<[f64]>::to_vec).ok_or_else(|| absent(name));
    let timestamp = table.time("timestamp").ok_or_else(|| absent("timestamp"))?.to_vec();
    let text = |name: &str| table.text(name).map(<[String]>::to_vec).ok_or_else(|| absent(name));
    let problems = text("no_prediction")?;
    let regime = table.int("regime").ok_or_else(|| absent("regime"))?.iter().map(|r| r.map(|r| r as usize)).collect();
    let mut regime_p = Vec::new();
    while let Some(values) = table.float(&format!("regime_p{}", regime_p.len())) {
        regime_p.push(values.to_vec());
    }
    Ok(Forecast {
        slice: text("slice")?,
        raw: Forecasts {
            entry_logit: float("entry_logit")?,
            exit_logit: float("exit_logit")?,
            expected_return: float("expected_return")?,
            volatility: float("volatility")?,
            size: float("size")?,
            mu: Vec::new(),
            latents: 0,
            reconstruction_error: float("recon_error")?,
            problem: problems.into_iter().map(|p| (!p.is_empty()).then_some(p)).collect(),
        },
        entry_prob: float("entry_prob")?,
        entry_prob_calibrated: float("entry_prob_calibrated")?,
        exit_prob: float("exit_prob")?,
        missing_cells: table
            .int("missing_cells")
            .ok_or_else(|| absent("missing_cells"))?
            .iter()
            .map(|n| n.unwrap_or(0) as usize)
            .collect(),
        regime,
        regime_p,
        timestamp,
    })
}

/// By time, so that it holds for other files of the same market too.
fn slice_name(dataset: &Dataset, time: i64) -> String {
    let times = &dataset.card.slice_times;
    let within = times.iter().find(|(_, first, last)| (*first..=*last).contains(&time));
    let last = times.iter().map(|(_, _, last)| *last).max().unwrap_or(i64::MAX);
    match within {
        Some((slice, _, _)) => Slice::to_string(slice),
        None if time > last => "live".to_owned(),
        None => "none".to_owned(),
    }
}
