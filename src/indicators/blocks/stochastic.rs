use serde::{Deserialize, Serialize};

use super::{Highest, Lowest};

/// Where a value stands in its own range over the last n, in percent, smoothed by a fixed gain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SmoothStochastic {
    lowest: Lowest,
    highest: Highest,
    gain: f64,
    raw: f64,
    smooth: f64,
}

impl SmoothStochastic {
    /// Over `n` values.
    pub fn new(n: usize, gain: f64) -> Self {
        Self { lowest: Lowest::new(n), highest: Highest::new(n), gain, raw: f64::NAN, smooth: f64::NAN }
    }

    /// Takes the next value; (percent, smoothed percent) from the n-th on. While the range is zero the percent keeps its
    /// value, at first `start`.
    #[inline(always)]
    pub fn next(&mut self, x: f64, start: f64) -> (f64, f64) {
        let lowest = self.lowest.next(x);
        let range = self.highest.next(x) - lowest;
        if range.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        if range > 0.0 {
            self.raw = (100.0 * ((x - lowest) / range)).clamp(0.0, 100.0);
        } else if self.raw.is_nan() {
            self.raw = start;
        }
        let before = if self.smooth.is_nan() { self.raw } else { self.smooth };
        self.smooth = before + self.gain * (self.raw - before);
        (self.raw, self.smooth)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_percent_survives_a_flat_range() {
        let mut stochastic = SmoothStochastic::new(2, 0.5);
        let found: Vec<_> = [1.0, 1.0, 3.0, f64::NAN, 3.0, 2.0].iter().map(|x| stochastic.next(*x, 50.0)).collect();
        assert!(found[0].0.is_nan() && found[3].1.is_nan());
        assert_eq!(
            [found[1], found[2], found[4], found[5]],
            [(50.0, 50.0), (100.0, 75.0), (100.0, 87.5), (0.0, 43.75)]
        );
    }
}
