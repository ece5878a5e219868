use serde::{Deserialize, Serialize};

use super::RollingSum;
use crate::market::Bar;

/// Where the close lies in the bar: 1 at the high, -1 at the low, 0 in the middle or when the bar has no range.
pub fn close_location(bar: &Bar) -> f64 {
    let range = bar.high - bar.low;
    if range > 0.0 { ((2.0 * bar.close - bar.low - bar.high) / range).clamp(-1.0, 1.0) } else { 0.0 }
}

/// Sum of the last n values that is exact to the last bit while they are all equal, so that a pause in trading sums to
/// exactly zero and is not taken for a very small volume.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SteadySum {
    sum: RollingSum,
    n: usize,
    last: f64,
    equal: usize,
}

impl SteadySum {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { sum: RollingSum::new(n), n, last: f64::NAN, equal: 0 }
    }

    /// Takes the next value; the sum from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        self.equal = if x == self.last { self.equal + 1 } else { 1 };
        self.last = x;
        let sum = self.sum.next(x);
        if self.equal >= self.n { x * self.n as f64 } else { sum }
    }
}

/// A running total without bound. What is missing or infinite is left out, so one bad value does not spoil the rest.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Total(f64);

impl Total {
    /// Adds the next value; the total so far.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        let total = self.0 + x;
        if total.is_finite() {
            self.0 = total;
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_sums_to_exactly_nothing() {
        let mut sum = SteadySum::new(3);
        for x in [1e9, 0.1, 1e-7, 0.3] {
            sum.next(x);
        }
        let sums: Vec<f64> = [0.0, f64::NAN, 0.0, 0.0, 0.1, 0.1, 0.1].iter().map(|x| sum.next(*x)).collect();
        assert!((sums[0] - 0.3000001).abs() < 1e-15 && sums[1].is_nan() && (sums[2] - 0.3).abs() < 1e-15);
        assert_eq!(sums[3], 0.0);
        assert!((sums[5] - 0.2).abs() < 1e-15);
        assert_eq!(sums[6], 0.1 * 3.0);
    }

    #[test]
    fn the_total_leaves_out_what_is_no_number() {
        let mut total = Total::default();
        let totals: Vec<f64> = [1.0, f64::NAN, f64::INFINITY, 2.5].iter().map(|x| total.next(*x)).collect();
        assert_eq!(totals, [1.0, 1.0, 1.0, 3.5]);
    }

    #[test]
    fn the_close_is_located_in_its_bar() {
        let bar = |high, low, close| Bar { timestamp: 0, open: close, high, low, close, volume: 1.0 };
        assert_eq!(close_location(&bar(4.0, 2.0, 4.0)), 1.0);
        assert_eq!(close_location(&bar(4.0, 2.0, 2.5)), -0.5);
        assert_eq!(close_location(&bar(4.0, 4.0, 4.0)), 0.0);
    }
}
