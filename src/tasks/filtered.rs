use std::collections::BTreeSet;

use super::view::RunView;
use crate::analysis::decision::{DecisionBoundary, DecisionGroup, HIGH, LOW, LiftPoint};
use crate::analysis::effective::effective_n;
use crate::stats::{Interval, correlation, mean, normal_quantile, ranks, std_sample};

const BINS: usize = 10;
const LIFT_POINTS: usize = 200;

/// A reliability bin of filtered bars.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredBin {
    /// Mean stated probability.
    pub mean_p: f64,
    /// Share of entries that were right, with its 95 % interval from the effective n.
    pub frequency: Interval,
    /// Bars.
    pub n: usize,
}

/// Reliability of filtered bars: the figures that are exact sums. Bands, chance levels and slopes need resampling and
/// stay with the whole slice.
#[derive(Debug, Clone, PartialEq)]
pub struct FilteredReliability {
    /// Equal-mass bins.
    pub bins: Vec<FilteredBin>,
    /// Expected calibration error.
    pub ece: f64,
    /// Brier score.
    pub brier: f64,
    /// Murphy's reliability.
    pub unreliability: f64,
    /// Murphy's resolution.
    pub resolution: f64,
    /// Base rate x (1 - base rate).
    pub uncertainty: f64,
}

/// Calibration and decision boundary of the test bars whose regime passes the filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Filtered {
    /// Bars.
    pub n: usize,
    /// Independent labels they are worth.
    pub n_eff: f64,
    /// Calibrated probabilities.
    pub calibrated: Option<FilteredReliability>,
    /// Raw probabilities.
    pub raw: Option<FilteredReliability>,
    /// Probability against return.
    /// Bounds of the rank correlation are NaN: they need resampling.
    pub decision: Option<DecisionBoundary>,
}

/// Test bars that have a forecast, every label and a regime of `regimes`, over the whole series' length.
struct Slice<'a> {
    rows: Vec<usize>,
    first: usize,
    len: usize,
    horizon: usize,
    forward_return: &'a [f64],
    entry: &'a [f64],
}

impl Filtered {
    /// Figures over the test bars of `run` whose regime is one of `regimes`.
    pub fn new(run: &RunView, regimes: &BTreeSet<usize>) -> Self {
        let nothing = Self { n: 0, n_eff: 0.0, calibrated: None, raw: None, decision: None };
        let (Some(card), Some(forecast)) = (&run.card, &run.forecast) else { return nothing };
        let labels = &run.labels;
        let range = card.slices.test.clone();
        let known = |t: &usize| {
            [&labels.forward_return, &labels.entry, &labels.exit, &labels.volatility]
                .iter()
                .all(|column| column.get(*t).is_some_and(|value| value.is_finite()))
                && forecast.entry_prob_calibrated.get(*t).is_some_and(|p| p.is_finite())
                && forecast.regime.get(*t).copied().flatten().is_some_and(|regime| regimes.contains(&regime))
        };
        let rows: Vec<usize> = range.clone().filter(known).collect();
        if rows.is_empty() {
            return nothing;
        }
        let slice = Slice {
            rows,
            first: range.start,
            len: range.len(),
            horizon: labels.horizon,
            forward_return: &labels.forward_return,
            entry: &labels.entry,
        };
        Self {
            n: slice.rows.len(),
            n_eff: slice.effective(&slice.rows),
            calibrated: Some(slice.reliability(&forecast.entry_prob_calibrated)),
            raw: Some(slice.reliability(&forecast.entry_prob)),
            decision: slice.decision(&forecast.entry_prob_calibrated, card.cost),
        }
    }
}

impl Slice<'_> {
    fn effective(&self, rows: &[usize]) -> f64 {
        let mut used = vec![false; self.len];
        for &t in rows {
            used[t - self.first] = true;
        }
        effective_n(&used, self.horizon)
    }

    fn by_probability(&self, p: &[f64]) -> Vec<usize> {
        let mut order = self.rows.clone();
        order.sort_by(|&a, &b| p[a].total_cmp(&p[b]));
        order
    }

    fn reliability(&self, p: &[f64]) -> FilteredReliability {
        let n = self.rows.len() as f64;
        let order = self.by_probability(p);
        let base = mean(&self.rows.iter().map(|&t| self.entry[t]).collect::<Vec<_>>());
        let bins: Vec<FilteredBin> = equal_mass(&order, p)
            .into_iter()
            .map(|rows| FilteredBin {
                mean_p: mean(&rows.iter().map(|&t| p[t]).collect::<Vec<_>>()),
                frequency: share(&rows.iter().map(|&t| self.entry[t]).collect::<Vec<_>>(), self.effective(rows)),
                n: rows.len(),
            })
            .collect();
        let over_bins =
            |value: &dyn Fn(&FilteredBin) -> f64| bins.iter().map(|bin| bin.n as f64 / n * value(bin)).sum::<f64>();
        FilteredReliability {
            ece: over_bins(&|bin| (bin.frequency.estimate - bin.mean_p).abs()),
            brier: self.rows.iter().map(|&t| (p[t] - self.entry[t]).powi(2)).sum::<f64>() / n,
            unreliability: over_bins(&|bin| (bin.frequency.estimate - bin.mean_p).powi(2)),
            resolution: over_bins(&|bin| (bin.frequency.estimate - base).powi(2)),
            uncertainty: base * (1.0 - base),
            bins,
        }
    }

    fn decision(&self, p: &[f64], cost: f64) -> Option<DecisionBoundary> {
        let order = self.by_probability(p);
        let side =
            |keep: &dyn Fn(f64) -> bool| -> Vec<usize> { order.iter().copied().filter(|&t| keep(p[t])).collect() };
        let pick = |x: &[f64]| ranks(&self.rows.iter().map(|&t| x[t]).collect::<Vec<_>>());
        let ic = correlation(&pick(p), &pick(self.forward_return));
        Some(DecisionBoundary {
            n: order.len(),
            n_eff: self.effective(&order),
            cost,
            all: self.group(&order, p, cost)?,
            bins: equal_mass(&order, p).into_iter().filter_map(|rows| self.group(rows, p, cost)).collect(),
            high: self.group(&side(&|p| p > HIGH), p, cost),
            low: self.group(&side(&|p| p < LOW), p, cost),
            lift: self.lift(&order),
            rank_ic: ic.is_finite().then_some(Interval { estimate: ic, low: f64::NAN, high: f64::NAN }),
        })
    }

    /// `rows` by rising probability.
    fn group(&self, rows: &[usize], p: &[f64], cost: f64) -> Option<DecisionGroup> {
        let (first, last) = (*rows.first()?, *rows.last()?);
        let returns: Vec<f64> = rows.iter().map(|&t| self.forward_return[t]).collect();
        let wins: Vec<f64> = returns.iter().map(|r| f64::from(u8::from(*r > cost))).collect();
        let n_eff = self.effective(rows);
        let estimate = mean(&returns);
        let half = z() * std_sample(&returns) / n_eff.sqrt();
        Some(DecisionGroup {
            p_low: p[first],
            p_high: p[last],
            p_mean: mean(&rows.iter().map(|&t| p[t]).collect::<Vec<_>>()),
            n: rows.len(),
            n_eff,
            mean_return: Interval { estimate, low: estimate - half, high: estimate + half },
            win_rate: share(&wins, n_eff),
        })
    }

    fn lift(&self, order: &[usize]) -> Vec<LiftPoint> {
        let n = order.len();
        let points = n.min(LIFT_POINTS);
        let (mut sum, mut out) = (0.0, Vec::with_capacity(points));
        for (i, &t) in order.iter().rev().enumerate() {
            sum += self.forward_return[t];
            let taken = i + 1;
            if taken * points / n > out.len() {
                out.push(LiftPoint { share: taken as f64 / n as f64, mean_return: sum / taken as f64 });
            }
        }
        out
    }
}

fn z() -> f64 {
    normal_quantile(0.975)
}

/// Wilson's interval of a share of overlapping labels, with their effective number in place of n.
fn share(hits: &[f64], n_eff: f64) -> Interval {
    let (p, z) = (mean(hits), z());
    let centre = (p + z * z / (2.0 * n_eff)) / (1.0 + z * z / n_eff);
    let half = z / (1.0 + z * z / n_eff) * (p * (1.0 - p) / n_eff + z * z / (4.0 * n_eff * n_eff)).sqrt();
    Interval { estimate: p, low: f64::max(centre - half, 0.0), high: f64::min(centre + half, 1.0) }
}

/// Runs of about equal length that never part equal probabilities, as the analysis cuts them.
fn equal_mass<'a>(order: &'a [usize], p: &[f64]) -> Vec<&'a [usize]> {
    let mut bins = Vec::new();
    let mut start = 0;
    for edge in (1..=BINS).map(|b| b * order.len() / BINS) {
        let mut end = edge.max(start);
        while 0 < end && end < order.len() && p[order[end]] == p[order[end - 1]] {
            end += 1;
        }
        if end > start {
            bins.push(&order[start..end]);
            start = end;
        }
    }
    bins
}
