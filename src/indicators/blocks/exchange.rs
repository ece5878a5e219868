use serde::{Deserialize, Serialize};

use super::sum::two_sum;

/// A sum that takes one value and drops another in one step, and carries the rounding errors: as exact as
/// `CompensatedSum`, and each step waits for a single addition of the one before.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct ExchangeSum {
    high: f64,
    low: f64,
}

impl ExchangeSum {
    /// Adds `entering` and removes `leaving`.
    #[inline(always)]
    pub fn exchange(&mut self, entering: f64, leaving: f64) {
        let (change, change_error) = two_sum(entering, -leaving);
        let (high, error) = two_sum(self.high, change);
        self.high = high;
        self.low += error + change_error;
    }

    /// The sum, rounded once.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        self.high + self.low
    }
}

/// Sum of the last n values: the fast form of `RollingSum`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SlidingSum {
    /// The last n values in a ring, at first zeros.
    values: Vec<f64>,
    place: usize,
    full: bool,
    sum: ExchangeSum,
}

impl SlidingSum {
    /// Over `n` values, at least one.
    pub fn new(n: usize) -> Self {
        Self { values: vec![0.0; n.max(1)], place: 0, full: false, sum: ExchangeSum::default() }
    }

    /// Takes the next value; the sum from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let leaving = std::mem::replace(&mut self.values[self.place], x);
        self.place = if self.place + 1 == self.values.len() { 0 } else { self.place + 1 };
        self.full |= self.place == 0;
        self.sum.exchange(x, leaving);
        if self.full { self.sum.value() } else { f64::NAN }
    }
}

#[cfg(test)]
mod tests {
    use super::super::RollingSum;
    use super::*;

    #[test]
    fn the_sliding_sum_neither_cancels_nor_drifts() {
        let (mut sum, mut plain) = (SlidingSum::new(5), RollingSum::new(5));
        let mut x = 1e9;
        for i in 0..2000 {
            x = if i % 100 < 90 { (x * 7.3 + 0.1) % 1e9 } else { 0.3 };
            let (found, wanted) = (sum.next(x), plain.next(x));
            assert!(sum.next(f64::NAN).is_nan());
            assert!(found.is_nan() && wanted.is_nan() || (found / wanted - 1.0).abs() < 1e-15);
        }
        assert_eq!(sum.next(0.3), 1.5);
    }
}
