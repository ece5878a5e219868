use std::ops::RangeInclusive;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::RegimeFilter;
use super::mixture::{Mixture, log_densities, normalise_logs};
use super::transition::baum_welch;
use crate::stats::{autocorrelation_time, mean, median, quantile, std_population};

const RESTARTS: u64 = 6;
/// EM sees at most this many evenly spaced rows: neighbouring windows share almost all their bars.
const EM_ROWS: usize = 10_000;
/// A latent that moves less than this share of the liveliest one is not blown up to unit variance.
const QUIET_SHARE: f64 = 0.1;

/// Why a regime model could not be fitted or used.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RegimeError {
    /// The number of regimes is out of range.
    #[error("{k} regimes were asked for; choose between 1 and 64")]
    Count {
        /// Regimes asked for.
        k: usize,
    },
    /// The latents are not whole rows.
    #[error("{values} latent values do not make rows of width {width}; pass one row of mu per bar")]
    Shape {
        /// Values given.
        values: usize,
        /// Row width given.
        width: usize,
    },
    /// Not enough bars.
    #[error(
        "{n} bars with a latent are too few for {k} regimes; at least {needed} are needed: use a longer train slice or fewer regimes"
    )]
    TooFewRows {
        /// Bars with a latent.
        n: usize,
        /// Regimes asked for.
        k: usize,
        /// Bars needed.
        needed: usize,
    },
    /// Every latent is constant.
    #[error(
        "the latent means do not vary over the train slice (posterior collapse), so there are no regimes to find; train longer or lower beta"
    )]
    Constant,
    /// A stored model whose parts do not fit together.
    #[error(
        "the stored regime model is damaged: {part} has {found} values where {expected} belong; run the analysis again"
    )]
    Damaged {
        /// Field of the model.
        part: &'static str,
        /// Values found.
        found: usize,
        /// Values that belong there.
        expected: usize,
    },
}

/// One candidate of a choice by the Bayesian information criterion.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BicRow {
    /// Number of regimes.
    pub k: usize,
    /// Criterion with n / tau as the number of observations; lower is better.
    pub bic: f64,
}

/// Gaussian mixture with full covariances on standardised latent means, with a transition matrix.
///
/// Axes: `k` regimes, `width` latents. Regimes are numbered by falling weight, so 0 is the commonest on the train
/// slice. Everything is fitted on the train slice and then frozen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegimeModel {
    /// Number of regimes.
    pub k: usize,
    /// Number of latents.
    pub width: usize,
    /// (width) train means of the latents.
    pub location: Vec<f64>,
    /// (width) divisors of the latents: train standard deviations, not below a tenth of the largest.
    pub scale: Vec<f64>,
    /// (k) mixture weights.
    pub weights: Vec<f64>,
    /// (k, width) regime means in standardised units.
    pub means: Vec<f64>,
    /// (k, width, width) inverse of the lower Cholesky factor of each covariance, standardised units.
    pub factors: Vec<f64>,
    /// (k, k) probability of going from the row's regime to the column's in one bar.
    pub transition: Vec<f64>,
    /// Integrated autocorrelation time of the latents in bars, median over latents.
    pub tau: f64,
    /// Train bars with a latent.
    pub n: usize,
    /// Mean log likelihood per train bar.
    pub log_likelihood: f64,
    /// Bayesian information criterion with n / tau observations.
    pub bic: f64,
    /// Log density below which a bar is an outlier: the lowest 0.5 % of the train bars.
    pub outlier_below: f64,
    /// What the number of regimes was chosen from; empty when it was given.
    pub candidates: Vec<BicRow>,
}

impl RegimeModel {
    /// Fits `k` regimes to `mu`, rows of `width` latents in time order.
    ///
    /// A row with a value that is not finite is a bar without a latent: the mixture skips it, the transition matrix
    /// lets time pass. The same seed gives the same model. At least 10 rows per regime and more than `width` + 1 rows
    /// are needed.
    pub fn fit(mu: &[f64], width: usize, k: usize, seed: u64) -> Result<Self, RegimeError> {
        if k == 0 || k > 64 {
            return Err(RegimeError::Count { k });
        }
        if width == 0 || !mu.len().is_multiple_of(width) {
            return Err(RegimeError::Shape { values: mu.len(), width });
        }
        let known: Vec<&[f64]> = mu.chunks_exact(width).filter(|row| row.iter().all(|v| v.is_finite())).collect();
        let (n, needed) = (known.len(), (10 * k).max(width + 2));
        if n < needed {
            return Err(RegimeError::TooFewRows { n, k, needed });
        }
        let columns: Vec<Vec<f64>> = (0..width).map(|j| known.iter().map(|row| row[j]).collect()).collect();
        let deviation: Vec<f64> = columns.iter().map(|x| std_population(x)).collect();
        let largest = deviation.iter().copied().fold(0.0, f64::max);
        if largest <= 0.0 {
            return Err(RegimeError::Constant);
        }
        let live = columns.iter().zip(&deviation).filter(|(_, d)| **d > 0.0);
        let tau = median(&live.map(|(x, _)| autocorrelation_time(x)).collect::<Vec<_>>());
        let mut model = Self {
            k,
            width,
            location: columns.iter().map(|x| mean(x)).collect(),
            scale: deviation.iter().map(|d| d.max(QUIET_SHARE * largest)).collect(),
            weights: Vec::new(),
            means: Vec::new(),
            factors: Vec::new(),
            transition: Vec::new(),
            tau,
            n,
            log_likelihood: f64::NAN,
            bic: f64::NAN,
            outlier_below: f64::NAN,
            candidates: Vec::new(),
        };
        let rows: Vec<f64> = known.iter().step_by(n.div_ceil(EM_ROWS)).flat_map(|row| model.standardise(row)).collect();
        model.adopt(&best_mixture(&rows, width, k, seed));
        model.bic = model.criterion();
        model.transition = model.fit_transition(mu);
        model.outlier_below = quantile(&known.iter().map(|row| model.log_density(row)).collect::<Vec<_>>(), 0.005);
        Ok(model)
    }

    /// Fits every number of regimes in `counts` and keeps the one with the lowest criterion; counts that the data are
    /// too short for are left out unless all are.
    pub fn fit_by_bic(mu: &[f64], width: usize, counts: RangeInclusive<usize>, seed: u64) -> Result<Self, RegimeError> {
        let first = *counts.start();
        let mut best: Option<Self> = None;
        let mut candidates = Vec::new();
        for k in counts {
            let model = match Self::fit(mu, width, k, seed) {
                Err(RegimeError::TooFewRows { .. }) if best.is_some() => break,
                fitted => fitted?,
            };
            candidates.push(BicRow { k, bic: model.bic });
            if best.as_ref().is_none_or(|best| model.bic < best.bic) {
                best = Some(model);
            }
        }
        best.map(|best| Self { candidates, ..best }).ok_or(RegimeError::Count { k: first })
    }

    /// Whether a model read from disk fits together.
    pub fn check(&self) -> Result<(), RegimeError> {
        let (k, width) = (self.k, self.width);
        let parts = [
            ("location", self.location.len(), width),
            ("scale", self.scale.len(), width),
            ("weights", self.weights.len(), k),
            ("means", self.means.len(), k * width),
            ("factors", self.factors.len(), k * width * width),
            ("transition", self.transition.len(), k * k),
        ];
        parts
            .into_iter()
            .filter(|(_, found, expected)| found != expected)
            .try_for_each(|(part, found, expected)| Err(RegimeError::Damaged { part, found, expected }))
    }

    /// A causal filter that starts before the first bar.
    pub fn filter(&self) -> RegimeFilter {
        RegimeFilter::new(self.clone())
    }

    /// Log density of one row of latents under the whole mixture; NaN when a latent is missing.
    pub fn log_density(&self, mu: &[f64]) -> f64 {
        let mut logs = self.log_likelihoods(mu);
        logs.iter_mut().zip(&self.weights).for_each(|(value, weight)| *value += weight.ln());
        normalise_logs(&mut logs)
    }

    /// Whether one row of latents lies where the train slice had at most 0.5 % of its bars.
    pub fn is_outlier(&self, mu: &[f64]) -> bool {
        self.log_density(mu) < self.outlier_below
    }

    /// Mean of a regime in the units of the latents.
    pub fn mean(&self, regime: usize) -> Vec<f64> {
        let standard = &self.means[regime * self.width..][..self.width];
        standard.iter().zip(&self.scale).zip(&self.location).map(|((m, s), l)| m * s + l).collect()
    }

    pub(super) fn log_likelihoods(&self, mu: &[f64]) -> Vec<f64> {
        let mut logs = vec![0.0; self.k];
        log_densities(self.width, &self.means, &self.factors, &self.standardise(mu), &mut logs);
        logs
    }

    fn standardise(&self, mu: &[f64]) -> Vec<f64> {
        mu.iter().zip(&self.location).zip(&self.scale).map(|((x, l), s)| (x - l) / s).collect()
    }

    /// Takes over the mixture with its components by falling weight, ties by mean.
    fn adopt(&mut self, mixture: &Mixture) {
        let width = self.width;
        let place = |c: usize| &mixture.means[c * width..][..width];
        let mut order: Vec<usize> = (0..self.k).collect();
        order.sort_by(|&a, &b| {
            let tie = || place(a).partial_cmp(place(b)).unwrap_or(a.cmp(&b));
            mixture.weights[b].total_cmp(&mixture.weights[a]).then_with(tie)
        });
        self.weights = order.iter().map(|&c| mixture.weights[c]).collect();
        self.means = order.iter().flat_map(|&c| place(c)).copied().collect();
        let factor = |&c: &usize| mixture.factors[c * width * width..][..width * width].iter().copied();
        self.factors = order.iter().flat_map(factor).collect();
        self.log_likelihood = mixture.log_likelihood;
    }

    fn criterion(&self) -> f64 {
        let (k, width) = (self.k as f64, self.width as f64);
        let parameters = k - 1.0 + k * width + k * width * (width + 1.0) / 2.0;
        let observations = self.n as f64 / self.tau;
        parameters * observations.ln() - 2.0 * observations * self.log_likelihood
    }

    fn fit_transition(&self, mu: &[f64]) -> Vec<f64> {
        let mut likelihood = Vec::with_capacity(mu.len() / self.width * self.k);
        for row in mu.chunks_exact(self.width) {
            let logs = self.log_likelihoods(row);
            let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            if top.is_finite() && logs.iter().all(|v| v.is_finite()) {
                likelihood.extend(logs.iter().map(|v| ((v - top) / self.tau).exp().max(1e-300)));
            } else {
                likelihood.extend(std::iter::repeat_n(1.0, self.k));
            }
        }
        baum_welch(&likelihood, &self.weights)
    }
}

fn best_mixture(rows: &[f64], width: usize, k: usize, seed: u64) -> Mixture {
    let restart = |i: u64| Mixture::fit(rows, width, k, seed.wrapping_mul(1009).wrapping_add(i));
    let others: Vec<Mixture> = (1..RESTARTS).into_par_iter().map(restart).collect();
    // The first of equals wins, whatever the thread count.
    others
        .into_iter()
        .fold(restart(0), |best, next| if next.log_likelihood > best.log_likelihood { next } else { best })
}
