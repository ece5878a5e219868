use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::config::{FeatureGroup, FeaturesConfig};
use crate::indicators::{Line, Lines, twin_of};
use crate::market::Series;

use super::columns::Column;
use super::line_features::{self, LineFeatures};
use super::scales::Scales;
use super::sources::ExtraColumns;
use super::stationary::{Stationary, stationary};
use super::{DatasetError, groups};

/// Version of what [`extract`] computes: to be raised with every change of a value, a name or an order.
pub const FEATURE_VERSION: u32 = 1;
/// Features of lines made side by side before their rows are written: with a chunk of rows they fit a core's own cache.
const TILE: usize = 128;
/// Distance kept between columns of a tile, so that they do not fall on the same place of the cache.
const GAP: usize = 16;
/// Names shown for one that is unknown.
const CLOSE: usize = 5;

/// What a feature is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeatureSpec {
    /// Unique name, for example `rsi_14.rsi.velocity_3`.
    pub name: String,
    /// How it is computed; x is the line, or the line's stationary column in changes and windows.
    pub formula: String,
    /// Unit of its values, such as `ATR`, `-1 to 1` or `sqrt-horizon sigmas`; empty for padding.
    pub unit: String,
    /// The indicator line it comes from, if from one.
    pub source: Option<String>,
    /// Its group; `None` for padding.
    pub group: Option<FeatureGroup>,
    /// Bars before its first possible value, counted from where its line begins; all bars if it never does.
    pub warm_up: usize,
}

/// Named columns as one row-major matrix, one row per bar of the series.
#[derive(Debug, Clone)]
pub struct Features {
    /// The columns, in order.
    pub specs: Vec<FeatureSpec>,
    /// Rows.
    pub bars: usize,
    /// Width asked for by `features.feature_dim`; 0 for the natural one.
    pub feature_dim: usize,
    /// \[bars, width\], row-major; NaN where missing, never infinite.
    pub data: Vec<f32>,
}

impl Features {
    /// Columns, padding included.
    pub fn width(&self) -> usize {
        self.specs.len()
    }

    /// All columns of bar `t`.
    pub fn row(&self, t: usize) -> &[f32] {
        &self.data[t * self.width()..(t + 1) * self.width()]
    }

    /// First bar from which every feature has begun; those that begin after a quarter of the bars, if at all, do not count
    /// and are left to be dropped by the schema.
    pub fn warm_up(&self) -> usize {
        let mut waiting: Vec<usize> = (0..self.width()).collect();
        let mut begun = 0;
        for t in 0..=self.bars / 4 {
            let before = waiting.len();
            if t < self.bars {
                waiting.retain(|&column| self.row(t)[column].is_nan());
            }
            if waiting.len() < before {
                begun = t;
            }
        }
        begun
    }

    /// One value per bar of the column called `name`.
    pub fn column(&self, name: &str) -> Option<Vec<f32>> {
        let at = self.specs.iter().position(|spec| spec.name == name)?;
        Some((0..self.bars).map(|t| self.row(t)[at]).collect())
    }
}

/// The lines that become features: all of the named indicators, or all that restate no other.
pub(super) fn chosen<'a>(lines: &'a Lines, indicators: &[String]) -> Result<Vec<&'a Line>, DatasetError> {
    let id = |line: &'a Line| line.name.split_once('.').map_or("", |(id, _)| id);
    let known: BTreeSet<&str> = lines.columns.iter().map(id).collect();
    if let Some(name) = indicators.iter().find(|name| !known.contains(name.as_str())) {
        return Err(DatasetError::UnknownIndicator { name: name.clone(), hint: hint(name, &known) });
    }
    let takes = |line: &&Line| match indicators {
        [] => twin_of(&line.name).is_none(),
        names => names.iter().any(|name| line.name.split_once('.').is_some_and(|(id, _)| id == name)),
    };
    Ok(lines.columns.iter().filter(takes).collect())
}

/// Ids that `name` may stand for, as half a sentence.
fn hint(name: &str, known: &BTreeSet<&str>) -> String {
    // A line's name begins with its indicator.
    if let Some(id) = name.split_once('.').map(|(id, _)| id).filter(|id| known.contains(id)) {
        return format!("its indicator is {id}");
    }
    let mut near: Vec<(usize, &str)> = known.iter().map(|&id| (edits(name, id), id)).collect();
    near.sort_unstable();
    near.retain(|&(edits, id)| edits <= 1 + name.len() / 4 || (name.len() > 2 && id.starts_with(name)));
    match near.iter().take(CLOSE).map(|&(_, id)| id).collect::<Vec<_>>() {
        names if names.is_empty() => format!("there are those of {} other indicators", known.len()),
        names => format!("close to it are {}", names.join(", ")),
    }
}

/// Letters to insert, remove or replace to turn one name into another.
///
/// Source: V. I. Levenshtein, "Binary codes capable of correcting deletions, insertions, and reversals" (1966).
fn edits(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let replaced = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = replaced.min(corner + 1).min(row[j] + 1);
        }
    }
    row[row.len() - 1]
}

/// Refuses a named indicator none of whose lines has a value on any bar. An empty list names none.
///
/// # Errors
/// The first such indicator.
pub fn check_named(lines: &Lines, indicators: &[String]) -> Result<(), DatasetError> {
    for name in indicators {
        let own = || lines.columns.iter().filter(|line| line.name.split_once('.').is_some_and(|(id, _)| id == name));
        if let Some(first) = own().next()
            && own().all(|line| line.values.iter().all(|x| !x.is_finite()))
        {
            let (line, bars) = (first.name.clone(), first.values.len());
            return Err(DatasetError::AllMissing { name: name.clone(), line, bars });
        }
    }
    Ok(())
}

/// Computes every feature of `config` on every bar, each from that bar and earlier ones.
///
/// `lines` are indicator lines over the same bars. The number of threads changes no bit.
pub fn extract(series: &Series, lines: &Lines, config: &FeaturesConfig) -> Result<Features, DatasetError> {
    check_named(lines, &config.indicators)?;
    extract_rows(series, lines, config, &ExtraColumns::default(), 0..series.len())
}

/// [`extract`] with the columns of other sources behind the own ones, of the bars of `rows` only, bit for bit: row 0 of
/// the result is bar `rows.start`.
pub fn extract_rows(
    series: &Series,
    lines: &Lines,
    config: &FeaturesConfig,
    extra: &ExtraColumns,
    rows: Range<usize>,
) -> Result<Features, DatasetError> {
    let bars = series.len();
    let rows = rows.start.min(bars)..rows.end.min(bars);
    check(bars, lines, config)?;
    let scales = Scales::new(series.bars());
    let work = Work::new(config, bars);
    let plan = LineFeatures::new(config);

    let mut groups = config.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    let chosen = if plan.per_line() == 0 { Vec::new() } else { chosen(lines, &config.indicators)? };
    let sources: Vec<(&Line, Stationary)> =
        chosen.into_iter().flat_map(|line| stationary(line).into_iter().map(move |column| (line, column))).collect();
    let own: Vec<Column> = work
        .map(&groups, |&group| groups::columns(group, series.bars(), lines, &scales))
        .into_iter()
        .flatten()
        .collect();
    let others: Vec<&Column> = own.iter().chain(extra.columns(bars)?).collect();

    let mut specs: Vec<FeatureSpec> = sources.iter().flat_map(|(line, column)| plan.specs(line, column)).collect();
    specs.extend(others.iter().map(|column| column.spec.clone()));
    let natural = specs.len();
    if natural == 0 {
        return Err(DatasetError::NoFeatures);
    }
    if config.feature_dim > 0 && natural > config.feature_dim {
        return Err(DatasetError::TooWide { asked: config.feature_dim, natural });
    }
    specs.extend((natural..config.feature_dim).enumerate().map(|(k, _)| FeatureSpec {
        name: pad_name(k),
        formula: "0".to_owned(),
        unit: String::new(),
        source: None,
        group: None,
        warm_up: 0,
    }));
    let mut names = BTreeSet::new();
    if let Some(twice) = specs.iter().find(|spec| !names.insert(spec.name.as_str())) {
        return Err(DatasetError::DuplicateName { name: twice.name.clone() });
    }

    let width = specs.len();
    let mut data = vec![0.0_f32; rows.len() * width];
    work.chunks(&mut data, width, |part, cells| {
        let rows = rows.start + part.start..rows.start + part.end;
        write_lines(&sources, &plan, &scales, rows.clone(), cells, width);
        let first = sources.len() * plan.per_line();
        for (row, t) in cells.chunks_exact_mut(width).zip(rows) {
            row[first..].iter_mut().zip(&others).for_each(|(cell, column)| *cell = column.values[t]);
        }
    });
    Ok(Features { specs, bars: rows.len(), feature_dim: config.feature_dim, data })
}

/// Writes the features of lines into the `cells` of `rows`: a tile of columns at a time, each column along time, then the
/// tile's part of each row at once. Stationary columns exist for these rows only.
fn write_lines(
    sources: &[(&Line, Stationary)],
    plan: &LineFeatures,
    scales: &Scales,
    rows: Range<usize>,
    cells: &mut [f32],
    width: usize,
) {
    let k = plan.per_line();
    if k == 0 || rows.is_empty() {
        return;
    }
    let history = plan.history().min(rows.start);
    let stride = rows.len() + GAP;
    let per_tile = (TILE / k).max(1);
    let mut x = Vec::with_capacity(history + rows.len());
    let mut tile = vec![f32::NAN; per_tile * k * stride];
    for (i, part) in sources.chunks(per_tile).enumerate() {
        for ((line, column), out) in part.iter().zip(tile.chunks_exact_mut(k * stride)) {
            column.values(&line.values, scales, rows.start - history..rows.end, &mut x);
            plan.fill(&x, history, out, stride);
        }
        let columns = i * per_tile * k..(i * per_tile + part.len()) * k;
        for (r, row) in cells.chunks_exact_mut(width).enumerate() {
            let along = tile.iter().skip(r).step_by(stride);
            row[columns.clone()].iter_mut().zip(along).for_each(|(cell, &value)| *cell = value);
        }
    }
}

pub(super) fn pad_name(k: usize) -> String {
    format!("pad_{}", k + 1)
}

fn check(bars: usize, lines: &Lines, config: &FeaturesConfig) -> Result<(), DatasetError> {
    if let Some(line) = lines.columns.iter().find(|line| line.values.len() != bars) {
        return Err(DatasetError::Ragged { line: line.name.clone(), found: line.values.len(), bars });
    }
    for &group in &config.groups {
        let lookback = lookback(group, config);
        if lookback > bars {
            let group = format!("{group:?}").to_lowercase();
            return Err(DatasetError::TooFewBars { group, lookback, bars });
        }
        if group == FeatureGroup::Windows
            && let Some(&lookback) = config.lookback_windows.iter().find(|&&w| w < 4)
        {
            return Err(DatasetError::ShortLookback { lookback });
        }
    }
    Ok(())
}

/// Bars the longest feature of a group looks at.
fn lookback(group: FeatureGroup, config: &FeaturesConfig) -> usize {
    match group {
        FeatureGroup::Changes => 2 * line_features::LONGEST_CHANGE + 1,
        FeatureGroup::Windows => config.lookback_windows.iter().copied().max().unwrap_or(0),
        FeatureGroup::Pairs | FeatureGroup::Volatility => groups::PAIR_BARS,
        FeatureGroup::Spectral => groups::SPECTRAL_BARS + 1,
        FeatureGroup::Returns => groups::RETURN_BARS[groups::RETURN_BARS.len() - 1] + 1,
        FeatureGroup::Lines | FeatureGroup::Hurst | FeatureGroup::Squeeze | FeatureGroup::Calendar => 1,
    }
}

/// Fewest bars from which the features of `config` can be extracted.
pub fn least_bars(config: &FeaturesConfig) -> usize {
    config.groups.iter().map(|&group| lookback(group, config)).max().unwrap_or(1).max(1)
}

/// How much runs side by side.
struct Work {
    parallel: bool,
    /// At most this many pieces; 0 for no limit.
    workers: usize,
    /// Rows per piece.
    chunk: usize,
}

impl Work {
    fn new(config: &FeaturesConfig, bars: usize) -> Self {
        let parallel = bars >= config.fe_parallel_threshold && config.fe_workers != 1;
        Self { parallel, workers: config.fe_workers, chunk: config.fe_chunk.max(1) }
    }

    /// Fewest items per piece, so that no more than `workers` pieces run.
    fn least(&self, items: usize) -> usize {
        if self.workers == 0 { 1 } else { items.div_ceil(self.workers).max(1) }
    }

    fn map<T: Sync, R: Send>(&self, items: &[T], f: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
        if self.parallel {
            items.par_iter().with_min_len(self.least(items.len())).map(f).collect()
        } else {
            items.iter().map(f).collect()
        }
    }

    /// `f` of each chunk of rows and its cells.
    fn chunks(&self, data: &mut [f32], width: usize, f: impl Fn(Range<usize>, &mut [f32]) + Sync + Send) {
        let cells = self.chunk.saturating_mul(width);
        let run = |(i, part): (usize, &mut [f32])| f(i * self.chunk..i * self.chunk + part.len() / width, part);
        if self.parallel {
            let least = self.least(data.len().div_ceil(cells));
            data.par_chunks_mut(cells).enumerate().with_min_len(least).for_each(run);
        } else {
            data.chunks_mut(cells).enumerate().for_each(run);
        }
    }
}
