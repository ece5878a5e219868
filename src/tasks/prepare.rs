use std::ops::Range;

use anyhow::{Result, bail};

use serde_json::{Value, json};

use super::collect::Collected;
use super::event::{Job, TaskEvent};
use crate::config::RunConfig;
use crate::data::parse_time;
use crate::dataset::{Features, Inputs, Labels, Schema, Slice, Splits, extract, make_labels};
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
            "slices": slices,
            "left_out_at_boundaries": card.slices.purged.iter().map(ExactSizeIterator::len).sum::<usize>(),
        })
    }
}

/// Turns lines into features, labels and slices, fits the schema on the training slice, and tells what was dropped.
pub fn prepare(collected: &Collected, config: &RunConfig, job: &Job) -> Result<Dataset> {
    job.progress(0, 0, "extracting features");
    let series = &collected.series;
    let features = extract(series, &collected.lines, &config.features)?;
    job.check()?;
    let cost = config.backtest.round_trip_cost();
    let labels = make_labels(series.bars(), &config.labels, cost);
    let splits = slices(&features, &labels, series.bars(), config)?;
    let train = splits.train.clone();
    let return_scale = one_bar_deviation(&series.bars()[train.clone()]);
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
    let schema = Schema::fit(&features, first_row..splits.train.end, &series.timestamps())?;
    let inputs = schema.apply(&features)?;
    job.emit(TaskEvent::Note(format!(
        "{} features of {} kept; train {}, validation {}, calibration {}, test {} bars, {} left out at the boundaries",
        schema.width(),
        features.width(),
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
        features: config.features.clone(),
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
    };
    let targets = TargetTable::new(&labels, return_scale, cost);
    let dataset = Dataset { inputs, labels, targets, card };
    job.emit(TaskEvent::Record(dataset.record(features.width())));
    Ok(dataset)
}

/// Inputs and labels for an existing model, whose card says how they are made.
///
/// Errors if the features differ from the model's, with both lists.
pub(super) fn prepare_for(collected: &Collected, card: ModelCard, job: &Job) -> Result<Dataset> {
    job.progress(0, 0, "extracting features");
    let features = extract(&collected.series, &collected.lines, &card.features)?;
    let inputs = card.schema.apply(&features)?;
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
    let usable = usable_bars(features.warm_up(), bars, config)?;
    let horizon = config.labels.prediction_horizon;
    // No label may look past the end the user asked for.
    let labelled_until = labels.labelled_until().min(usable.end.saturating_sub(horizon));
    Ok(Splits::chronological(usable, labelled_until, &config.splits, horizon)?)
}

/// Bars with a full window behind the warm-up of every feature that ever begins.
pub(super) fn usable_bars(warm_up: usize, bars: &[Bar], config: &RunConfig) -> Result<Range<usize>> {
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

fn one_bar_deviation(bars: &[Bar]) -> f64 {
    let returns: Vec<f64> = bars.windows(2).map(|pair| pair[1].close / pair[0].close - 1.0).collect();
    stats::std_population(&returns)
}
