use serde::{Deserialize, Serialize};

use super::RollingSum;

/// Division by a number that stays the same: rounded as a division is, without its wait.
///
/// Source: P. W. Markstein, "Computation of elementary functions on the IBM RISC System/6000 processor" (1990).
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::indicators) struct Divisor {
    n: f64,
    reciprocal: f64,
}

impl Divisor {
    pub(in crate::indicators) fn new(n: f64) -> Self {
        Self { n, reciprocal: 1.0 / n }
    }

    #[inline(always)]
    pub(in crate::indicators) fn divide(self, x: f64) -> f64 {
        let quotient = x * self.reciprocal;
        let rest = quotient.mul_add(-self.n, x);
        rest.mul_add(self.reciprocal, quotient)
    }
}

/// Simple moving average: the mean of the last n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sma {
    sum: RollingSum,
    n: Divisor,
}

impl Sma {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { sum: RollingSum::new(n), n: Divisor::new(n as f64) }
    }

    /// Takes the next value; the mean from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        self.n.divide(self.sum.next(x))
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

    #[inline(always)]
    fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        if self.count < self.n {
            self.count += 1;
            self.value += (x - self.value) / self.count as f64;
            return if self.count == self.n { self.value } else { f64::NAN };
        }
        // Among other work a selection is cheaper than a branch; the bits are those of `chain`.
        let moved = (1.0 - self.gain).mul_add(self.value, self.gain * x);
        self.value = if x == self.value { self.value } else { moved };
        self.value
    }

    /// `next` for a loop that does little else and waits for this value.
    #[inline(always)]
    fn chain(&mut self, x: f64) -> f64 {
        if self.count < self.n || x.is_nan() {
            return self.next(x);
        }
        self.value = smooth(self.value, x, self.gain);
        self.value
    }
}

/// (1 - gain) y + gain x: one multiplication behind the other bar's result, and flat input stays flat to the last bit.
#[inline(always)]
fn smooth(y: f64, x: f64, gain: f64) -> f64 {
    if x == y {
        return unmoved(y);
    }
    (1.0 - gain).mul_add(y, gain * x)
}

/// Out of line, so that the comparison stays a branch and out of the chain of multiplications.
#[cold]
#[inline(never)]
fn unmoved(y: f64) -> f64 {
    y
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
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        self.0.next(x)
    }

    /// The same value, quicker where nothing else is computed meanwhile.
    #[inline(always)]
    pub(in crate::indicators) fn chain(&mut self, x: f64) -> f64 {
        self.0.chain(x)
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
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        self.0.next(x)
    }

    /// The same value, quicker where nothing else is computed meanwhile.
    #[inline(always)]
    pub(in crate::indicators) fn chain(&mut self, x: f64) -> f64 {
        self.0.chain(x)
    }
}

/// a / b; missing when b is zero.
pub fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { f64::NAN } else { a / b }
}
