use std::ops::Range;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::causality::{judge, refuse};
use super::collect::Collected;
use super::event::{Job, TaskEvent};
use super::sources::{Sources, without_places};
use crate::config::{FeaturesConfig, RunConfig, SplitMethod};
use crate::data::parse_time;
use crate::dataset::causality::{Barred, admitted, bar, name_reasons, withhold};
use crate::dataset::{
    FeatureCache, FeatureContent, Features, FoldSpace, Inputs, Labels, Schema, Slice, Splits, check_named,
    extract_rows, make_folds, make_labels,
};
use crate::market::Bar;
use crate::stats;
use crate::training::{ModelCard, TargetTable};

/// What a network learns from and is judged on.
#[derive(Debug)]
pub struct Dataset {
    /// Scaled features per bar.
    pub inputs: Inputs,
    /// Labels per bar.
    pub labels: Labels,
    /// Targets per bar in the network's own units.
    pub targets: TargetTable,
    /// The card of the model to be.
    pub card: ModelCard,
}

impl Dataset {
    /// The bars of `slice` that have a usable window and all labels.
    pub fn bars(&self, slice: Slice) -> Vec<usize> {
        let seq_len = self.card.model.seq_len;
        self.card
            .slices
            .range(slice)
            .filter(|&t| self.labels.forward_return[t].is_finite() && self.labels.entry[t].is_finite())
            .filter(|&t| self.labels.exit[t].is_finite() && self.labels.volatility[t].is_finite())
            .filter(|&t| self.inputs.window_problem(t, seq_len).is_none())
            .collect()
    }

    /// What was kept, dropped and left out, for scripts.
    fn record(&self, candidates: usize) -> Value {
        let card = &self.card;
        let slices: Vec<Value> = Slice::ALL
            .into_iter()
            .map(|slice| {
                let range = card.slices.range(slice);
                let used = self.bars(slice).len();
                json!({ "slice": slice, "bars": range.len(), "used": used, "excluded": range.len() - used })
            })
            .collect();
        json!({
            "event": "dataset",
            "features": card.schema.width(),
            "candidates": candidates,
            "dropped": card.schema.dropped,
            "admitted": card.admitted,
            "slices": slices,
            "left_out_at_boundaries": card.slices.purged.iter().map(ExactSizeIterator::len).sum::<usize>(),
        })
    }
}

/// Turns lines into features, labels and slices, fits the schema on the training slice, and tells what was dropped.
///
/// Features that leak or come from leaking lines are left out by name unless `features.admit` names them; external columns
/// that know the future are an error.
pub fn prepare(collected: &Collected, sources: &Sources, config: &RunConfig, job: &Job) -> Result<Dataset> {
    let series = &collected.series;
    let Checked { features, barred, admitted } = checked_features(collected, sources, &config.features, job)?;
    let candidates = features.width();
    let cost = config.backtest.round_trip_cost();
    let labels = make_labels(series.bars(), &config.labels, cost);
    let splits = slices(&features, &labels, series.bars(), config)?;
    let train = splits.train.clone();
    let return_scale = one_bar_deviation(series.bars(), std::slice::from_ref(&train));
    let bars_per_year = series.sliced(train.clone()).bars_per_year();
    let returns: Vec<f64> = labels.forward_return[train.clone()].iter().copied().filter(|r| r.is_finite()).collect();
    let return_variance = stats::std_population(&returns).powi(2);
    // Rounding leaves 1e-16 of a constant return.
    if !(return_scale > 1e-12 && return_variance > 1e-24) {
        bail!(
            "the training slice's prices never move, or always by the same step: there is nothing to learn from them"
        );
    }
    // The first training window reaches back to this row.
    let first_row = (splits.train.start + 1).saturating_sub(config.model.seq_len);
    let rows = first_row..splits.train.end;
    let mut schema = Schema::fit_with(&features, rows, &series.timestamps(), &config.features)?;
    name_reasons(&mut schema, &barred);
    let inputs = schema.apply_in_place(features)?;
    job.emit(TaskEvent::Note(format!(
        "{} features of {} kept; train {}, validation {}, calibration {}, test {} bars, {} left out at the boundaries",
        schema.width(),
        candidates,
        splits.train.len(),
        splits.validation.len(),
        splits.calibration.len(),
        splits.test.len(),
        splits.purged.iter().map(ExactSizeIterator::len).sum::<usize>(),
    )));
    let slice_times = Slice::ALL
        .into_iter()
        .map(|slice| {
            let range = splits.range(slice);
            (slice, series.bars()[range.start].timestamp, series.bars()[range.end - 1].timestamp)
        })
        .collect();
    let mut train_config = config.train.clone();
    // Where and under what name it was taught does not make a different model.
    train_config.run_name.clear();
    train_config.device = crate::config::DevicePreference::Auto;
    let card = ModelCard {
        format: ModelCard::FORMAT,
        symbol: series.symbol.clone(),
        timeframe: series.timeframe.to_string(),
        fingerprint: collected.fingerprint.clone(),
        catalogue: collected.catalogue.clone(),
        features: without_places(&config.features),
        schema,
        labels: config.labels.clone(),
        cost,
        splits: config.splits.clone(),
        entry_base_rate: labels.base_rate(train).entry,
        slices: splits,
        slice_times,
        model: config.model.clone(),
        train: train_config,
        return_scale,
        return_variance,
        bars_per_year,
        sources: sources.notes().to_vec(),
        admitted,
    };
    let targets = TargetTable::new(&labels, return_scale, cost);
    let dataset = Dataset { inputs, labels, targets, card };
    job.emit(TaskEvent::Record(dataset.record(candidates)));
    Ok(dataset)
}

/// Features without what leaks.
pub(super) struct Checked {
    /// Missing throughout where barred.
    pub(super) features: Features,
    /// Left out, by name with the reason.
    pub(super) barred: Barred,
    /// Let in by name, with what is against it.
    pub(super) admitted: Barred,
}

/// Features of every bar, of which those that leak are withheld unless `config.admit` names them.
pub(super) fn checked_features(
    collected: &Collected,
    sources: &Sources,
    config: &FeaturesConfig,
    job: &Job,
) -> Result<Checked> {
    let mut features = features_of(collected, sources, config, job)?;
    job.check()?;
    let verdicts = judge(collected, &features, config, sources, job)?;
    refuse(&features, &verdicts, config)?;
    let barred = bar(&features, &verdicts, &config.admit);
    let admitted = admitted(&features, &verdicts, &config.admit);
    tell_barred(&barred, &admitted, job);
    withhold(&mut features, &barred);
    job.check()?;
    Ok(Checked { features, barred, admitted })
}

/// Tells loudly what is left out for leaking, and what is let in by name although something is against it.
fn tell_barred(barred: &Barred, admitted: &Barred, job: &Job) {
    for (names, what) in [(barred, "left out of the training"), (admitted, "let in by features.admit")] {
        if let Some((name, reason)) = names.first_key_value() {
            let others = if names.len() > 1 { format!(", and {} more", names.len() - 1) } else { String::new() };
            job.emit(TaskEvent::Note(format!("warning: {what}: {name} ({reason}){others}")));
        }
    }
}

/// Inputs and labels for an existing model, whose card says how they are made; `places` says where the other files that
/// it reads are.
///
/// Errors if the features differ from the model's, with both lists.
pub(super) fn prepare_for(
    collected: &Collected,
    card: ModelCard,
    places: &FeaturesConfig,
    job: &Job,
) -> Result<Dataset> {
    let sources = Sources::read(places, &collected.series, &collected.library, job)?;
    let features = features_of(collected, &sources, &card.features, job)?;
    let inputs = card.schema.apply_in_place(features)?;
    // Equal names may still stand for other formulas or parameters.
    if collected.catalogue != card.catalogue {
        bail!("the model was made with another indicator catalogue: train it again with this version");
    }
    let labels = make_labels(collected.series.bars(), &card.labels, card.cost);
    let targets = TargetTable::new(&labels, card.return_scale, card.cost);
    Ok(Dataset { inputs, labels, targets, card })
}

/// The slices of the bars that `config` asks for.
pub(super) fn slices(features: &Features, labels: &Labels, bars: &[Bar], config: &RunConfig) -> Result<Splits> {
    if config.splits.method == SplitMethod::Combinatorial {
        bail!(
            "combinatorial folds have several test blocks and cannot be one run: `glassbox walkforward` teaches and judges \
             each of them"
        );
    }
    let space = fold_space(features.warm_up(), labels.labelled_until(), bars, config)?;
    let folds = make_folds(&space, &config.splits)?;
    let number = if config.splits.fold == 0 { folds.len() } else { config.splits.fold };
    let Some(fold) = folds.get(number - 1) else {
        bail!("splits.fold is {number}, but there are {} folds", folds.len())
    };
    fold.splits().context("the slices of the fold are not in time order")
}

/// What folds are cut from: `labelled_until` is the first bar whose label the bars do not reach.
pub(super) fn fold_space(warm_up: usize, labelled_until: usize, bars: &[Bar], config: &RunConfig) -> Result<FoldSpace> {
    let usable = usable_bars(warm_up, bars, config)?;
    let horizon = config.labels.prediction_horizon;
    // No label may look past the end the user asked for.
    let labelled_until = labelled_until.min(usable.end.saturating_sub(horizon));
    let seq_len = config.model.seq_len;
    Ok(FoldSpace { bars: bars.len(), usable, labelled_until, horizon, seq_len, warm_up })
}

/// Every feature of every bar, computed or read from the workspace's cache; tells how fast and why.
pub(super) fn features_of(
    collected: &Collected,
    sources: &Sources,
    config: &FeaturesConfig,
    job: &Job,
) -> Result<Features> {
    job.progress(0, 0, "extracting features");
    let Collected { series, lines, catalogue, .. } = collected;
    check_named(lines, &config.indicators)?;
    let make = || -> Result<Features> {
        let extra = sources.columns(series, lines, config, None)?;
        Ok(extract_rows(series, lines, config, &extra, 0..series.len())?)
    };
    if collected.capture.as_os_str().is_empty() {
        // Looked at only: nothing is written.
        return make();
    }
    // Captures and features share a folder of the workspace.
    let cache = FeatureCache::new(collected.capture.with_file_name("features"));
    let start = Instant::now();
    let others: Vec<String> =
        sources.notes().iter().map(|note| format!("{} {}", note.name, note.fingerprint)).collect();
    let content = FeatureContent { series, lines, config, catalogue, others: &others };
    let (features, note) = cache.get(&content, make)?;
    let seconds = start.elapsed().as_secs_f64();
    job.emit(TaskEvent::Note(format!(
        "{} features of {} bars {} in {seconds:.2} s, {:.0} rows/s: {}",
        features.width(),
        features.bars,
        if note.reused { "read" } else { "computed" },
        features.bars as f64 / seconds,
        note.reason,
    )));
    if let Some(files) = note.files {
        job.emit(TaskEvent::Note(files));
    }
    Ok(features)
}

/// Bars with a full window behind the warm-up of every feature that ever begins.
fn usable_bars(warm_up: usize, bars: &[Bar], config: &RunConfig) -> Result<Range<usize>> {
    let n = bars.len();
    let mut start = warm_up + config.model.seq_len - 1;
    let mut end = n;
    for (field, text, bound) in
        [("data.start", &config.data.start, &mut start), ("data.end", &config.data.end, &mut end)]
    {
        if !text.is_empty() {
            let Some(time) = parse_time(text) else { bail!("{field}: {text:?} is no ISO date or date-time") };
            let at = bars.partition_point(|bar| bar.timestamp < time);
            *bound = if field == "data.start" { at.max(*bound) } else { at.min(*bound) };
        }
    }
    if start >= end {
        bail!(
            "too few bars: the features need {warm_up} bars to warm up and the first window {} more, but there are {n}{}",
            config.model.seq_len,
            if config.data.start.is_empty() && config.data.end.is_empty() {
                ""
            } else {
                " before data.start and data.end"
            },
        );
    }
    Ok(start..end)
}

/// Standard deviation of the one-bar returns within `ranges`.
pub(super) fn one_bar_deviation(bars: &[Bar], ranges: &[Range<usize>]) -> f64 {
    let steps = ranges.iter().flat_map(|range| bars[range.clone()].windows(2));
    let returns: Vec<f64> = steps.map(|pair| pair[1].close / pair[0].close - 1.0).collect();
    stats::std_population(&returns)
}
