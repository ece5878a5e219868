use serde::{Deserialize, Serialize};

use crate::market::Bar;

/// (high + low) / 2.
pub fn median_price(bar: &Bar) -> f64 {
    f64::midpoint(bar.high, bar.low)
}

/// (high + low + close) / 3.
pub fn typical_price(bar: &Bar) -> f64 {
    (bar.high + bar.low + bar.close) / 3.0
}

/// A bar's range widened to the close before it.
#[derive(Debug, Clone, Copy)]
pub struct TrueRangeBar {
    /// The higher of high and previous close.
    pub high: f64,
    /// The lower of low and previous close.
    pub low: f64,
    /// high - low.
    pub range: f64,
}

/// Wilder's true range; missing on the first bar.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct TrueRange {
    previous_close: Option<f64>,
}

impl TrueRange {
    /// Takes the next bar.
    #[inline(always)]
    pub fn next(&mut self, bar: &Bar) -> TrueRangeBar {
        let Some(close) = self.previous_close.replace(bar.close) else {
            return TrueRangeBar { high: f64::NAN, low: f64::NAN, range: f64::NAN };
        };
        let (high, low) = (bar.high.max(close), bar.low.min(close));
        TrueRangeBar { high, low, range: high - low }
    }
}

/// Crossing of two lines: 1 when a rises above b, -1 when it falls below, else 0. Touching and turning back is no
/// crossing: the side is that of the last unequal pair.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Cross {
    side: Option<f64>,
}

impl Cross {
    /// Takes the next pair; missing on the first.
    #[inline(always)]
    pub fn next(&mut self, a: f64, b: f64) -> f64 {
        let difference = a - b;
        if difference.is_nan() {
            return f64::NAN;
        }
        let side = if difference == 0.0 { 0.0 } else { difference.signum() };
        let Some(before) = self.side else {
            self.side = Some(side);
            return f64::NAN;
        };
        if side != 0.0 {
            self.side = Some(side);
        }
        if side * before < 0.0 { side } else { 0.0 }
    }
}
