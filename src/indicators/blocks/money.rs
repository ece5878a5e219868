use serde::{Deserialize, Serialize};

use crate::market::Bar;

/// Where the close lies in the bar: 1 at the high, -1 at the low, 0 in the middle or when the bar has no range.
pub fn close_location(bar: &Bar) -> f64 {
    let range = bar.high - bar.low;
    if range > 0.0 { ((2.0 * bar.close - bar.low - bar.high) / range).clamp(-1.0, 1.0) } else { 0.0 }
}

/// A running total without bound. What is missing or infinite is left out, so one bad value does not spoil the rest.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Total(f64);

impl Total {
    /// Adds the next value; the total so far.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        let total = self.0 + x;
        if total.is_finite() {
            self.0 = total;
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_leaves_out_what_is_no_number() {
        let mut total = Total::default();
        let totals: Vec<f64> = [1.0, f64::NAN, f64::INFINITY, 2.5].iter().map(|x| total.next(*x)).collect();
        assert_eq!(totals, [1.0, 1.0, 1.0, 3.5]);
    }

    #[test]
    fn the_close_is_located_in_its_bar() {
        let bar = |high, low, close| Bar { timestamp: 0, open: close, high, low, close, volume: 1.0 };
        assert_eq!(close_location(&bar(4.0, 2.0, 4.0)), 1.0);
        assert_eq!(close_location(&bar(4.0, 2.0, 2.5)), -0.5);
        assert_eq!(close_location(&bar(4.0, 4.0, 4.0)), 0.0);
    }
}
