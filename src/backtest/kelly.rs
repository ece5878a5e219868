use serde::{Deserialize, Serialize};

use super::BacktestError;
use crate::stats::{block_bootstrap, block_length, mean};

/// Least number of calibration bars in one bin, and so in the whole fit.
const BARS_PER_BIN: usize = 60;
const MOST_BINS: usize = 5;
const RESAMPLES: usize = 500;

/// Half-Kelly sizing fitted on the calibration slice.
///
/// f = 0.5 max(0, mu_lo) / sigma^2, at most 1. mu_lo is the one-sided 80 % lower bound of the mean realised return, less the round-trip cost,
/// among calibration bars with a similar predicted return (same bin); sigma^2 = kappa h v^2 with v the predicted per-bar
/// volatility and kappa = mean(r^2) / mean(h v^2), which scales predictions to what came.
///
/// Source: J. L. Kelly, "A new interpretation of information rate" (1956); half of it after E. O. Thorp (2006).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kelly {
    /// Bins by predicted return, ascending.
    pub bins: Vec<KellyBin>,
    /// Realised over predicted second moment.
    pub kappa: f64,
    /// Bars a return spans, h.
    pub horizon: usize,
}

/// Calibration bars with similar predicted returns.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct KellyBin {
    /// Largest predicted return of the bin; the last bin also takes everything above.
    pub up_to: f64,
    /// Bars in it.
    pub n: usize,
    /// Mean realised return before costs, fraction.
    pub mean: f64,
    /// Its one-sided 80 % lower bound.
    pub low: f64,
}

impl Kelly {
    /// Fits on calibration bars in time order, one entry per bar; bars with a missing value in any column, or
    /// without positive volatility, are left out.
    ///
    /// `predicted` and `realised` are fractions over `horizon` bars, before costs;
    /// `volatility` is the predicted per-bar fraction. For short entries give the negated prediction and the short
    /// side's return. Bins are equal in number (ties stay together), at least 60 bars each and at most 5.
    pub fn fit(
        predicted: &[f64],
        realised: &[f64],
        volatility: &[f64],
        horizon: usize,
        seed: u64,
    ) -> Result<Self, BacktestError> {
        if predicted.len() != realised.len() || predicted.len() != volatility.len() {
            return Err(BacktestError::Ragged {
                predicted: predicted.len(),
                realised: realised.len(),
                volatility: volatility.len(),
            });
        }
        let usable: Vec<usize> = (0..predicted.len())
            .filter(|&i| predicted[i].is_finite() && realised[i].is_finite())
            .filter(|&i| volatility[i].is_finite() && volatility[i] > 0.0)
            .collect();
        let n = usable.len();
        if n < BARS_PER_BIN {
            return Err(BacktestError::TooFew { found: n, needed: BARS_PER_BIN });
        }
        let pick = |x: &[f64]| -> Vec<f64> { usable.iter().map(|&i| x[i]).collect() };
        let (predicted, realised, volatility) = (pick(predicted), pick(realised), pick(volatility));
        let edges = edges(&predicted);
        let bin_of: Vec<usize> = predicted.iter().map(|&p| edges.partition_point(|&edge| edge < p)).collect();
        let block = block_length(n, horizon);
        let bins = edges
            .iter()
            .enumerate()
            .map(|(bin, &up_to)| {
                let members = |rows: &[usize]| {
                    let (mut sum, mut count) = (0.0, 0_u32);
                    for &i in rows {
                        if bin_of[i] == bin {
                            sum += realised[i];
                            count += 1;
                        }
                    }
                    sum / f64::from(count)
                };
                // The lower end of a central 60 % interval is the one-sided 80 % bound.
                let interval = block_bootstrap(n, block, RESAMPLES, 0.60, seed, members);
                let n = bin_of.iter().filter(|&&b| b == bin).count();
                KellyBin { up_to, n, mean: interval.estimate, low: interval.low }
            })
            .collect();
        let square = |x: &[f64]| mean(&x.iter().map(|v| v * v).collect::<Vec<_>>());
        let kappa = square(&realised) / (horizon as f64 * square(&volatility));
        Ok(Self { bins, kappa, horizon })
    }

    /// Share of the equity for an entry with this predicted return and per-bar volatility at a round-trip `cost`; 0 where either is missing,
    /// the volatility is not positive, or the bin shows no gain.
    pub fn size(&self, expected_return: f64, volatility: f64, cost: f64) -> f64 {
        let place = self.bins.partition_point(|bin| bin.up_to < expected_return);
        let Some(bin) = self.bins.get(place.min(self.bins.len().saturating_sub(1))) else { return 0.0 };
        let variance = self.kappa * self.horizon as f64 * volatility * volatility;
        let share = 0.5 * (bin.low - cost) / variance;
        // False for NaN, which must not size a position.
        if expected_return.is_finite() && variance > 0.0 && share > 0.0 { share.min(1.0) } else { 0.0 }
    }
}

/// Upper edges of bins of about equal number, each an observed value, so that no bin is empty.
fn edges(x: &[f64]) -> Vec<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    let bins = (x.len() / BARS_PER_BIN).clamp(1, MOST_BINS);
    let mut edges: Vec<f64> = (1..=bins).map(|k| sorted[k * x.len() / bins - 1]).collect();
    edges.dedup();
    edges
}
