use std::f64::consts::PI;

use super::{Bar, VOLUME, normal_above};

/// Least size of a bar's log return.
pub(super) const LEAST: f64 = 0.012;
/// Scale of the half-normal part added to it.
pub(super) const SPREAD: f64 = 0.003;
/// Weight of the past in the pace of the market, per bar.
const DECAY: f64 = 0.7;
/// Pace of one unit: about the standard deviation of the pace of fair coins.
const PACE: f64 = 0.02;
/// Expected weight of the pace on bars to come.
const MEAN_TRUST: f64 = 1.1;
/// Bars ahead whose ups and downs are followed one by one.
const FOLLOWED: usize = 8;

/// The chance of a rise: the faster the market rose and the higher the last volume, the lower.
#[derive(Debug, Clone)]
pub(super) struct ProbabilityFilter {
    strength: f64,
    /// Exponentially weighted sum of log returns.
    pace: f64,
    /// How much the pace counts, by the last volume.
    trust: f64,
}

impl ProbabilityFilter {
    pub(super) const fn new(strength: f64) -> Self {
        Self { strength, pace: 0.0, trust: 1.0 }
    }

    pub(super) fn observe(&mut self, bar: &Bar) {
        self.pace = DECAY * self.pace + (bar.close / bar.open).ln();
        self.trust = (1.0 + (bar.volume / VOLUME).ln()).clamp(0.4, 1.8);
    }

    /// Probability that the next bar rises.
    pub(super) fn chance(&self) -> f64 {
        self.chance_at(self.pace, self.trust)
    }

    fn chance_at(&self, pace: f64, trust: f64) -> f64 {
        1.0 / (1.0 + (self.strength * trust * pace / PACE).exp())
    }

    /// Exact for one bar; beyond, sizes and volumes to come count with their means, from the ninth bar on the pace as well.
    pub(super) fn chance_above(&self, horizon: usize, threshold: f64) -> f64 {
        let p = self.chance();
        if horizon == 1 {
            // Chance of a size above s: both halves of the normal.
            let larger = |s: f64| (2.0 * normal_above(s, LEAST, SPREAD)).min(1.0);
            return if threshold >= 0.0 { p * larger(threshold) } else { 1.0 - (1.0 - p) * larger(-threshold) };
        }
        // What follows an up or a down is followed by every way of the first bars, at the mean size.
        let steps = horizon.min(FOLLOWED);
        let size = mean_size();
        let spread = SPREAD * (1.0 - 2.0 / PI).sqrt() * (steps as f64).sqrt();
        let mut paths = vec![(1.0, self.pace, 0.0)];
        for step in 0..steps {
            let trust = if step == 0 { self.trust } else { MEAN_TRUST };
            paths = paths
                .iter()
                .flat_map(|&(weight, pace, total)| {
                    let p = self.chance_at(pace, trust);
                    [(weight * p, size), (weight * (1.0 - p), -size)]
                        .map(|(weight, step)| (weight, DECAY * pace + step, total + step))
                })
                .collect();
        }
        let above = |&(weight, pace, total): &(f64, f64, f64)| {
            let (mean, std) = self.moments_from(pace, horizon - steps);
            weight * normal_above(threshold - total, mean, std.hypot(spread))
        };
        paths.iter().map(above).sum()
    }

    /// Mean and standard deviation of the log return of `bars` bars that begin at `pace`.
    ///
    /// The chance is linearised around the mean pace, its slope flattened by the pace's spread as a logistic curve is by a
    /// normal blur: factor 1 / sqrt(1 + pi slope^2 variance / 8).
    fn moments_from(&self, pace: f64, bars: usize) -> (f64, f64) {
        let mean_size = mean_size();
        let square = LEAST * LEAST + SPREAD * SPREAD + 2.0 * LEAST * SPREAD * (2.0 / PI).sqrt();
        let (mut pace, mut total) = (pace, 0.0);
        let (mut pace_variance, mut total_variance, mut covariance) = (0.0, 0.0, 0.0);
        for _ in 0..bars {
            let steep = self.strength * MEAN_TRUST / PACE;
            let slope = steep / (1.0 + PI * steep * steep * pace_variance / 8.0).sqrt();
            let p = 1.0 / (1.0 + (slope * pace).exp());
            let mean = mean_size * (2.0 * p - 1.0);
            // How much less the next return gets per unit of pace.
            let gain = -2.0 * mean_size * slope * p * (1.0 - p);
            let own = square - mean * mean - gain * gain * pace_variance;
            total_variance += 2.0 * gain * covariance + gain * gain * pace_variance + own;
            covariance = (DECAY + gain) * covariance + gain * (DECAY + gain) * pace_variance + own;
            pace_variance = (DECAY + gain).powi(2) * pace_variance + own;
            pace = DECAY * pace + mean;
            total += mean;
        }
        (total, total_variance.sqrt())
    }
}

fn mean_size() -> f64 {
    LEAST + SPREAD * (2.0 / PI).sqrt()
}
