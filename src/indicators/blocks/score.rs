use serde::{Deserialize, Serialize};

use super::{Deviation, Sma, ratio};

/// A value against the last n, itself included.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    /// Mean.
    pub mean: f64,
    /// Population standard deviation.
    pub deviation: f64,
    /// Deviations from the mean; missing when nothing varied.
    pub z: f64,
}

/// Standard scores over a rolling window.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RollingScore {
    mean: Sma,
    deviation: Deviation,
}

impl RollingScore {
    /// Over `n` values, at least 2.
    pub fn new(n: usize) -> Self {
        Self { mean: Sma::new(n), deviation: Deviation::new(n) }
    }

    /// Takes the next value; the score from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> Score {
        let (mean, deviation) = (self.mean.next(x), self.deviation.next(x));
        Score { mean, deviation, z: ratio(x - mean, deviation) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_of_a_small_table() {
        let mut scores = RollingScore::new(2);
        assert!(scores.next(1.0).z.is_nan());
        let score = scores.next(3.0);
        assert_eq!((score.mean, score.deviation, score.z), (2.0, 1.0, 1.0));
        assert!(scores.next(3.0).z.is_nan());
    }
}
