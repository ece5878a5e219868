use serde::{Deserialize, Serialize};

use crate::indicators::blocks::LogReturn;

/// Variance of log changes below which only rounding is left.
pub(super) const STILL: f64 = 1e-24;

/// Share of the squared mean change below which a variance is only rounding.
pub(super) const ROUNDING: f64 = 1e-12;

/// Logarithm of the close over the first close, added up from the changes so that small ones keep their digits.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct LogPrice {
    changes: LogReturn,
    level: f64,
}

impl LogPrice {
    /// Change since the close before, missing on the first, and level.
    #[inline(always)]
    pub(super) fn next(&mut self, close: f64) -> (f64, f64) {
        let change = self.changes.next(close);
        if !change.is_nan() {
            self.level += change;
        }
        (change, self.level)
    }
}
