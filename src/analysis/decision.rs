//! What a probability is worth: forward returns and wins by level of the entry probability.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::bins::equal_mass;
use super::effective::{effective_n, mean_interval};
use crate::stats::{Interval, block_bootstrap, block_length, correlation, ranks};

const BINS: usize = 10;
const RESAMPLES: usize = 400;
const LIFT_POINTS: usize = 200;
/// Above this probability a bar belongs to the high group.
pub const HIGH: f64 = 0.7;
/// Below this probability a bar belongs to the low group.
pub const LOW: f64 = 0.3;

/// Why there is no decision boundary.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DecisionError {
    /// The slices differ in length.
    #[error("{probabilities} probabilities came with {returns} forward returns; pass one per bar")]
    Length {
        /// Probabilities given.
        probabilities: usize,
        /// Returns given.
        returns: usize,
    },
    /// No bar has both.
    #[error("no bar has both a probability and a forward return; use a slice longer than the horizon")]
    Empty,
}

/// Bars of similar probability. Intervals are 95 %, block bootstrap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionGroup {
    /// Lowest probability in the group.
    pub p_low: f64,
    /// Highest probability in the group.
    pub p_high: f64,
    /// Mean probability.
    pub p_mean: f64,
    /// Bars.
    pub n: usize,
    /// Effective number of bars, given that labels overlap.
    pub n_eff: f64,
    /// Mean forward return as a fraction.
    pub mean_return: Interval,
    /// Share of bars whose forward return is above the round-trip cost.
    pub win_rate: Interval,
}

/// One point of the lift curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LiftPoint {
    /// Share of bars taken, most probable first.
    pub share: f64,
    /// Their mean forward return as a fraction.
    pub mean_return: f64,
}

/// Forward return by probability on one slice, in time order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DecisionBoundary {
    /// Bars with both a probability and a forward return.
    pub n: usize,
    /// Effective number of those bars.
    pub n_eff: f64,
    /// Round-trip cost a win must exceed, as a fraction.
    pub cost: f64,
    /// All bars together.
    pub all: DecisionGroup,
    /// Deciles by rising probability; equal probabilities share a bin, so there may be fewer than ten.
    pub bins: Vec<DecisionGroup>,
    /// Bars with probability above 0.7, if any.
    pub high: Option<DecisionGroup>,
    /// Bars with probability below 0.3, if any.
    pub low: Option<DecisionGroup>,
    /// Mean return of the most probable bars, against the share taken; at most 200 points.
    pub lift: Vec<LiftPoint>,
    /// Rank correlation of probability and forward return; none if either is constant.
    pub rank_ic: Option<Interval>,
}

impl DecisionBoundary {
    /// Relates `probability` to `forward_return` (fractions); bars where either is not finite are left out.
    pub fn new(
        probability: &[f64],
        forward_return: &[f64],
        horizon: usize,
        cost: f64,
        seed: u64,
    ) -> Result<Self, DecisionError> {
        if probability.len() != forward_return.len() {
            return Err(DecisionError::Length { probabilities: probability.len(), returns: forward_return.len() });
        }
        let known: Vec<bool> =
            probability.iter().zip(forward_return).map(|(p, r)| p.is_finite() && r.is_finite()).collect();
        let mut order: Vec<usize> = (0..known.len()).filter(|t| known[*t]).collect();
        order.sort_by(|&a, &b| probability[a].total_cmp(&probability[b]));
        if order.is_empty() {
            return Err(DecisionError::Empty);
        }
        let slice = Slice { probability, forward_return, horizon, cost, seed };
        let bins = equal_mass(&order, probability, BINS);
        let side = |keep: &dyn Fn(f64) -> bool| -> Vec<usize> {
            order.iter().copied().filter(|&t| keep(probability[t])).collect()
        };
        let groups = [side(&|p| p > HIGH), side(&|p| p < LOW), order.clone()];
        let mut groups: Vec<Option<DecisionGroup>> = bins
            .into_iter()
            .chain(groups.iter().map(Vec::as_slice))
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|rows| slice.group(rows))
            .collect();
        let all = groups.pop().flatten().ok_or(DecisionError::Empty)?;
        let low = groups.pop().flatten();
        let high = groups.pop().flatten();
        Ok(Self {
            n: order.len(),
            n_eff: effective_n(&known, horizon),
            cost,
            all,
            bins: groups.into_iter().flatten().collect(),
            high,
            low,
            lift: lift(&order, forward_return),
            rank_ic: slice.rank_ic(&known),
        })
    }
}

struct Slice<'a> {
    probability: &'a [f64],
    forward_return: &'a [f64],
    horizon: usize,
    cost: f64,
    seed: u64,
}

impl Slice<'_> {
    /// `rows` by rising probability; none when empty.
    fn group(&self, rows: &[usize]) -> Option<DecisionGroup> {
        let (first, last) = (*rows.first()?, *rows.last()?);
        let mut inside = vec![false; self.probability.len()];
        let mut returns = vec![f64::NAN; inside.len()];
        let mut wins = returns.clone();
        for &t in rows {
            inside[t] = true;
            returns[t] = self.forward_return[t];
            wins[t] = f64::from(u8::from(self.forward_return[t] > self.cost));
        }
        Some(DecisionGroup {
            p_low: self.probability[first],
            p_high: self.probability[last],
            p_mean: rows.iter().map(|&t| self.probability[t]).sum::<f64>() / rows.len() as f64,
            n: rows.len(),
            n_eff: effective_n(&inside, self.horizon),
            mean_return: mean_interval(&returns, self.horizon, RESAMPLES, self.seed)?,
            win_rate: mean_interval(&wins, self.horizon, RESAMPLES, self.seed)?,
        })
    }

    fn rank_ic(&self, known: &[bool]) -> Option<Interval> {
        let pick = |x: &[f64]| ranks(&(0..x.len()).filter(|t| known[*t]).map(|t| x[t]).collect::<Vec<_>>());
        let (p, r) = (pick(self.probability), pick(self.forward_return));
        let interval =
            block_bootstrap(p.len(), block_length(p.len(), self.horizon), RESAMPLES, 0.95, self.seed, |rows| {
                let take = |x: &[f64]| rows.iter().map(|&t| x[t]).collect::<Vec<_>>();
                correlation(&take(&p), &take(&r))
            });
        interval.estimate.is_finite().then_some(interval)
    }
}

fn lift(order: &[usize], forward_return: &[f64]) -> Vec<LiftPoint> {
    let n = order.len();
    let points = n.min(LIFT_POINTS);
    let mut sum = 0.0;
    let mut out = Vec::with_capacity(points);
    for (i, &t) in order.iter().rev().enumerate() {
        sum += forward_return[t];
        let taken = i + 1;
        // The last point is always the whole slice.
        if taken * points / n > out.len() {
            out.push(LiftPoint { share: taken as f64 / n as f64, mean_return: sum / taken as f64 });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// r is -1 % .. +1 % and rises with p; two bars are missing.
    fn planted() -> DecisionBoundary {
        let mut p: Vec<f64> = (0..=200).map(|t| f64::from(t * 77 % 201) / 200.0).collect();
        let mut r: Vec<f64> = p.iter().map(|p| 0.02 * (p - 0.5)).collect();
        p.push(f64::NAN);
        r.push(9.0);
        p.push(0.9);
        r.push(f64::NAN);
        DecisionBoundary::new(&p, &r, 2, 0.00105, 3).unwrap()
    }

    #[test]
    fn groups_of_a_planted_line() {
        let found = planted();
        assert_eq!((found.n, found.bins.len()), (201, 10));
        assert_eq!(found.bins.iter().map(|b| b.n).sum::<usize>(), 201);
        assert!(found.bins.is_sorted_by(|a, b| a.p_high < b.p_low));
        for group in &found.bins {
            assert!((group.mean_return.estimate - 0.02 * (group.p_mean - 0.5)).abs() < 1e-12);
            assert!(group.mean_return.low <= group.mean_return.estimate);
        }
        let (high, low) = (found.high.unwrap(), found.low.unwrap());
        assert_eq!((high.n, low.n), (60, 60));
        assert_eq!((high.win_rate.estimate, low.win_rate.estimate), (1.0, 0.0));
        assert!((found.all.win_rate.estimate - 90.0 / 201.0).abs() < 1e-12);
        assert!((found.rank_ic.unwrap().estimate - 1.0).abs() < 1e-12);
    }

    #[test]
    fn lift_falls_to_the_mean_of_all() {
        let found = planted();
        assert!(found.lift.len() <= 200);
        assert!(found.lift.is_sorted_by(|a, b| a.share < b.share && a.mean_return >= b.mean_return));
        let last = found.lift.last().unwrap();
        assert_eq!(last.share, 1.0);
        assert!((last.mean_return - found.all.mean_return.estimate).abs() < 1e-12);
    }

    #[test]
    fn equal_probabilities_share_a_bin() {
        let found = DecisionBoundary::new(&[0.5; 40], &[0.01; 40], 1, 0.0, 3).unwrap();
        assert_eq!((found.bins.len(), found.rank_ic), (1, None));
        assert!(found.high.is_none() && found.low.is_none());
        assert_eq!(DecisionBoundary::new(&[0.5], &[f64::NAN], 1, 0.0, 3), Err(DecisionError::Empty));
    }
}
