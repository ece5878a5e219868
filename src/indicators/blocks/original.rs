//! Arithmetic of the Python original, for compat mode only.

use serde::{Deserialize, Serialize};

use super::Sma;

/// a / b, and 0 where b is zero, as the original's patched line division gives.
pub fn ratio_or_zero(a: f64, b: f64) -> f64 {
    if b == 0.0 { 0.0 } else { a / b }
}

/// sqrt(|SMA(x^2) - SMA(x)^2|), the original's two-moment form, which loses digits for price-sized values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TwoMomentDeviation {
    mean: Sma,
    square: Sma,
}

impl TwoMomentDeviation {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { mean: Sma::new(n), square: Sma::new(n) }
    }

    /// Takes the next value; the deviation from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        let (mean, square) = (self.mean.next(x), self.square.next(x * x));
        (square - mean * mean).abs().sqrt()
    }
}
