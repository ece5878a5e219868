use serde::{Deserialize, Serialize};

use super::RollingSum;

/// Simple moving average: the mean of the last n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sma {
    sum: RollingSum,
    n: f64,
}

impl Sma {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { sum: RollingSum::new(n), n: n as f64 }
    }

    /// Takes the next value; the mean from the n-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        self.sum.next(x) / self.n
    }
}

/// Exponential smoothing that starts from the mean of its first n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Smoother {
    gain: f64,
    n: usize,
    count: usize,
    value: f64,
}

impl Smoother {
    fn new(n: usize, gain: f64) -> Self {
        Self { gain, n, count: 0, value: 0.0 }
    }

    // y + gain (x - y) leaves y untouched when x = y: flat input stays flat to the last bit.
    fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        if self.count < self.n {
            self.count += 1;
            self.value += (x - self.value) / self.count as f64;
            return if self.count == self.n { self.value } else { f64::NAN };
        }
        self.value += self.gain * (x - self.value);
        self.value
    }
}

/// Exponential moving average with gain 2 / (n + 1), started from the mean of its first n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ema(Smoother);

impl Ema {
    /// Of length `n`.
    pub fn new(n: usize) -> Self {
        Self(Smoother::new(n, 2.0 / (n as f64 + 1.0)))
    }

    /// Takes the next value; the average from the n-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        self.0.next(x)
    }
}

/// Wilder's moving average: gain 1 / n, started from the mean of its first n values.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wilder(Smoother);

impl Wilder {
    /// Of length `n`.
    pub fn new(n: usize) -> Self {
        Self(Smoother::new(n, 1.0 / n as f64))
    }

    /// Takes the next value; the average from the n-th on.
    pub fn next(&mut self, x: f64) -> f64 {
        self.0.next(x)
    }
}

/// a / b; missing when b is zero.
pub fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { f64::NAN } else { a / b }
}
