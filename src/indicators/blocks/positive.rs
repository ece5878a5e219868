use serde::{Deserialize, Serialize};

use super::{CompensatedSum, Window};

/// Sum of the last n values of which none is negative: never negative itself, and exactly 0 when all are. Every n values
/// it is added up anew, so that no rounding outlives the values it came from by more than that.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PositiveSum {
    window: Window,
    sum: CompensatedSum,
    n: usize,
    zeros: usize,
    /// Values since the sum was added up.
    age: usize,
}

impl PositiveSum {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { window: Window::new(n), sum: CompensatedSum::default(), n, zeros: 0, age: 0 }
    }

    /// Takes the next value; the sum from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        self.zeros = if x == 0.0 { self.zeros + 1 } else { 0 };
        self.sum.add(x);
        if let Some(leaving) = self.window.push(x) {
            self.sum.add(-leaving);
        }
        self.age += 1;
        if self.age >= self.n {
            self.age = 0;
            self.sum = CompensatedSum::default();
            self.window.as_slice().iter().for_each(|&v| self.sum.add(v));
        }
        if !self.window.is_full() {
            return f64::NAN;
        }
        let sum = self.sum.value();
        // What removed values leave behind by rounding is no sum.
        if sum < 0.0 || self.zeros >= self.n { 0.0 } else { sum }
    }

    /// Takes the next value; the mean from the n-th on.
    pub fn mean(&mut self, x: f64) -> f64 {
        self.next(x) / self.n as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_of_a_storm() {
        let mut sum = PositiveSum::new(3);
        let found = [1e9, 0.3, 0.0, f64::NAN, 1e-9, 0.0, 0.0, 0.0].map(|x| sum.next(x));
        assert!(found[..2].iter().all(|v| v.is_nan()) && found[3].is_nan());
        assert_eq!(found[2], 1e9 + 0.3);
        assert!((found[4] - 0.300000001).abs() < 1e-16, "{}", found[4]);
        assert!((found[6] - 1e-9).abs() < 1e-22, "{}", found[6]);
        assert_eq!(found[7], 0.0);
        assert_eq!(sum.mean(6.0), 2.0);
    }
}
