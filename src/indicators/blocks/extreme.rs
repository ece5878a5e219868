use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Highest (`HIGH`) or lowest of the last n values, in constant time per value on average.
///
/// Source: D. Lemire, "Streaming maximum-minimum filter using no more than three comparisons per element" (2006).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Extreme<const HIGH: bool> {
    // Candidates by age, each beaten by none that came after it.
    candidates: VecDeque<(usize, f64)>,
    n: usize,
    count: usize,
}

/// Highest of the last n values.
pub type Highest = Extreme<true>;

/// Lowest of the last n values.
pub type Lowest = Extreme<false>;

impl<const HIGH: bool> Extreme<HIGH> {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { candidates: VecDeque::with_capacity(n + 1), n, count: 0 }
    }

    /// Takes the next value; the extreme from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        while self.candidates.back().is_some_and(|&(_, v)| if HIGH { v <= x } else { v >= x }) {
            self.candidates.pop_back();
        }
        self.candidates.push_back((self.count, x));
        self.count += 1;
        if self.candidates.front().is_some_and(|&(born, _)| born + self.n < self.count) {
            self.candidates.pop_front();
        }
        self.value()
    }

    /// The extreme again; missing until n values came.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        match self.candidates.front() {
            Some(&(_, extreme)) if self.count >= self.n => extreme,
            _ => f64::NAN,
        }
    }

    /// Steps since the extreme came, 0 for the newest value; of equal extremes the most recent counts.
    pub fn age(&self) -> f64 {
        match self.candidates.front() {
            Some(&(born, _)) if self.count >= self.n => (self.count - 1 - born) as f64,
            _ => f64::NAN,
        }
    }
}
