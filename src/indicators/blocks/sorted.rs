use serde::{Deserialize, Serialize};

use super::Window;

/// The last n values in order of size, for medians, quantiles and ranks. A step costs a binary search and a move within
/// n values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SortedWindow {
    window: Window,
    sorted: Vec<f64>,
}

impl SortedWindow {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self { window: Window::new(n), sorted: Vec::with_capacity(n + 1) }
    }

    /// Takes the next value, unless it is missing; true once n values came.
    #[inline(always)]
    pub fn push(&mut self, x: f64) -> bool {
        if x.is_nan() {
            return false;
        }
        // 0 and -0 are one value here.
        let x = x + 0.0;
        if let Some(leaving) = self.window.push(x) {
            let at = self.sorted.partition_point(|v| *v < leaving);
            self.sorted.remove(at);
        }
        let at = self.sorted.partition_point(|v| *v < x);
        self.sorted.insert(at, x);
        self.window.is_full()
    }

    /// The values, smallest first.
    pub fn as_slice(&self) -> &[f64] {
        &self.sorted
    }

    /// The middle value, or the mean of the two middle values; missing without values.
    pub fn median(&self) -> f64 {
        let n = self.sorted.len();
        if n == 0 {
            return f64::NAN;
        }
        f64::midpoint(self.sorted[(n - 1) / 2], self.sorted[n / 2])
    }

    /// How many of the values are below `x`.
    pub fn below(&self, x: f64) -> usize {
        self.sorted.partition_point(|v| *v < x)
    }

    /// How many of the values are at most `x`.
    pub fn up_to(&self, x: f64) -> usize {
        self.sorted.partition_point(|v| *v <= x)
    }
}
