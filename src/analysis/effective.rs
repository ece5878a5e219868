//! How many independent labels a set of overlapping labels is worth, and intervals that respect the overlap.

use crate::stats::{Interval, block_bootstrap, block_length};

/// Effective number of labels among the bars marked in `used`, each looking at the `horizon` bars after its own; see
/// [`crate::dataset::effective_n`].
pub fn effective_n(used: &[bool], horizon: usize) -> f64 {
    crate::dataset::effective_n(used.iter().enumerate().filter(|(_, used)| **used).map(|(t, _)| t), horizon.max(1))
}

/// 95 % block-bootstrap interval of the mean of `value` over the bars where it is finite; none when there is no such
/// bar. All bars are resampled, so the number of contributing bars varies as it would in new data.
pub(crate) fn mean_interval(value: &[f64], horizon: usize, resamples: usize, seed: u64) -> Option<Interval> {
    let n = value.len();
    let interval = block_bootstrap(n, block_length(n, horizon), resamples, 0.95, seed, |rows| {
        let (mut sum, mut count) = (0.0, 0_usize);
        for &row in rows {
            if value[row].is_finite() {
                sum += value[row];
                count += 1;
            }
        }
        sum / count as f64
    });
    (interval.estimate.is_finite() && interval.low.is_finite()).then_some(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_that_do_not_overlap_count_fully() {
        assert!((effective_n(&[true; 7], 1) - 7.0).abs() < 1e-12);
        let sparse: Vec<bool> = (0..20).map(|t| t % 4 == 0).collect();
        assert!((effective_n(&sparse, 4) - 5.0).abs() < 1e-12);
    }

    #[test]
    fn overlap_by_hand() {
        // Labels of bars 0 and 1, two bars each: {1, 2} and {2, 3}; bar 2 is shared: 2 (1 + 1/2) / 2.
        assert!((effective_n(&[true, true], 2) - 1.5).abs() < 1e-12);
        // A long run is worth n / h plus its edges.
        let run = effective_n(&[true; 1000], 10);
        assert!((100.0..103.0).contains(&run), "{run}");
        assert_eq!(effective_n(&[false; 4], 3), 0.0);
    }

    #[test]
    fn the_mean_skips_missing_bars() {
        let interval = mean_interval(&[1.0, f64::NAN, 3.0], 1, 200, 1).unwrap();
        assert_eq!(interval.estimate, 2.0);
        assert!(mean_interval(&[f64::NAN], 1, 50, 1).is_none());
    }
}
