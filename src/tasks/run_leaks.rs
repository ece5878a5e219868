use std::collections::BTreeSet;
use std::ops::Range;
use std::path::Path;

use anyhow::{Result, bail};
use serde::Serialize;

use super::analyze::TRADED;
use super::event::Job;
use super::forecast::{Forecast, calibrated};
use super::prepare::{features_of, fold_space};
use super::sources::Sources;
use super::view::{RunView, open_view};
use crate::analysis::calibration::Calibrator;
use crate::dataset::leaks::run::CheckVerdict;
use crate::dataset::leaks::run::{
    Candidate, RunCheck, columns, copied_rows, scaler_rows, scaler_values, selected_on, slices_apart,
    slices_as_configured, slices_as_recorded, training_rows,
};
use crate::dataset::leaks::{LeakOptions, check_columns};
use crate::dataset::{Features, Fold, Labels, Schema, Slice, make_folds, make_labels};
use crate::runs::Manifest;
use crate::stats::{auc, mean, quantile};
use crate::training::ModelCard;

/// Relative difference of figures of one network on two devices.
const DEVICE: f64 = 1e-3;
/// Relative difference of figures of one forecast, computed again.
const SAME: f64 = 1e-6;

/// What was found in a finished run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunLeaks {
    /// Folder name.
    pub run: String,
    /// Checks that found a leak.
    pub leaking: usize,
    /// All checks.
    pub checks: Vec<RunCheck>,
}

/// Looks for bars that a run used and must not have used: its indicator lines, features, labels, slices and scalers are
/// made again from its bars and compared with its files. Writes nothing.
///
/// # Errors
/// No run folder, a run without a model, other bars than the run's, features that cannot be made again.
pub fn check_run_leaks(run: &Path, options: &LeakOptions, job: &Job) -> Result<RunLeaks> {
    let view = open_view(run, job)?;
    let Some(card) = &view.card else {
        match view.problems.first() {
            Some(problem) => bail!("{problem}"),
            None => bail!("the run has no model yet: train it first"),
        }
    };
    job.check()?;
    let collected = &view.collected;
    let sources = Sources::read(&view.manifest.config.features, &collected.series, &collected.library, job)?;
    let features = features_of(collected, &sources, &card.features, job)?;
    let times = view.collected.series.timestamps();
    let labels = make_labels(view.collected.series.bars(), &card.labels, card.cost);
    let evidence = Evidence { view: &view, card, features: &features, times: &times, labels: &labels };
    job.check()?;
    job.progress(0, 0, "comparing slices and scalers");
    let ranges: Vec<(Slice, Range<usize>)> = Slice::ALL.map(|slice| (slice, card.slices.range(slice))).to_vec();
    let forecast = evidence.forecast();
    let noted = forecast.map(|forecast| &forecast.slice[..]);
    let mut checks = vec![
        records_agree(card, &view.manifest),
        slices_apart(&card.slices, evidence.horizon(), card.splits.embargo),
        evidence.as_configured(),
        slices_as_recorded(&card.slices, &card.slice_times, noted, &times),
        scaler_rows(&card.schema.fitted_on, &card.slices, card.model.seq_len, &times),
        evidence.scaler(),
        evidence.stopping(),
        evidence.calibration(),
        copied_rows(view.collected.series.bars(), &features, &ranges),
    ];
    job.check()?;
    job.progress(0, 0, "looking for the future");
    checks.push(evidence.columns(options)?);
    let leaking = checks.iter().filter(|check| check.verdict == CheckVerdict::Leak).count();
    Ok(RunLeaks { run: view.manifest.id.clone(), leaking, checks })
}

/// `records_agree`: run.json and the model file tell of one configuration and one set of bars.
fn records_agree(card: &ModelCard, manifest: &Manifest) -> RunCheck {
    let check = "records_agree";
    let config = &manifest.config;
    let differs = [
        ("the bars", card.fingerprint != manifest.fingerprint),
        ("[features]", card.features != config.features),
        ("[labels]", card.labels != config.labels),
        ("[splits]", card.splits != config.splits),
        ("[model]", card.model != config.model),
    ];
    match differs.into_iter().find(|(_, differs)| *differs) {
        Some((what, _)) => RunCheck::leak(check, format!("run.json and the model file do not agree about {what}")),
        None => RunCheck::ok(check, "run.json and the model file tell of one configuration and the same bars"),
    }
}

struct Evidence<'a> {
    view: &'a RunView,
    card: &'a ModelCard,
    features: &'a Features,
    times: &'a [i64],
    labels: &'a Labels,
}

impl Evidence<'_> {
    /// The longest horizon that any file names.
    fn horizon(&self) -> usize {
        let own = self.card.labels.prediction_horizon;
        own.max(self.card.slices.horizon).max(self.view.manifest.config.labels.prediction_horizon)
    }

    /// Predictions of the run's own bars.
    fn forecast(&self) -> Option<&Forecast> {
        self.view.forecast.as_ref().filter(|forecast| forecast.timestamp == self.times)
    }

    fn as_configured(&self) -> RunCheck {
        let config = &self.view.manifest.config;
        let bars = self.view.collected.series.bars();
        let space = fold_space(self.features.warm_up(), self.labels.labelled_until(), bars, config);
        let folds = space.and_then(|space| Ok(make_folds(&space, &config.splits)?));
        match folds {
            Ok(folds) => {
                let expected: Vec<_> = folds.iter().filter_map(Fold::splits).collect();
                slices_as_configured(&self.card.slices, &expected)
            }
            Err(err) => {
                RunCheck::not_checkable("slices_as_configured", format!("the slices cannot be made again: {err:#}"))
            }
        }
    }

    fn scaler(&self) -> RunCheck {
        let (card, check) = (self.card, "scaler_values");
        if self.view.collected.catalogue != card.catalogue {
            return RunCheck::not_checkable(check, "the model was made with another indicator catalogue");
        }
        let rows = training_rows(&card.slices, card.model.seq_len);
        match Schema::fit_with(self.features, rows, self.times, &card.features) {
            Ok(refit) => scaler_values(&card.schema, &refit, self.features, &card.slices, card.model.seq_len),
            Err(err) => RunCheck::not_checkable(check, format!("the scaler cannot be fitted again: {err}")),
        }
    }

    /// `figures` of the bars of every slice and of all unions that an honest run does not use, the honest slice apart.
    fn candidates(
        &self,
        honest: Slice,
        forecast: &Forecast,
        figures: &dyn Fn(&[usize]) -> Vec<f64>,
    ) -> (Candidate, Vec<Candidate>) {
        let labels = self.labels;
        let used = |slices: &[Slice]| -> Vec<usize> {
            let bars = slices.iter().flat_map(|&slice| self.card.slices.range(slice));
            let known = |x: &[f64], t: usize| x.get(t).is_some_and(|x| x.is_finite());
            bars.filter(|&t| known(&forecast.raw.entry_logit, t) && known(&labels.forward_return, t))
                .filter(|&t| known(&labels.entry, t) && known(&labels.exit, t) && known(&labels.volatility, t))
                .collect()
        };
        let candidate = |slices: &[Slice]| {
            let names: Vec<String> = slices.iter().map(Slice::to_string).collect();
            let plural = if slices.len() > 1 { "slices" } else { "slice" };
            Candidate { bars: format!("the {} {plural}", names.join(" and ")), figures: figures(&used(slices)) }
        };
        let others = Slice::ALL.into_iter().filter(|&slice| slice != honest);
        let mut sets: Vec<Vec<Slice>> = others.map(|slice| vec![slice]).collect();
        sets.extend([
            vec![honest, Slice::Test],
            vec![Slice::Validation, Slice::Calibration],
            vec![Slice::Validation, Slice::Calibration, Slice::Test],
            Slice::ALL.to_vec(),
        ]);
        (candidate(&[honest]), sets.iter().map(|slices| candidate(slices)).collect())
    }

    /// `stopping_bars`: the best epoch's figures are those of the validation slice.
    fn stopping(&self) -> RunCheck {
        let check = "stopping_bars";
        let (Some(forecast), Some(best)) = (self.forecast(), self.view.curves.epochs.iter().rfind(|epoch| epoch.best))
        else {
            return RunCheck::not_checkable(check, "there are no predictions, or no figures of the training");
        };
        let labels = self.labels;
        let figures = |bars: &[usize]| {
            let pick = |x: &[f64]| bars.iter().map(|&t| x[t]).collect::<Vec<f64>>();
            let errors: Vec<f64> = bars.iter().map(|&t| (forecast.entry_prob[t] - labels.entry[t]).powi(2)).collect();
            let entry = auc(&pick(&forecast.raw.entry_logit), &pick(&labels.entry));
            vec![mean(&errors), entry, auc(&pick(&forecast.raw.exit_logit), &pick(&labels.exit))]
        };
        let undefined = |x: Option<f64>| x.unwrap_or(f64::NAN);
        let recorded = [best.learned.entry_brier, undefined(best.learned.entry_auc), undefined(best.learned.exit_auc)];
        let (honest, others) = self.candidates(Slice::Validation, forecast, &figures);
        selected_on(check, "the score that chose the best epoch", &recorded, &honest, &others, DEVICE)
    }

    /// `calibration_bars`: calibration and thresholds are those of the calibration slice.
    fn calibration(&self) -> RunCheck {
        let check = "calibration_bars";
        let (Some(forecast), Some(fitted)) = (self.forecast(), &self.view.fitted) else {
            return RunCheck::not_checkable(check, "there are no predictions, or they belong to another model");
        };
        let labels = self.labels;
        let of = |calibrator: Option<&Calibrator>, thresholds: [f64; 2]| {
            let (slope, intercept) = calibrator.map_or((f64::NAN, f64::NAN), |c| (c.slope, c.intercept));
            vec![slope, intercept, thresholds[0], thresholds[1]]
        };
        let figures = |bars: &[usize]| {
            let logits: Vec<f64> = bars.iter().map(|&t| forecast.raw.entry_logit[t]).collect();
            let entry: Vec<bool> = bars.iter().map(|&t| labels.entry[t] > 0.5).collect();
            let calibrator = Calibrator::fit(&logits, &entry).ok();
            let entry: Vec<f64> = logits.iter().map(|&logit| calibrated(calibrator.as_ref(), logit)).collect();
            let exit: Vec<f64> = bars.iter().map(|&t| forecast.exit_prob[t]).collect();
            of(calibrator.as_ref(), [quantile(&entry, 1.0 - TRADED), quantile(&exit, 1.0 - TRADED)])
        };
        let recorded = of(fitted.calibrator.as_ref(), [fitted.entry_threshold, fitted.exit_threshold]);
        let (honest, others) = self.candidates(Slice::Calibration, forecast, &figures);
        selected_on(check, "the calibration", &recorded, &honest, &others, SAME)
    }

    /// `columns`: one feature of every line, and all others, that the network sees.
    fn columns(&self, options: &LeakOptions) -> Result<RunCheck> {
        let mut kept: BTreeSet<&str> = self.card.schema.candidates.iter().map(String::as_str).collect();
        for (name, _) in &self.card.schema.dropped {
            kept.remove(name.as_str());
        }
        let mut lines = BTreeSet::new();
        let specs = self.features.specs.iter().filter(|spec| kept.contains(spec.name.as_str()));
        let specs = specs.filter(|spec| spec.source.as_ref().is_none_or(|line| lines.insert(line.as_str())));
        let values: Vec<(&str, Vec<f64>)> = specs
            .filter_map(|spec| {
                let column = self.features.column(&spec.name)?;
                Some((spec.name.as_str(), column.into_iter().map(f64::from).collect()))
            })
            .collect();
        let values: Vec<(&str, &[f64])> = values.iter().map(|(name, values)| (*name, values.as_slice())).collect();
        let verdicts = check_columns(self.view.collected.series.bars(), &values, options)?;
        let external = &self.card.features.external.columns;
        let own = |name: &str| !name.split('.').any(|part| external.iter().any(|column| column == part));
        Ok(columns(&verdicts, &own))
    }
}
