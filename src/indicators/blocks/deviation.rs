use serde::{Deserialize, Serialize};

use super::Divisor;
use super::ladder::{Ladder, Spread};

/// Population standard deviation of the last n values: of price-sized values nothing is lost to cancellation, and a
/// window of equal values gives exactly zero.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Deviation {
    ladder: Ladder,
    run: EqualRun,
    n: f64,
    divisor: Divisor,
    mean: f64,
}

impl Deviation {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self {
            ladder: Ladder::new(n),
            run: EqualRun::default(),
            n: n as f64,
            divisor: Divisor::new(n as f64),
            mean: f64::NAN,
        }
    }

    /// Takes the next value; the deviation from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let sums = self.ladder.next::<Spread>(x);
        self.mean = self.divisor.divide(sums.sum);
        if self.run.next(x) >= self.n { 0.0 } else { deviation_of(sums, self.divisor) }
    }

    /// The mean of the same values.
    pub fn mean(&self) -> f64 {
        self.mean
    }
}

/// The deviation from the sums of a window.
#[inline(always)]
pub(in crate::indicators) fn deviation_of(sums: Spread, n: Divisor) -> f64 {
    n.divide(sums.squares).sqrt()
}

/// How many equal values came last.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::indicators) struct EqualRun {
    last: f64,
    count: f64,
}

impl Default for EqualRun {
    fn default() -> Self {
        Self { last: f64::NAN, count: 0.0 }
    }
}

impl EqualRun {
    /// After one `x`, which came after another value.
    pub(in crate::indicators) const fn of(x: f64) -> Self {
        Self { last: x, count: 1.0 }
    }

    #[inline(always)]
    pub(in crate::indicators) fn next(&mut self, x: f64) -> f64 {
        self.count = if x == self.last { self.count + 1.0 } else { 1.0 };
        self.last = x;
        self.count
    }
}
