use serde::{Deserialize, Serialize};

use super::sum::{two_product, two_sum};
use super::{CompensatedSum, Window};

/// Population standard deviation of the last n values.
///
/// The two moments are carried to twice the precision of a double, so price-sized values lose nothing to
/// cancellation, and a window of equal values gives exactly zero.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deviation {
    window: Window,
    sum: CompensatedSum,
    squares: CompensatedSum,
    n: f64,
    last: f64,
    equal: f64,
}

impl Deviation {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self {
            window: Window::new(n),
            sum: CompensatedSum::default(),
            squares: CompensatedSum::default(),
            n: n as f64,
            last: f64::NAN,
            equal: 0.0,
        }
    }

    /// Takes the next value; the deviation from the n-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        self.equal = if x == self.last { self.equal + 1.0 } else { 1.0 };
        self.last = x;
        self.sum.add(x);
        self.squares.add_pair(two_product(x, x));
        if let Some(leaving) = self.window.push(x) {
            let (square, error) = two_product(leaving, leaving);
            self.sum.add(-leaving);
            self.squares.add_pair((-square, -error));
        }
        if !self.window.is_full() {
            return f64::NAN;
        }
        if self.equal >= self.n { 0.0 } else { self.value() }
    }

    // sqrt(n sum(x^2) - sum(x)^2) / n
    fn value(&self) -> f64 {
        let (sum, sum_rest) = self.sum.pair();
        let (squares, squares_rest) = self.squares.pair();
        let (a, a_rest) = two_product(self.n, squares);
        let (b, b_rest) = two_product(sum, sum);
        let (difference, difference_rest) = two_sum(a, -b);
        let rest = (a_rest - b_rest) + (self.n * squares_rest - 2.0 * sum * sum_rest);
        (difference + (difference_rest + rest)).max(0.0).sqrt() / self.n
    }
}
