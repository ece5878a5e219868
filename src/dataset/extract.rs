use std::collections::BTreeSet;
use std::ops::Range;

use rayon::prelude::*;

use crate::config::{FeatureGroup, FeaturesConfig};
use crate::indicators::Lines;
use crate::market::Series;
use crate::stats::quantile_sorted;

use super::columns::Column;
use super::scales::Scales;
use super::window_stats::{SortedWindow, moments};
use super::{DatasetError, groups, stationary};

/// Steps of velocity and acceleration.
const CHANGE_BARS: [usize; 4] = [1, 3, 5, 10];
const WINDOW_PARTS: [(&str, &str); 6] = [
    ("mean", "mean"),
    ("std", "standard deviation (divisor n)"),
    ("skew", "skew G1 within +-10"),
    ("kurtosis", "excess kurtosis G2 within +-10"),
    ("p25", "25th percentile"),
    ("p75", "75th percentile"),
];
/// Bars summed side by side.
const LANES: usize = 8;

/// What a feature is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSpec {
    /// Unique name, for example `rsi_14.rsi.velocity_3`.
    pub name: String,
    /// How it is computed; x is the line, or the line's stationary column in changes and windows.
    pub formula: String,
    /// The indicator line it comes from, if from one.
    pub source: Option<String>,
    /// Its group; `None` for padding.
    pub group: Option<FeatureGroup>,
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

    /// One value per bar of the column called `name`.
    pub fn column(&self, name: &str) -> Option<Vec<f32>> {
        let at = self.specs.iter().position(|spec| spec.name == name)?;
        Some((0..self.bars).map(|t| self.row(t)[at]).collect())
    }
}

/// Computes every feature of `config` on every bar, each from that bar and earlier ones.
///
/// `lines` are indicator lines over the same bars. The number of threads changes no bit.
pub fn extract(series: &Series, lines: &Lines, config: &FeaturesConfig) -> Result<Features, DatasetError> {
    let bars = series.len();
    check(bars, lines, config)?;
    let scales = Scales::new(series.bars());
    let work = Work::new(config, bars);
    let plan = Plan::new(config);

    let mut groups = config.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    let from_lines: Vec<Column> = if plan.per_line() == 0 {
        Vec::new()
    } else {
        work.map(&lines.columns, |line| stationary::stationary(line, &scales)).into_iter().flatten().collect()
    };
    let others: Vec<Column> = work
        .map(&groups, |&group| groups::columns(group, series.bars(), lines, &scales))
        .into_iter()
        .flatten()
        .collect();

    let mut specs: Vec<FeatureSpec> = from_lines.iter().flat_map(|column| plan.specs(column)).collect();
    specs.extend(others.iter().map(|c| spec(c, c.name.clone(), c.formula.clone(), c.group)));
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
        source: None,
        group: None,
    }));
    let mut names = BTreeSet::new();
    if let Some(twice) = specs.iter().find(|spec| !names.insert(spec.name.as_str())) {
        return Err(DatasetError::DuplicateName { name: twice.name.clone() });
    }

    let width = specs.len();
    let mut data = vec![0.0_f32; bars * width];
    work.chunks(&mut data, width, |rows, cells| {
        for row in cells.chunks_exact_mut(width) {
            row[..natural].fill(f32::NAN);
        }
        let mut first = 0;
        for column in &from_lines {
            plan.fill(&column.values, rows.clone(), &mut Cells { data: cells, width, first });
            first += plan.per_line();
        }
        for column in &others {
            let mut cells = Cells { data: cells, width, first };
            for (row, t) in rows.clone().enumerate() {
                cells.set(row, 0, column.values[t]);
            }
            first += 1;
        }
    });
    Ok(Features { specs, bars, feature_dim: config.feature_dim, data })
}

pub(super) fn pad_name(k: usize) -> String {
    format!("pad_{}", k + 1)
}

fn check(bars: usize, lines: &Lines, config: &FeaturesConfig) -> Result<(), DatasetError> {
    if let Some(line) = lines.columns.iter().find(|line| line.values.len() != bars) {
        return Err(DatasetError::Ragged { line: line.name.clone(), found: line.values.len(), bars });
    }
    for &group in &config.groups {
        let lookback = match group {
            FeatureGroup::Changes => 2 * CHANGE_BARS[CHANGE_BARS.len() - 1] + 1,
            FeatureGroup::Windows => config.lookback_windows.iter().copied().max().unwrap_or(0),
            FeatureGroup::Pairs | FeatureGroup::Volatility => groups::PAIR_BARS,
            FeatureGroup::Spectral => groups::SPECTRAL_BARS + 1,
            FeatureGroup::Returns => groups::RETURN_BARS[groups::RETURN_BARS.len() - 1] + 1,
            FeatureGroup::Lines | FeatureGroup::Hurst | FeatureGroup::Squeeze | FeatureGroup::Calendar => 1,
        };
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

fn spec(column: &Column, name: String, formula: String, group: FeatureGroup) -> FeatureSpec {
    FeatureSpec { name, formula, source: column.source.clone(), group: Some(group) }
}

/// What each stationary column of a line is turned into.
struct Plan {
    lines: bool,
    changes: bool,
    /// Ascending.
    windows: Vec<usize>,
}

impl Plan {
    fn new(config: &FeaturesConfig) -> Self {
        let on = |group| config.groups.contains(&group);
        let mut windows = if on(FeatureGroup::Windows) { config.lookback_windows.clone() } else { Vec::new() };
        windows.sort_unstable();
        windows.dedup();
        Self { lines: on(FeatureGroup::Lines), changes: on(FeatureGroup::Changes), windows }
    }

    /// Features per column.
    fn per_line(&self) -> usize {
        self.before_windows() + WINDOW_PARTS.len() * self.windows.len()
    }

    fn before_windows(&self) -> usize {
        usize::from(self.lines) + if self.changes { 2 * CHANGE_BARS.len() } else { 0 }
    }

    fn specs(&self, column: &Column) -> Vec<FeatureSpec> {
        let mut out = Vec::with_capacity(self.per_line());
        let Column { name, formula, .. } = column;
        if self.lines {
            out.push(spec(column, name.clone(), formula.clone(), FeatureGroup::Lines));
        }
        let mut add = |part: &str, rule: String, group| {
            out.push(spec(column, format!("{name}.{part}"), format!("{rule}, x = {formula}"), group));
        };
        if self.changes {
            for w in CHANGE_BARS {
                add(&format!("velocity_{w}"), format!("x - x[-{w}]"), FeatureGroup::Changes);
                let rule = format!("(x - x[-{w}]) - (x[-{w}] - x[-{}])", 2 * w);
                add(&format!("acceleration_{w}"), rule, FeatureGroup::Changes);
            }
        }
        for w in &self.windows {
            for (part, rule) in WINDOW_PARTS {
                add(&format!("{part}_{w}"), format!("{rule} of x over {w} bars"), FeatureGroup::Windows);
            }
        }
        out
    }

    /// Writes all features of column `x` on `rows`.
    fn fill(&self, x: &[f64], rows: Range<usize>, cells: &mut Cells<'_>) {
        for (row, t) in rows.clone().enumerate() {
            if self.lines {
                cells.set(row, 0, x[t]);
            }
            if self.changes {
                for (k, w) in CHANGE_BARS.into_iter().enumerate() {
                    let at = usize::from(self.lines) + 2 * k;
                    if t >= w {
                        cells.set(row, at, x[t] - x[t - w]);
                    }
                    if t >= 2 * w {
                        cells.set(row, at + 1, (x[t] - x[t - w]) - (x[t - w] - x[t - 2 * w]));
                    }
                }
            }
        }
        self.fill_moments(x, rows.clone(), cells);
        self.fill_quartiles(x, rows, cells);
    }

    fn fill_moments(&self, x: &[f64], rows: Range<usize>, cells: &mut Cells<'_>) {
        let Some(&longest) = self.windows.last() else { return };
        let base = self.before_windows();
        let mut t = rows.start;
        while t < rows.end {
            let row = t - rows.start;
            let emit = |lane: usize, k: usize, m: super::window_stats::Moments| {
                let at = base + WINDOW_PARTS.len() * k;
                for (part, value) in [m.mean, m.std, m.skew, m.kurtosis].into_iter().enumerate() {
                    cells.set(row + lane, at + part, value);
                }
            };
            if t + 1 >= longest && t + LANES <= rows.end {
                moments::<LANES>(x, t, &self.windows, emit);
                t += LANES;
            } else {
                moments::<1>(x, t, &self.windows, emit);
                t += 1;
            }
        }
    }

    fn fill_quartiles(&self, x: &[f64], rows: Range<usize>, cells: &mut Cells<'_>) {
        for (k, &w) in self.windows.iter().enumerate() {
            let at = self.before_windows() + WINDOW_PARTS.len() * k + 4;
            let mut window = SortedWindow::new(w);
            for t in rows.start.saturating_sub(w - 1)..rows.end {
                let full = window.slide(x, t);
                if full && t >= rows.start {
                    cells.set(t - rows.start, at, quantile_sorted(window.sorted(), 0.25));
                    cells.set(t - rows.start, at + 1, quantile_sorted(window.sorted(), 0.75));
                }
            }
        }
    }
}

/// Some columns of some rows of the matrix.
struct Cells<'a> {
    data: &'a mut [f32],
    width: usize,
    first: usize,
}

impl Cells<'_> {
    fn set(&mut self, row: usize, column: usize, value: f64) {
        let value = value as f32;
        self.data[row * self.width + self.first + column] = if value.is_finite() { value } else { f32::NAN };
    }
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
