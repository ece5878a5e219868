use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::{Value, json};

use super::collect::Collected;
use super::event::{Job, TaskEvent};
use super::fitted::{Fitted, model_hash};
use super::forecast::{Forecast, calibrated, raw_forecasts, sigmoid};
use super::prepare::Dataset;
use crate::analysis::attention::{AttentionReport, NO_ATTENTION, Truth, attention_report};
use crate::analysis::attribution::{Importance, Target, importance};
use crate::analysis::calibration::{CalibrationReport, Calibrator};
use crate::analysis::decision::DecisionBoundary;
use crate::analysis::pca::Pca;
use crate::analysis::regimes::{RegimeModel, RegimeRow, RegimeTableInput, regime_table};
use crate::analysis::verdict::{Verdict, VerdictInput};
use crate::backtest::Kelly;
use crate::config::AnalysisConfig;
use crate::data::{Column, Table, write_table};
use crate::dataset::Slice;
use crate::files::write_atomic;
use crate::models::Network;
use crate::runs::RunDir;
use crate::stats::{auc, quantile, std_population};
use crate::training::Forecasts;

/// Share of the calibration bars whose probability reaches the fitted thresholds.
pub(super) const TRADED: f64 = 0.2;

/// What the pictures and the printed report need beyond the files.
#[derive(Debug)]
pub struct AnalysisSummary {
    /// Attention over test windows; `None` if the encoder has none.
    pub attention: Option<AttentionReport>,
    /// Attribution per output.
    pub importance: Vec<Importance>,
    /// Regimes over the test slice.
    pub regimes: Vec<RegimeRow>,
    /// Calibrated entry probabilities on the test slice.
    pub calibration: Option<CalibrationReport>,
    /// Probability against return on the test slice.
    pub decision: DecisionBoundary,
    /// Edge or not.
    pub verdict: Verdict,
    /// Everything per bar.
    pub forecast: Forecast,
}

/// Examines a trained network: writes predictions.parquet and analysis/, emits one record per part.
pub(super) fn analyze_network(
    dir: &RunDir,
    collected: &Collected,
    dataset: &Dataset,
    network: &Network,
    config: &AnalysisConfig,
    job: &Job,
) -> Result<AnalysisSummary> {
    let raw = raw_forecasts(network, dataset, job)?;
    job.progress(0, 0, "finding regimes");
    let fitted = fit(dir, dataset, &raw, config)?;
    fitted.save(dir)?;
    job.check()?;
    let forecast = Forecast::new(raw, collected.series.timestamps(), dataset, &fitted);
    forecast.write(&dir.predictions_file(), &fitted.hash()?)?;
    for warning in fitted.warnings() {
        job.emit(TaskEvent::Note(format!("warning: {warning}")));
    }
    let test = dataset.bars(Slice::Test);
    let report = Report { dir, dataset, forecast: &forecast, test: &test, job };
    let attention = report.attention(network, config.windows)?;
    let importance = report.importance(network, config.windows)?;
    let regimes = report.regimes(&fitted)?;
    let calibration = report.calibration()?;
    let decision = report.decision()?;
    let verdict = report.verdict()?;
    Ok(AnalysisSummary { attention, importance, regimes, calibration, decision, verdict, forecast })
}

/// Everything that is fitted on forecasts: regimes and components on train, probabilities and sizes on calibration.
fn fit(dir: &RunDir, dataset: &Dataset, raw: &Forecasts, config: &AnalysisConfig) -> Result<Fitted> {
    let seed = dataset.card.train.seed;
    let train = dataset.card.slices.train.clone();
    let latents = raw.latents;
    let mu = &raw.mu[train.start * latents..train.end * latents];
    let regimes = match config.regimes {
        0 => RegimeModel::fit_by_bic(mu, latents, 2..=8, seed),
        k => RegimeModel::fit(mu, latents, k, seed),
    }
    .context("finding regimes in the latent of the training slice")?;
    let known: Vec<f64> =
        mu.chunks(latents).filter(|row| row.iter().all(|v| v.is_finite())).flatten().copied().collect();
    let pca = Pca::fit(&known, latents, latents.min(2)).context("principal components of the latent")?;
    let bars = dataset.bars(Slice::Calibration);
    let labels = &dataset.labels;
    let entry: Vec<bool> = bars.iter().map(|&t| labels.entry[t] > 0.5).collect();
    let pick = |column: &[f64]| -> Vec<f64> { bars.iter().map(|&t| column[t]).collect() };
    let (predicted, realised, volatility) =
        (pick(&raw.expected_return), pick(&labels.forward_return), pick(&raw.volatility));
    if bars.is_empty() {
        bail!("no bar of the calibration slice has a usable window and a label, so nothing can be calibrated");
    }
    let horizon = dataset.card.labels.prediction_horizon;
    let kelly = |sign: f64| {
        let signed = |x: &[f64]| x.iter().map(|v| sign * v).collect::<Vec<f64>>();
        Kelly::fit(&signed(&predicted), &signed(&realised), &volatility, horizon, seed).ok()
    };
    let calibrator = Calibrator::fit(&pick(&raw.entry_logit), &entry).ok();
    let entry_probability: Vec<f64> =
        pick(&raw.entry_logit).into_iter().map(|logit| calibrated(calibrator.as_ref(), logit)).collect();
    let exit_probability: Vec<f64> = pick(&raw.exit_logit).into_iter().map(sigmoid).collect();
    let truth: Vec<f64> = bars.iter().map(|&t| labels.entry[t]).collect();
    Ok(Fitted {
        calibration_auc: Some(auc(&pick(&raw.entry_logit), &truth)).filter(|auc| auc.is_finite()),
        entry_spread: std_population(&entry_probability),
        exit_spread: std_population(&exit_probability),
        entry_threshold: quantile(&entry_probability, 1.0 - TRADED),
        exit_threshold: quantile(&exit_probability, 1.0 - TRADED),
        calibrator,
        regimes,
        pca,
        kelly_long: kelly(1.0),
        kelly_short: kelly(-1.0),
        model: model_hash(dir)?,
    })
}

struct Report<'a> {
    dir: &'a RunDir,
    dataset: &'a Dataset,
    forecast: &'a Forecast,
    /// Test bars with window and labels.
    test: &'a [usize],
    job: &'a Job,
}

impl Report<'_> {
    fn seed(&self) -> u64 {
        self.dataset.card.train.seed
    }

    fn horizon(&self) -> usize {
        self.dataset.card.labels.prediction_horizon
    }

    /// Writes analysis/`name`.json and emits the same as a record.
    fn publish(&self, name: &str, value: &impl Serialize, extra: &Value) -> Result<()> {
        let mut record = json!({ "event": name, "slice": Slice::Test });
        let body = serde_json::to_value(value)?;
        if let Some(record) = record.as_object_mut() {
            match body {
                Value::Object(body) => record.extend(body),
                other => {
                    record.insert("items".to_owned(), other);
                }
            }
            record.extend(extra.as_object().cloned().unwrap_or_default());
        }
        let path = self.dir.analysis_file(&format!("{name}.json"));
        write_atomic(&path, serde_json::to_string_pretty(&record)?.as_bytes())
            .with_context(|| format!("cannot write {}", path.display()))?;
        self.job.emit(TaskEvent::Record(record));
        self.job.check()?;
        Ok(())
    }

    /// At most `n` test bars, evenly spread.
    fn some(&self, n: usize) -> Vec<usize> {
        let n = n.min(self.test.len());
        (0..n).map(|i| self.test[i * self.test.len() / n]).collect()
    }

    fn attention(&self, network: &Network, windows: usize) -> Result<Option<AttentionReport>> {
        self.job.progress(0, 0, "examining attention");
        let bars = self.some(windows);
        let truth = Truth { columns: self.dataset.targets.columns(&bars) };
        let spacing = (self.test.len() / bars.len().max(1)).max(1);
        let overlap = self.horizon().div_ceil(spacing);
        let report = attention_report(network, &self.dataset.inputs, &bars, &truth, overlap, self.seed())?;
        match &report {
            Some(report) => self.publish("attention", report, &json!({}))?,
            None => self.job.emit(TaskEvent::Record(
                json!({ "event": "attention", "slice": Slice::Test, "used": false, "sentence": NO_ATTENTION }),
            )),
        }
        Ok(report)
    }

    fn importance(&self, network: &Network, windows: usize) -> Result<Vec<Importance>> {
        let bars = self.some(windows);
        let mut all = Vec::new();
        for (i, target) in Target::ALL.into_iter().enumerate() {
            self.job.progress(i as u64, Target::ALL.len() as u64, "attributing outputs to features");
            self.job.check()?;
            let found = importance(network, &self.dataset.inputs, &bars, target, self.seed())?;
            let mut record = serde_json::to_value(&found)?;
            if let Some(fields) = record.as_object_mut() {
                fields.insert("event".to_owned(), json!("importance"));
                fields.insert("slice".to_owned(), json!(Slice::Test));
            }
            self.job.emit(TaskEvent::Record(record));
            all.push(found);
        }
        let path = self.dir.analysis_file("importance.json");
        write_atomic(&path, serde_json::to_string_pretty(&all)?.as_bytes())?;
        Ok(all)
    }

    fn table(&self, fitted: &Fitted, slice: Slice) -> Vec<RegimeRow> {
        let labels = &self.dataset.labels;
        let range = self.dataset.card.slices.range(slice);
        let wins: Vec<Option<bool>> =
            labels.entry[range.clone()].iter().map(|y| y.is_finite().then_some(*y > 0.5)).collect();
        regime_table(&RegimeTableInput {
            assignments: &self.forecast.regime[range.clone()],
            forward_return: &labels.forward_return[range.clone()],
            wins: &wins,
            volatility: &labels.volatility[range],
            k: fitted.regimes.k,
            horizon: self.horizon(),
            seed: self.seed(),
        })
    }

    fn regimes(&self, fitted: &Fitted) -> Result<Vec<RegimeRow>> {
        self.job.progress(0, 0, "judging regimes");
        self.latent_table(fitted)?;
        let table = self.table(fitted, Slice::Test);
        let extra = json!({
            "k": fitted.regimes.k,
            "tau": fitted.regimes.tau,
            "transition": fitted.regimes.transition,
            "bic": fitted.regimes.candidates,
            "explained": fitted.pca.explained,
            "train_table": self.table(fitted, Slice::Train),
            "labels_file": "predictions.parquet",
        });
        self.publish("regimes", &json!({ "table": table }), &extra)?;
        Ok(table)
    }

    /// analysis/latent.parquet: components, regime and outlier mark of every forecast bar.
    fn latent_table(&self, fitted: &Fitted) -> Result<()> {
        let forecast = self.forecast;
        let bars: Vec<usize> = (0..forecast.timestamp.len()).filter(|&t| forecast.raw.mu_at(t).is_some()).collect();
        let mut components = [Vec::new(), Vec::new()];
        let mut outlier = Vec::new();
        for &t in &bars {
            let Some(mu) = forecast.raw.mu_at(t) else { continue };
            let at = fitted.pca.project(mu);
            for (i, column) in components.iter_mut().enumerate() {
                column.push(at.get(i).copied().unwrap_or(0.0));
            }
            outlier.push(fitted.regimes.is_outlier(mu));
        }
        let [pc1, pc2] = components;
        let mut table = Table::new();
        table.push("timestamp", Column::Time(bars.iter().map(|&t| forecast.timestamp[t]).collect()));
        table.push("slice", Column::Text(bars.iter().map(|&t| forecast.slice[t].clone()).collect()));
        table.push("pc1", Column::Float(pc1));
        table.push("pc2", Column::Float(pc2));
        table.push("regime", Column::Int(bars.iter().map(|&t| forecast.regime[t].map(|r| r as i64)).collect()));
        table.push("outlier", Column::Bool(outlier));
        let returns = bars.iter().map(|&t| self.dataset.labels.forward_return[t]).collect();
        table.push("forward_return", Column::Float(returns));
        write_table(&self.dir.analysis_file("latent.parquet"), &table, &BTreeMap::new())?;
        Ok(())
    }

    fn entry_on_test(&self) -> (Vec<f64>, Vec<bool>) {
        let labels = &self.dataset.labels.entry;
        self.test.iter().map(|&t| (self.forecast.entry_prob_calibrated[t], labels[t] > 0.5)).unzip()
    }

    fn calibration(&self) -> Result<Option<CalibrationReport>> {
        self.job.progress(0, 0, "checking calibration");
        let (probability, label) = self.entry_on_test();
        match CalibrationReport::new(&probability, &label, self.horizon(), self.seed()) {
            Ok(report) => {
                let raw: Vec<f64> = self.test.iter().map(|&t| self.forecast.entry_prob[t]).collect();
                let raw = CalibrationReport::new(&raw, &label, self.horizon(), self.seed()).ok();
                self.publish("calibration", &report, &json!({ "raw": raw }))?;
                Ok(Some(report))
            }
            Err(err) => {
                self.job.emit(TaskEvent::Note(format!("no calibration report: {err}")));
                self.publish("calibration", &json!({ "problem": err.to_string() }), &json!({}))?;
                Ok(None)
            }
        }
    }

    fn decision(&self) -> Result<DecisionBoundary> {
        let (probability, _) = self.entry_on_test();
        let returns: Vec<f64> = self.test.iter().map(|&t| self.dataset.labels.forward_return[t]).collect();
        let report =
            DecisionBoundary::new(&probability, &returns, self.horizon(), self.dataset.card.cost, self.seed())?;
        self.publish("decision", &report, &json!({}))?;
        Ok(report)
    }

    fn verdict(&self) -> Result<Verdict> {
        let range = self.dataset.card.slices.test.clone();
        let entry = &self.dataset.labels.entry[..range.end];
        let labels: Vec<Option<bool>> = entry.iter().map(|y| y.is_finite().then_some(*y > 0.5)).collect();
        let verdict = Verdict::new(&VerdictInput {
            labels: &labels,
            train: self.dataset.card.slices.train.clone(),
            calibration: self.dataset.card.slices.calibration.clone(),
            test: range.clone(),
            probability: &self.forecast.entry_prob_calibrated[range],
            horizon: self.horizon(),
            seed: self.seed(),
        })?;
        self.publish("verdict", &verdict, &json!({}))?;
        Ok(verdict)
    }
}
