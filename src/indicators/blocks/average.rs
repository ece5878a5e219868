use serde::{Deserialize, Serialize};

use super::{RollingSum, Smooth};

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

/// Exponential moving average with gain 2 / (n + 1), started from the mean of its first n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ema(Smooth);

impl Ema {
    /// Of length `n`.
    pub fn new(n: usize) -> Self {
        Self(Smooth::ema(n))
    }

    /// Takes the next value; the average from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        self.0.next(x)
    }

    /// [`Smooth::run`].
    #[inline(always)]
    pub(in crate::indicators) fn run(&mut self, values: &mut [f64]) {
        self.0.run(values);
    }
}

/// Wilder's moving average: gain 1 / n, started from the mean of its first n values.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wilder(Smooth);

impl Wilder {
    /// Of length `n`.
    pub fn new(n: usize) -> Self {
        Self(Smooth::wilder(n))
    }

    /// Takes the next value; the average from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        self.0.next(x)
    }

    /// [`Smooth::run`].
    #[inline(always)]
    pub(in crate::indicators) fn run(&mut self, values: &mut [f64]) {
        self.0.run(values);
    }

    /// [`Smooth::run_over`].
    #[inline(always)]
    pub(in crate::indicators) fn run_over(&mut self, inputs: impl Iterator<Item = f64>, out: &mut [f64]) {
        self.0.run_over(inputs, out);
    }

    /// [`Smooth::run_both`].
    #[inline(always)]
    pub(in crate::indicators) fn run_both([a, b]: [&mut Self; 2], xs: &mut [f64], zs: &mut [f64]) {
        Smooth::run_both([&mut a.0, &mut b.0], xs, zs);
    }
}

/// a / b; missing when b is zero.
pub fn ratio(a: f64, b: f64) -> f64 {
    if b == 0.0 { f64::NAN } else { a / b }
}
