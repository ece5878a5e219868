//! Measures behind the trust badge of explanations: does an attribution point at what the network uses, and is a
//! measured effect larger than chance gives?

use serde::{Deserialize, Serialize};

use crate::stats::{correlation, quantile, ranks};

/// A measured value against what chance gives.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct NullTest {
    /// The measured value.
    pub value: f64,
    /// The null's quantile the value must exceed.
    pub threshold: f64,
    /// Share of null values at least as large, counting the measured one: (1 + larger) / (1 + draws).
    pub p_value: f64,
}

impl NullTest {
    /// Tests `value` against `null` draws at `level`, for example 0.95. The threshold is NaN without draws.
    pub fn new(value: f64, null: &[f64], level: f64) -> Self {
        let larger = null.iter().filter(|draw| **draw >= value).count();
        Self { value, threshold: quantile(null, level), p_value: (1 + larger) as f64 / (1 + null.len()) as f64 }
    }

    /// Whether the value is beyond chance; never without draws.
    pub fn passed(&self) -> bool {
        self.value > self.threshold
    }
}

/// How much sooner than random order the attributed order of deletion moves the output; 1 at once, 0 like chance,
/// below 0 later than chance. NaN when deleting everything moves nothing.
///
/// `ranked` and `random` hold the output after deleting 0, 1, 2, ... equal portions, the most important first in
/// `ranked`, several shuffled orders averaged in `random`; both start and end at the same outputs.
///
/// Source: Samek et al., "Evaluating the visualization of what a deep neural network has learned" (2017).
pub fn deletion_curve_score(ranked: &[f64], random: &[f64]) -> f64 {
    let (Some(first), Some(last)) = (ranked.first(), ranked.last()) else { return f64::NAN };
    let whole = last - first;
    if whole == 0.0 || ranked.len() != random.len() {
        return f64::NAN;
    }
    // Area between the curves over the largest area there could be, which is that above the random curve.
    let between: f64 = ranked.iter().zip(random).map(|(a, b)| (a - b) / whole).sum();
    let most: f64 = random.iter().skip(1).map(|b| (last - b) / whole).sum();
    if most <= 0.0 { f64::NAN } else { between / most }
}

/// Rank correlation of two sets of importances by absolute size; NaN when one is constant or the lengths differ.
///
/// Between trained and randomised weights it should be low; between attribution and permutation importance high.
/// Source: Adebayo et al., "Sanity checks for saliency maps" (2018).
pub fn importance_rank_correlation(a: &[f64], b: &[f64]) -> f64 {
    let size = |x: &[f64]| ranks(&x.iter().map(|v| v.abs()).collect::<Vec<_>>());
    correlation(&size(a), &size(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deletion_scores_span_chance_and_perfection() {
        let random = [10.0, 7.5, 5.0, 2.5, 0.0];
        assert_eq!(deletion_curve_score(&[10.0, 0.0, 0.0, 0.0, 0.0], &random), 1.0);
        assert_eq!(deletion_curve_score(&random, &random), 0.0);
        assert_eq!(deletion_curve_score(&[10.0, 10.0, 10.0, 10.0, 0.0], &random), -1.0);
        // The direction of the output does not matter.
        assert_eq!(deletion_curve_score(&[-1.0, 1.0, 1.0], &[-1.0, 0.0, 1.0]), 1.0);
        assert!(deletion_curve_score(&[1.0, 2.0, 1.0], &[1.0, 1.0, 1.0]).is_nan());
        assert!(deletion_curve_score(&[], &[]).is_nan());
    }

    #[test]
    fn rank_correlation_ignores_sign_and_scale() {
        assert!((importance_rank_correlation(&[1.0, -5.0, 3.0], &[10.0, 70.0, -30.0]) - 1.0).abs() < 1e-12);
        assert!((importance_rank_correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]) + 1.0).abs() < 1e-12);
        assert!(importance_rank_correlation(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    }

    #[test]
    fn a_null_test_by_hand() {
        let null: Vec<f64> = (1..=99).map(f64::from).collect();
        let test = NullTest::new(97.0, &null, 0.95);
        assert!((test.threshold - 94.1).abs() < 1e-9 && (test.p_value - 0.04).abs() < 1e-12 && test.passed());
        assert!(!NullTest::new(50.0, &null, 0.95).passed());
        assert!(!NullTest::new(1.0, &[], 0.95).passed());
    }
}
