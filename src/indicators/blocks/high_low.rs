use serde::{Deserialize, Serialize};

/// Highest high and lowest low of the last n bars, in constant time and without a branch that depends on the values.
///
/// The bars come in blocks of n. The extremes of the block under way and those of the rest of the block before it, made
/// once when that block ended, cover the window together.
///
/// Source: M. van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels"
/// (1992); J. Gil and M. Werman, "Computing 2-D min, median, and max filters" (1993).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HighLow {
    // Before `place` the block under way, from it on the extremes of the block before from there to its end.
    rest: Vec<[f64; 2]>,
    place: usize,
    full: bool,
    block: [f64; 2],
}

const NONE: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

impl HighLow {
    /// Over `n` bars, at least one.
    pub fn new(n: usize) -> Self {
        Self { rest: vec![NONE; n.max(1) + 1], place: 0, full: false, block: NONE }
    }

    /// Takes the next high and low; (highest, lowest) from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, high: f64, low: f64) -> (f64, f64) {
        if high.is_nan() || low.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        self.block = join(self.block, [high, low]);
        self.rest[self.place] = [high, low];
        self.place += 1;
        let [highest, lowest] = join(self.block, self.rest[self.place]);
        if self.place + 1 == self.rest.len() {
            self.close_block();
        }
        if self.full { (highest, lowest) } else { (f64::NAN, f64::NAN) }
    }

    fn close_block(&mut self) {
        for i in (0..self.place).rev() {
            self.rest[i] = join(self.rest[i], self.rest[i + 1]);
        }
        self.place = 0;
        self.full = true;
        self.block = NONE;
    }
}

#[inline(always)]
fn join(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [if a[0] > b[0] { a[0] } else { b[0] }, if a[1] < b[1] { a[1] } else { b[1] }]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_equal_a_search() {
        let highs: Vec<f64> = (0..300).map(|i| f64::from(i * i * 7919 % 613)).collect();
        let lows: Vec<f64> = (0..300).map(|i| f64::from(i * 5 % 11) - f64::from(i * i % 97)).collect();
        for n in [1, 2, 7, 50] {
            let mut window = HighLow::new(n);
            for i in 0..300 {
                let found = window.next(highs[i], lows[i]);
                if i + 1 < n {
                    assert!(found.0.is_nan() && found.1.is_nan());
                    assert!(window.next(f64::NAN, 0.0).0.is_nan());
                    continue;
                }
                let highest = highs[i + 1 - n..=i].iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let lowest = lows[i + 1 - n..=i].iter().copied().fold(f64::INFINITY, f64::min);
                assert_eq!(found, (highest, lowest), "{n} at {i}");
            }
        }
    }
}
