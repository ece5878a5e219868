use serde::{Deserialize, Serialize};

use super::sum::{two_product, two_sum};
use super::{CompensatedSum, Window};

/// The sum of the last n values and their sum weighted 1 (oldest) to n (newest), both to twice the precision of a
/// double, in constant time: the weighted sum grows by n times the new value and shrinks by the old plain sum.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct WeightedSums {
    window: Window,
    plain: CompensatedSum,
    weighted: CompensatedSum,
    n: f64,
}

impl WeightedSums {
    fn new(n: usize) -> Self {
        Self {
            window: Window::new(n),
            plain: CompensatedSum::default(),
            weighted: CompensatedSum::default(),
            n: n as f64,
        }
    }

    /// False until n values came.
    fn next(&mut self, x: f64) -> bool {
        let place = self.window.len() as f64 + 1.0;
        if self.window.is_full() {
            let (sum, rest) = self.plain.pair();
            self.weighted.add_pair((-sum, -rest));
            self.weighted.add_pair(two_product(self.n, x));
        } else {
            self.weighted.add_pair(two_product(place, x));
        }
        self.plain.add(x);
        if let Some(leaving) = self.window.push(x) {
            self.plain.add(-leaving);
        }
        self.window.is_full()
    }
}

/// Linearly weighted moving average: the newest of n values weighs n, the oldest 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wma {
    sums: WeightedSums,
    total: f64,
}

impl Wma {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { sums: WeightedSums::new(n), total: (n * (n + 1)) as f64 / 2.0 }
    }

    /// Takes the next value; the average from the n-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() || !self.sums.next(x) { f64::NAN } else { self.sums.weighted.value() / self.total }
    }
}

/// The least-squares line through the last n values, one step apart.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Rise per step.
    pub slope: f64,
    /// Value at the newest step.
    pub end: f64,
}

/// The least-squares line through the last n values, in constant time; n is at least 2.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineFit {
    sums: WeightedSums,
    centre: f64,
    spread: f64,
}

impl LineFit {
    /// Through `n` values.
    pub fn new(n: usize) -> Self {
        let count = n as f64;
        Self { sums: WeightedSums::new(n), centre: (count + 1.0) / 2.0, spread: count * (count * count - 1.0) / 12.0 }
    }

    /// Takes the next value; the line from the n-th on, before that of missing values.
    pub fn next(&mut self, x: f64) -> Line {
        if x.is_nan() || !self.sums.next(x) {
            return Line { slope: f64::NAN, end: f64::NAN };
        }
        // sum(j x) - centre sum(x), free of cancellation, so that a flat window has slope 0.
        let (weighted, weighted_rest) = self.sums.weighted.pair();
        let (sum, sum_rest) = self.sums.plain.pair();
        let (product, product_rest) = two_product(self.centre, sum);
        let (difference, difference_rest) = two_sum(weighted, -product);
        let rest = (weighted_rest - product_rest) - self.centre * sum_rest;
        let slope = (difference + (difference_rest + rest)) / self.spread;
        let mean = self.sums.plain.value() / self.sums.n;
        Line { slope, end: slope.mul_add(self.sums.n - self.centre, mean) }
    }

    /// The values the line goes through, oldest first.
    pub fn values(&self) -> &[f64] {
        self.sums.window.as_slice()
    }
}
