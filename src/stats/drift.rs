use super::{mean, quantile_sorted, std_sample};

/// Bins of the population stability index.
const BINS: usize = 10;
/// Least share of a bin: an empty one would make the index infinite.
const LEAST_SHARE: f64 = 1e-4;

/// How far the distribution of `other` has moved from that of `base`: the sum over bins of (q - p) ln(q / p), where p and
/// q are the shares of `base` and `other` in ten bins of equal mass in `base` (fewer where values repeat). Below 0.1 is
/// commonly read as stable, above 0.25 as moved. A share counts as 0.0001 at least. Values that are not finite do not
/// count; NaN if either side has none.
///
/// Source: N. Siddiqi, "Credit Risk Scorecards" (2006), chapter 10.
pub fn population_stability_index(base: &[f64], other: &[f64]) -> f64 {
    let mut base: Vec<f64> = base.iter().copied().filter(|x| x.is_finite()).collect();
    let other: Vec<f64> = other.iter().copied().filter(|x| x.is_finite()).collect();
    if base.is_empty() || other.is_empty() {
        return f64::NAN;
    }
    base.sort_unstable_by(f64::total_cmp);
    let mut edges: Vec<f64> = (1..BINS).map(|k| quantile_sorted(&base, k as f64 / BINS as f64)).collect();
    edges.dedup();
    // A value on an edge belongs to the bin below it.
    let shares = |values: &[f64]| {
        let mut counts = vec![0_usize; edges.len() + 1];
        for x in values {
            counts[edges.partition_point(|edge| edge < x)] += 1;
        }
        counts.into_iter().map(|n| (n as f64 / values.len() as f64).max(LEAST_SHARE)).collect::<Vec<_>>()
    };
    shares(&base).iter().zip(shares(&other)).map(|(p, q)| (q - p) * (q / p).ln()).sum()
}

/// Difference of the means of `other` and `base` over the root of their mean variance (divisors n - 1): the drift of the
/// level in deviations. Values that are not finite do not count; NaN with fewer than two on a side, infinite where both
/// sides are constant and differ.
///
/// Source: P. C. Austin, "Balance diagnostics for comparing the distribution of baseline covariates between treatment
/// groups in propensity-score matched samples", Statistics in Medicine 28 (2009), section 2.
pub fn standardized_mean_difference(base: &[f64], other: &[f64]) -> f64 {
    let moments = |values: &[f64]| {
        let values: Vec<f64> = values.iter().copied().filter(|x| x.is_finite()).collect();
        (mean(&values), std_sample(&values).powi(2))
    };
    let ((a, va), (b, vb)) = (moments(base), moments(other));
    let spread = f64::midpoint(va, vb).sqrt();
    if a == b && spread == 0.0 { 0.0 } else { (b - a) / spread }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_worked_stability_index() {
        // Edges 10.9, 20.8, … 90.1: ten in each bin of the base.
        let base: Vec<f64> = (1..=100).map(f64::from).collect();
        assert!(population_stability_index(&base, &base).abs() < 1e-15);
        // 5 values in the first bin, 15 in the last, 10 in each other.
        let other: Vec<f64> = (6..=100).map(f64::from).chain((0..5).map(|_| 99.0)).collect();
        let by_hand = (0.05 - 0.1) * (0.05_f64 / 0.1).ln() + (0.15 - 0.1) * (0.15_f64 / 0.1).ln();
        assert!((population_stability_index(&base, &other) - by_hand).abs() < 1e-12);
        // Everything in the last bin: nine bins at the least share.
        let far = [1000.0; 7];
        let by_hand = 9.0 * (1e-4 - 0.1) * (1e-4_f64 / 0.1).ln() + (1.0 - 0.1) * (1.0_f64 / 0.1).ln();
        assert!((population_stability_index(&base, &far) - by_hand).abs() < 1e-12);
    }

    #[test]
    fn repeated_values_share_a_bin() {
        // Edges are 0 and 1 only: shares 0.8, 0.2 and 0 against 0.5, 0.5 and 0.
        let base: Vec<f64> = (0..10).map(|i| f64::from(u8::from(i >= 8))).collect();
        let other = [0.0, 1.0, 0.0, 1.0];
        let by_hand = (0.5 - 0.8) * (0.5_f64 / 0.8).ln() + (0.5 - 0.2) * (0.5_f64 / 0.2).ln();
        assert!((population_stability_index(&base, &other) - by_hand).abs() < 1e-12);
        assert_eq!(population_stability_index(&[3.0; 9], &[3.0; 4]), 0.0);
    }

    #[test]
    fn a_hand_worked_mean_difference() {
        // Means 2 and 5, variances 1 and 4.
        let difference = standardized_mean_difference(&[1.0, 2.0, 3.0, f64::NAN], &[3.0, 5.0, 7.0]);
        assert!((difference - 3.0 / 2.5_f64.sqrt()).abs() < 1e-15);
        assert_eq!(standardized_mean_difference(&[2.0; 3], &[2.0; 4]), 0.0);
        assert_eq!(standardized_mean_difference(&[2.0; 3], &[1.0; 4]), f64::NEG_INFINITY);
    }

    #[test]
    fn nothing_to_compare_is_missing() {
        assert!(population_stability_index(&[], &[1.0]).is_nan());
        assert!(population_stability_index(&[1.0], &[f64::NAN]).is_nan());
        assert!(standardized_mean_difference(&[1.0], &[1.0, 2.0]).is_nan());
    }
}
