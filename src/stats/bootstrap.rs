use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::quantile_sorted;

/// A confidence interval with its estimate.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// The statistic on the data as they are.
    pub estimate: f64,
    /// Lower bound.
    pub low: f64,
    /// Upper bound.
    pub high: f64,
}

/// Block length for bars whose labels overlap over `horizon` bars: at least the horizon, at least 5, and n^(1/3) for
/// long series.
pub fn block_length(n: usize, horizon: usize) -> usize {
    horizon.max(5).max((n as f64).cbrt().ceil() as usize)
}

/// Percentile interval of `statistic` by the circular moving-block bootstrap.
///
/// `statistic` maps row indices (with repetition) to a number; `n` is the number of rows in time order; `level` is the
/// coverage, for example 0.95. Resamples whose statistic is NaN are left out. The same seed gives the same interval.
///
/// Source: Politis & Romano, "A circular block-resampling procedure for stationary data" (1992).
pub fn block_bootstrap(
    n: usize,
    block: usize,
    resamples: usize,
    level: f64,
    seed: u64,
    statistic: impl Fn(&[usize]) -> f64,
) -> Interval {
    let all: Vec<usize> = (0..n).collect();
    let estimate = statistic(&all);
    if n == 0 {
        return Interval { estimate, low: f64::NAN, high: f64::NAN };
    }
    let block = block.clamp(1, n);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut rows = Vec::with_capacity(n + block);
    let mut values: Vec<f64> = (0..resamples)
        .map(|_| {
            rows.clear();
            while rows.len() < n {
                let start = rng.random_range(0..n);
                rows.extend((start..start + block).map(|i| i % n));
            }
            rows.truncate(n);
            statistic(&rows)
        })
        .filter(|value| value.is_finite())
        .collect();
    values.sort_by(f64::total_cmp);
    let tail = (1.0 - level) / 2.0;
    Interval { estimate, low: quantile_sorted(&values, tail), high: quantile_sorted(&values, 1.0 - tail) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::mean;

    #[test]
    fn blocks_widen_the_interval_of_dependent_data() {
        // Each value repeated ten times: iid resampling believes in ten times the data.
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let x: Vec<f64> = (0..100).flat_map(|_| std::iter::repeat_n(rng.random::<f64>(), 10)).collect();
        let pick = |rows: &[usize]| mean(&rows.iter().map(|&i| x[i]).collect::<Vec<_>>());
        let narrow = block_bootstrap(x.len(), 1, 400, 0.95, 7, pick);
        let wide = block_bootstrap(x.len(), 20, 400, 0.95, 7, pick);
        assert!(wide.high - wide.low > 2.0 * (narrow.high - narrow.low));
        assert_eq!(wide, block_bootstrap(x.len(), 20, 400, 0.95, 7, pick));
    }

    #[test]
    fn the_interval_covers_the_mean_about_as_often_as_it_says() {
        let mut covered = 0;
        for seed in 0..200 {
            let mut rng = ChaCha8Rng::seed_from_u64(1000 + seed);
            let x: Vec<f64> = (0..200).map(|_| rng.random::<f64>()).collect();
            let pick = |rows: &[usize]| rows.iter().map(|&i| x[i]).sum::<f64>() / rows.len() as f64;
            let interval = block_bootstrap(200, 5, 200, 0.90, seed, pick);
            covered += usize::from(interval.low <= 0.5 && 0.5 <= interval.high);
        }
        assert!((165..=195).contains(&covered), "{covered} of 200");
    }
}
