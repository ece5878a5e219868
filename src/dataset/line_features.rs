use std::ops::Range;

use crate::config::{FeatureGroup, FeaturesConfig};

use super::FeatureSpec;
use super::columns::Column;
use super::window_stats::{SortedWindow, moments};

/// Steps of velocity and acceleration.
const CHANGE_BARS: [usize; 4] = [1, 3, 5, 10];
/// Its last.
pub(super) const LONGEST_CHANGE: usize = CHANGE_BARS[CHANGE_BARS.len() - 1];
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

pub(super) fn spec(column: &Column, name: String, formula: String, group: FeatureGroup) -> FeatureSpec {
    FeatureSpec { name, formula, source: column.source.clone(), group: Some(group) }
}

/// What each stationary column of a line is turned into.
pub(super) struct LineFeatures {
    lines: bool,
    changes: bool,
    /// Ascending.
    windows: Vec<usize>,
}

impl LineFeatures {
    pub(super) fn new(config: &FeaturesConfig) -> Self {
        let on = |group| config.groups.contains(&group);
        let mut windows = if on(FeatureGroup::Windows) { config.lookback_windows.clone() } else { Vec::new() };
        windows.sort_unstable();
        windows.dedup();
        Self { lines: on(FeatureGroup::Lines), changes: on(FeatureGroup::Changes), windows }
    }

    /// Features per column.
    pub(super) fn per_line(&self) -> usize {
        self.before_windows() + WINDOW_PARTS.len() * self.windows.len()
    }

    fn before_windows(&self) -> usize {
        usize::from(self.lines) + if self.changes { 2 * CHANGE_BARS.len() } else { 0 }
    }

    pub(super) fn specs(&self, column: &Column) -> Vec<FeatureSpec> {
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

    /// Writes all features of column `x` on `rows` into `out`, \[rows, per_line\] and missing so far.
    pub(super) fn fill(&self, x: &[f64], rows: Range<usize>, out: &mut [f32]) {
        let width = self.per_line();
        for (row, t) in out.chunks_exact_mut(width).zip(rows.clone()) {
            if self.lines {
                row[0] = cell(x[t]);
            }
            if self.changes {
                for (k, w) in CHANGE_BARS.into_iter().enumerate() {
                    let at = usize::from(self.lines) + 2 * k;
                    if t >= w {
                        row[at] = cell(x[t] - x[t - w]);
                    }
                    if t >= 2 * w {
                        row[at + 1] = cell((x[t] - x[t - w]) - (x[t - w] - x[t - 2 * w]));
                    }
                }
            }
        }
        self.fill_moments(x, rows.clone(), out);
        self.fill_quartiles(x, rows, out);
    }

    fn fill_moments(&self, x: &[f64], rows: Range<usize>, out: &mut [f32]) {
        let Some(&longest) = self.windows.last() else { return };
        let width = self.per_line();
        let mut t = rows.start;
        while t < rows.end {
            let row = t - rows.start;
            if t + 1 >= longest && t + LANES <= rows.end {
                moments::<LANES>(x, t, &self.windows, |k, m| self.place_moments(&mut out[row * width..], k, m));
                t += LANES;
            } else {
                moments::<1>(x, t, &self.windows, |k, m| self.place_moments(&mut out[row * width..], k, m));
                t += 1;
            }
        }
    }

    /// Writes the moments of window `k` of the first L rows of `out`.
    fn place_moments<const L: usize>(&self, out: &mut [f32], k: usize, moments: &[[f64; L]; 4]) {
        let at = self.before_windows() + WINDOW_PARTS.len() * k;
        for (lane, row) in out.chunks_exact_mut(self.per_line()).take(L).enumerate() {
            for (part, values) in moments.iter().enumerate() {
                row[at + part] = cell(values[lane]);
            }
        }
    }

    fn fill_quartiles(&self, x: &[f64], rows: Range<usize>, out: &mut [f32]) {
        let Some(&longest) = self.windows.last() else { return };
        let width = self.per_line();
        let first = rows.start.saturating_sub(longest - 1);
        let cells: Vec<f32> = x[first..rows.end].iter().map(|&v| cell(v)).collect();
        for (k, &w) in self.windows.iter().enumerate() {
            let at = self.before_windows() + WINDOW_PARTS.len() * k + 4;
            let mut window = SortedWindow::new(w);
            for t in rows.start.saturating_sub(w - 1)..rows.end {
                let full = window.slide(&cells, t - first);
                if full && t >= rows.start {
                    let place = (t - rows.start) * width + at;
                    out[place] = window.quantile(0.25);
                    out[place + 1] = window.quantile(0.75);
                }
            }
        }
    }
}

/// Infinite becomes missing; every missing cell has the same bits, and so have the two zeros.
pub(super) fn cell(value: f64) -> f32 {
    let value = value as f32 + 0.0;
    if value.is_finite() { value } else { f32::NAN }
}
