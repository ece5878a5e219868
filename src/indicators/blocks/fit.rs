use serde::{Deserialize, Serialize};

use super::ladder::{Ladder, Tilt};
use super::{Divisor, Window};

/// Linearly weighted moving average: the newest of n values weighs n, the oldest 1.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wma {
    ladder: Ladder,
    value: WmaValue,
}

impl Wma {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { ladder: Ladder::new(n), value: WmaValue::new(n) }
    }

    /// Takes the next value; the average from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() { f64::NAN } else { self.value.of(self.ladder.next(x)) }
    }
}

/// The mean plus what leaning towards the newest values adds.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::indicators) struct WmaValue {
    n: Divisor,
    lean: f64,
}

impl WmaValue {
    pub(in crate::indicators) fn new(n: usize) -> Self {
        let n = n as f64;
        Self { n: Divisor::new(n), lean: 2.0 / (n * (n + 1.0)) }
    }

    #[inline(always)]
    pub(in crate::indicators) fn of(self, sums: Tilt) -> f64 {
        sums.weighted.mul_add(self.lean, self.n.divide(sums.sum))
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

/// The least-squares line through the last n values; n is at least 2.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LineFit {
    ladder: Ladder,
    window: Window,
    value: LineValue,
}

impl LineFit {
    /// Through `n` values.
    pub fn new(n: usize) -> Self {
        Self { ladder: Ladder::new(n), window: Window::new(n), value: LineValue::new(n) }
    }

    /// Takes the next value; the line from the n-th on, before that of missing values.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> Line {
        if x.is_nan() {
            return Line { slope: f64::NAN, end: f64::NAN };
        }
        self.window.push(x);
        self.value.of(self.ladder.next(x))
    }

    /// The values the line goes through, oldest first.
    pub fn values(&self) -> &[f64] {
        self.window.as_slice()
    }
}

/// Slope and end of the line from the sums of the window.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::indicators) struct LineValue {
    n: Divisor,
    tilt: f64,
    half: f64,
}

impl LineValue {
    pub(in crate::indicators) fn new(n: usize) -> Self {
        let n = n as f64;
        Self { n: Divisor::new(n), tilt: 12.0 / (n * (n * n - 1.0)), half: (n - 1.0) / 2.0 }
    }

    #[inline(always)]
    pub(in crate::indicators) fn of(self, sums: Tilt) -> Line {
        let slope = sums.weighted * self.tilt;
        Line { slope, end: slope.mul_add(self.half, self.n.divide(sums.sum)) }
    }
}
