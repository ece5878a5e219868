use crate::config::{FeatureGroup, FeaturesConfig};
use crate::indicators::Line;

use super::FeatureSpec;
use super::columns::cell;
use super::stationary::Stationary;
use super::window_stats::{SortedWindow, moments};

/// Steps of velocity and acceleration.
const CHANGE_BARS: [usize; 4] = [1, 3, 5, 10];
/// Its last.
pub(super) const LONGEST_CHANGE: usize = CHANGE_BARS[CHANGE_BARS.len() - 1];
/// Name, rule and, unless it is the column's, unit.
const WINDOW_PARTS: [(&str, &str, Option<&str>); 6] = [
    ("mean", "mean", None),
    ("std", "standard deviation (divisor n)", None),
    ("skew", "skew G1 within +-10", Some("skew")),
    ("kurtosis", "excess kurtosis G2 within +-10", Some("excess kurtosis")),
    ("p25", "25th percentile", None),
    ("p75", "75th percentile", None),
];
/// Bars summed side by side.
const LANES: usize = 8;

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

    /// Bars before a bar that its features look at.
    pub(super) fn history(&self) -> usize {
        let changes = if self.changes { 2 * LONGEST_CHANGE } else { 0 };
        changes.max(self.windows.last().map_or(0, |w| w - 1))
    }

    fn before_windows(&self) -> usize {
        usize::from(self.lines) + if self.changes { 2 * CHANGE_BARS.len() } else { 0 }
    }

    /// What [`Self::fill`] writes for `column`, a column of the line `source`, in order.
    pub(super) fn specs(&self, source: &Line, column: &Stationary) -> Vec<FeatureSpec> {
        let mut out = Vec::with_capacity(self.per_line());
        let Stationary { name, formula, unit, warm_up, .. } = column;
        let bars = source.values.len();
        let mut add = |name: String, formula: String, unit: &str, group, lookback: usize| {
            let (source, unit) = (Some(source.name.clone()), unit.to_owned());
            let warm_up = (warm_up + lookback).min(bars);
            out.push(FeatureSpec { name, formula, unit, source, group: Some(group), warm_up });
        };
        if self.lines {
            add(name.clone(), formula.clone(), unit, FeatureGroup::Lines, 0);
        }
        if self.changes {
            for w in CHANGE_BARS {
                let rule = format!("x - x[-{w}], x = {formula}");
                add(format!("{name}.velocity_{w}"), rule, unit, FeatureGroup::Changes, w);
                let rule = format!("(x - x[-{w}]) - (x[-{w}] - x[-{}]), x = {formula}", 2 * w);
                add(format!("{name}.acceleration_{w}"), rule, unit, FeatureGroup::Changes, 2 * w);
            }
        }
        for w in &self.windows {
            for (part, rule, own) in WINDOW_PARTS {
                let rule = format!("{rule} of x over {w} bars, x = {formula}");
                add(format!("{name}.{part}_{w}"), rule, own.unwrap_or(unit), FeatureGroup::Windows, w - 1);
            }
        }
        out
    }

    /// Writes all features on the values of `x` after the first `history`: feature k of value i goes to
    /// `out[k * stride + i - history]`. What lies further back than `x` reaches does not exist.
    pub(super) fn fill(&self, x: &[f64], history: usize, out: &mut [f32], stride: usize) {
        let n = x.len() - history;
        let mut columns = out.chunks_exact_mut(stride).map(|column| &mut column[..n]);
        if self.lines
            && let Some(column) = columns.next()
        {
            column.iter_mut().zip(&x[history..]).for_each(|(out, &x)| *out = cell(x));
        }
        if self.changes {
            for w in CHANGE_BARS {
                // Rows of which the value w, or 2 w, bars back does not exist.
                let [first, second] = [w, 2 * w].map(|back| back.saturating_sub(history).min(n));
                if let Some(column) = columns.next() {
                    column[..first].fill(f32::NAN);
                    let pairs = x[history + first..].iter().zip(&x[history + first - w.min(history + first)..]);
                    column[first..].iter_mut().zip(pairs).for_each(|(out, (x, a))| *out = cell(x - a));
                }
                if let Some(column) = columns.next() {
                    column[..second].fill(f32::NAN);
                    let at = history + second;
                    let back = |w: usize| x[at - w.min(at)..].iter();
                    let all = x[at..].iter().zip(back(w)).zip(back(2 * w));
                    column[second..].iter_mut().zip(all).for_each(|(out, ((x, a), b))| *out = cell((x - a) - (a - b)));
                }
            }
        }
        let windows = &mut out[self.before_windows() * stride..];
        windows.fill(f32::NAN);
        self.fill_moments(x, history, windows, stride);
        self.fill_quartiles(x, history, windows, stride);
    }

    fn fill_moments(&self, x: &[f64], history: usize, out: &mut [f32], stride: usize) {
        let Some(&longest) = self.windows.last() else { return };
        let mut t = history;
        while t < x.len() {
            let row = t - history;
            if t + 1 >= longest && t + LANES <= x.len() {
                moments::<LANES>(x, t, &self.windows, |k, m| place_moments(&mut out[row..], stride, k, m));
                t += LANES;
            } else {
                moments::<1>(x, t, &self.windows, |k, m| place_moments(&mut out[row..], stride, k, m));
                t += 1;
            }
        }
    }

    fn fill_quartiles(&self, x: &[f64], history: usize, out: &mut [f32], stride: usize) {
        if self.windows.is_empty() {
            return;
        }
        let cells: Vec<f32> = x.iter().map(|&v| cell(v)).collect();
        for (k, &w) in self.windows.iter().enumerate() {
            let first = history.saturating_sub(w - 1);
            let at = (WINDOW_PARTS.len() * k + 4) * stride;
            let mut window = SortedWindow::new(w);
            for t in first..x.len() {
                let full = window.slide(&cells[first..], t - first);
                if full && t >= history {
                    out[at + t - history] = window.quantile(0.25);
                    out[at + stride + t - history] = window.quantile(0.75);
                }
            }
        }
    }
}

/// Writes the moments of window `k` of the first L values of each column of `out`.
fn place_moments<const L: usize>(out: &mut [f32], stride: usize, k: usize, moments: &[[f64; L]; 4]) {
    let at = WINDOW_PARTS.len() * k * stride;
    for (part, values) in moments.iter().enumerate() {
        let column = &mut out[at + part * stride..][..L];
        column.iter_mut().zip(values).for_each(|(out, &value)| *out = cell(value));
    }
}
