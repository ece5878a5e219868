use serde::{Deserialize, Serialize};

use super::ladder::{Ladder, Plain};

/// A sum that also carries the rounding errors of its additions, so that adding and later removing the same values
/// leaves nothing behind over millions of bars.
///
/// Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen", ZAMM 54 (1974).
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct CompensatedSum {
    high: f64,
    low: f64,
}

impl CompensatedSum {
    /// Adds one value; pass its negative to remove it.
    pub fn add(&mut self, x: f64) {
        let (high, error) = two_sum(self.high, x);
        self.high = high;
        self.low += error;
    }

    /// Adds a value too long for one double, given as a rounded part and the rest.
    pub fn add_pair(&mut self, x: (f64, f64)) {
        self.add(x.0);
        self.low += x.1;
    }

    /// The sum as its rounded value and the rest.
    pub fn pair(&self) -> (f64, f64) {
        two_sum(self.high, self.low)
    }

    /// The sum, rounded once.
    pub fn value(&self) -> f64 {
        self.high + self.low
    }
}

/// a + b as its rounded value and the exact error (D. Knuth, TAOCP vol. 2, 4.2.2).
pub(super) fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let b_part = sum - a;
    (sum, (a - (sum - b_part)) + (b - b_part))
}

/// a * b as its rounded value and the exact error.
pub(super) fn two_product(a: f64, b: f64) -> (f64, f64) {
    let product = a * b;
    (product, a.mul_add(b, -product))
}

/// Sum of the last n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RollingSum(Ladder);

impl RollingSum {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self(Ladder::new(n))
    }

    /// Takes the next value; the sum from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() { f64::NAN } else { self.0.next::<Plain>(x).0 }
    }

    /// Takes the next value; the mean from the n-th on.
    #[inline(always)]
    pub fn mean(&mut self, x: f64) -> f64 {
        self.next(x) / self.0.len() as f64
    }
}
