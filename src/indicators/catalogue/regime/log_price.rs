use serde::{Deserialize, Serialize};

/// Variance of log changes below which only rounding is left.
pub(super) const STILL: f64 = 1e-24;

/// Share of the squared mean change below which a variance is only rounding.
pub(super) const ROUNDING: f64 = 1e-12;

/// Logarithm of the close over the first close, added up from the changes so that small ones keep their digits.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct LogPrice {
    previous: f64,
    level: f64,
}

impl LogPrice {
    pub(super) fn new() -> Self {
        Self { previous: f64::NAN, level: 0.0 }
    }

    /// Change since the close before, missing on the first, and level; a close whose change is no number is passed over.
    pub(super) fn next(&mut self, close: f64) -> (f64, f64) {
        let change = log_ratio(close, self.previous);
        if self.previous.is_nan() || change.is_finite() {
            self.previous = close;
        }
        if change.is_finite() {
            self.level += change;
        }
        (change, self.level)
    }
}

/// ln(a / b), with all its digits where a and b are near each other: 2 artanh((a - b) / (a + b)) as a series.
fn log_ratio(a: f64, b: f64) -> f64 {
    let x = (a - b) / (a + b);
    let y = x * x;
    if y < 1.0 / 1024.0 {
        // The terms left out are below 2^-55.
        let tail = 1.0 / 3.0 + y * (1.0 / 5.0 + y * (1.0 / 7.0 + y * (1.0 / 9.0 + y * (1.0 / 11.0))));
        return 2.0 * x + 2.0 * x * (y * tail);
    }
    (a / b).ln()
}
