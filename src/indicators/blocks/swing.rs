use serde::{Deserialize, Serialize};

use super::{Highest, Lowest};

/// Turning points with k bars on either side, known only once the bars after them are: a high that none of the k bars
/// before exceeds and that all k bars after stay below, and lows mirrored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Swings {
    highest: Highest,
    lowest: Lowest,
    side: f64,
}

impl Swings {
    /// With `k` bars on either side, at least one.
    pub fn new(k: usize) -> Self {
        Self { highest: Highest::new(2 * k + 1), lowest: Lowest::new(2 * k + 1), side: k as f64 }
    }

    /// Takes the next bar; the high and the low it confirms, each of which came k bars before.
    #[inline(always)]
    pub fn next(&mut self, high: f64, low: f64) -> (Option<f64>, Option<f64>) {
        let (highest, lowest) = (self.highest.next(high), self.lowest.next(low));
        let turned = |age: f64, extreme: f64| (age == self.side).then_some(extreme);
        (turned(self.highest.age(), highest), turned(self.lowest.age(), lowest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swing_is_known_k_bars_later() {
        let mut swings = Swings::new(2);
        let prices = [1.0, 2.0, 5.0, 5.0, 4.0, 3.0, 3.5, 4.0, 6.0];
        let found: Vec<_> = prices.iter().map(|p| swings.next(*p, *p)).collect();
        // Of equal highs the last turns.
        assert!(found[..5].iter().all(|f| *f == (None, None)));
        assert_eq!(found[5], (Some(5.0), None));
        assert_eq!(found[6], (None, None));
        assert_eq!(found[7], (None, Some(3.0)));
        assert_eq!(found[8], (None, None));
    }
}
