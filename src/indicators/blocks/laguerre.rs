use serde::{Deserialize, Serialize};

/// Four-element Laguerre filter: an exponential average followed by three all-pass stages of the same gain.
///
/// Source: J. F. Ehlers, "Time Warp - Without Space Travel" (2002).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Laguerre {
    levels: [f64; 4],
}

impl Default for Laguerre {
    fn default() -> Self {
        Self { levels: [f64::NAN; 4] }
    }
}

impl Laguerre {
    /// Takes the next value, at first as the value of every stage; `gain` is 1 - gamma.
    #[inline(always)]
    pub fn next(&mut self, x: f64, gain: f64) {
        if x.is_nan() || gain.is_nan() {
            return;
        }
        if self.levels[0].is_nan() {
            self.levels = [x; 4];
            return;
        }
        let [l0, l1, l2, l3] = self.levels;
        let keep = 1.0 - gain;
        // -k a + b + k c is b + k (c - a): flat input stays flat to the last bit.
        let a = l0 + gain * (x - l0);
        let b = l0 + keep * (l1 - a);
        let c = l1 + keep * (l2 - b);
        let d = l2 + keep * (l3 - c);
        self.levels = [a, b, c, d];
    }

    /// Puts the stages where they are said to be.
    pub fn set(&mut self, levels: [f64; 4]) {
        self.levels = levels;
    }

    /// The stages.
    pub fn levels(&self) -> [f64; 4] {
        self.levels
    }

    /// The stages weighted 1, 2, 2, 1.
    pub fn filter(&self) -> f64 {
        let [a, b, c, d] = self.levels;
        (a + 2.0 * (b + c) + d) / 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_passes_through_the_stages() {
        let mut filter = Laguerre::default();
        filter.next(f64::NAN, 0.5);
        assert!(filter.filter().is_nan());
        filter.next(0.0, 0.5);
        filter.next(8.0, 0.5);
        assert_eq!(filter.levels(), [4.0, -2.0, 1.0, -0.5]);
        filter.next(f64::NAN, 0.5);
        filter.next(8.0, 0.5);
        assert_eq!(filter.levels(), [6.0, 0.0, -1.5, 1.5]);
        assert_eq!(filter.filter(), (6.0 - 3.0 + 1.5) / 6.0);
    }
}
