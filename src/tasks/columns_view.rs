use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use super::browse::LineLook;
use super::causality::judge;
use super::collect::Collected;
use super::event::Job;
use super::prepare::{features_of, slices};
use super::sources::Sources;
use super::view::open_view;
use crate::config::{FeatureGroup, RunConfig};
use crate::dataset::causality::ColumnCausality;
use crate::dataset::{Features, Schema, Slice, make_labels};
use crate::stats::{population_stability_index, standardized_mean_difference};
use crate::training::ModelCard;

/// Columns read together: one cache line of a row.
const BLOCK: usize = 16;

/// One feature over all bars, and how it drifts from the training slice to the test slice.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnView {
    /// Feature name.
    pub name: String,
    /// How it is computed.
    pub formula: String,
    /// Unit of its values.
    pub unit: String,
    /// Bars before its first possible value.
    pub warm_up: usize,
    /// The line it comes from, if from one.
    pub source: Option<String>,
    /// Its group.
    pub group: Option<FeatureGroup>,
    /// Why the network does not see it; `None` if it does.
    pub dropped: Option<String>,
    /// Share of training rows without a value.
    pub missing_train: f64,
    /// Share of test rows without a value.
    pub missing_test: f64,
    /// Population stability index of the test rows against the training rows; `None` without values.
    pub psi: Option<f64>,
    /// Standardised mean difference of the test rows from the training rows; `None` without values.
    pub smd: Option<f64>,
    /// What replay at random cuts says of it.
    pub causality: Option<ColumnCausality>,
    /// All bars at a glance.
    #[serde(skip)]
    pub look: LineLook,
}

/// Every feature of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnsView {
    /// In the order of the schema's candidates.
    pub columns: Vec<ColumnView>,
    /// Training rows, from the first bar of the first window.
    pub train: Range<usize>,
    /// Test rows.
    pub test: Range<usize>,
}

/// Looks at every feature of a run over its bars: `card` once it is trained, else what `config` would give.
///
/// # Errors
/// Features or slices that the bars do not allow, each in one sentence.
pub fn columns_view(
    collected: &Collected,
    config: &RunConfig,
    card: Option<&ModelCard>,
    job: &Job,
) -> Result<ColumnsView> {
    let bars = collected.series.bars();
    let sources = Sources::read(&config.features, &collected.series, &collected.library, job)?;
    let features = features_of(collected, &sources, card.map_or(&config.features, |card| &card.features), job)?;
    job.check()?;
    let verdicts = judge(collected, &features, card.map_or(&config.features, |card| &card.features), &sources, job)?;
    let mut verdicts: BTreeMap<String, ColumnCausality> =
        verdicts.into_iter().rev().map(|verdict| (verdict.column.clone(), verdict)).collect();
    let splits = match card {
        Some(card) => card.slices.clone(),
        None => slices(&features, &make_labels(bars, &config.labels, config.backtest.round_trip_cost()), bars, config)?,
    };
    let seq_len = card.map_or(config.model.seq_len, |card| card.model.seq_len);
    let train = splits.range(Slice::Train);
    let train = (train.start + 1).saturating_sub(seq_len)..train.end;
    let test = splits.range(Slice::Test);
    let fitted;
    let schema = if let Some(card) = card {
        &card.schema
    } else {
        fitted = Schema::fit_with(&features, train.clone(), &collected.series.timestamps(), &config.features)?;
        &fitted
    };
    let dropped: BTreeMap<&str, &str> =
        schema.dropped.iter().map(|(name, reason)| (name.as_str(), reason.as_str())).collect();
    let real: Vec<usize> = (0..features.width()).filter(|&i| features.specs[i].group.is_some()).collect();
    let mut columns = Vec::with_capacity(real.len());
    for block in real.chunks(BLOCK) {
        job.check()?;
        job.progress(columns.len() as u64, real.len() as u64, "comparing slices");
        for (&i, values) in block.iter().zip(read(&features, block)) {
            let spec = &features.specs[i];
            let why = dropped.get(spec.name.as_str()).map(|reason| (*reason).to_owned());
            let missing = |rows: &[f64]| rows.iter().filter(|x| x.is_nan()).count() as f64 / rows.len().max(1) as f64;
            let (base, other) = (&values[train.clone()], &values[test.clone()]);
            columns.push(ColumnView {
                name: spec.name.clone(),
                formula: spec.formula.clone(),
                unit: spec.unit.clone(),
                warm_up: spec.warm_up,
                source: spec.source.clone(),
                group: spec.group,
                dropped: why,
                missing_train: missing(base),
                missing_test: missing(other),
                psi: Some(population_stability_index(base, other)).filter(|x| x.is_finite()),
                smd: Some(standardized_mean_difference(base, other)).filter(|x| x.is_finite()),
                causality: verdicts.remove(&spec.name),
                look: LineLook::new(&values),
            });
        }
    }
    Ok(ColumnsView { columns, train, test })
}

/// The same for a run folder.
pub fn columns_of_run(run: &Path, job: &Job) -> Result<ColumnsView> {
    let view = open_view(run, job)?;
    columns_view(&view.collected, &view.manifest.config, view.card.as_ref(), job)
}

fn read(features: &Features, block: &[usize]) -> Vec<Vec<f64>> {
    let mut columns = vec![Vec::with_capacity(features.bars); block.len()];
    for t in 0..features.bars {
        let row = features.row(t);
        for (column, &i) in columns.iter_mut().zip(block) {
            column.push(f64::from(row[i]));
        }
    }
    columns
}
