use serde::{Deserialize, Serialize};

/// Highest (`HIGH`) or lowest of the last n values and, if `AGED`, its age, in constant time per value on average and
/// nearly without branches.
///
/// The values come in blocks of n. Those of the block before are held as the extreme from each place to the block's
/// end, so the window is one such suffix and the running extreme of the block begun.
///
/// Source: M. van Herk, "A fast algorithm for local minimum and maximum filters on rectangular and octagonal kernels",
/// Pattern Recognition Letters 13 (1992); J. Gil and M. Werman, IEEE PAMI 15 (1993).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sliding<const HIGH: bool, const AGED: bool> {
    /// Before `place` the values of the block begun, from there on the suffix extremes of the block before, and one
    /// worst value at the end.
    values: Vec<f64>,
    /// Where in its block each suffix extreme came.
    born: Vec<u32>,
    place: usize,
    running: f64,
    running_born: usize,
    full: bool,
}

/// Highest of the last n values.
pub type SlidingHigh = Sliding<true, false>;

/// Lowest of the last n values.
pub type SlidingLow = Sliding<false, false>;

/// Highest of the last n values and its age.
pub type AgedHigh = Sliding<true, true>;

/// Lowest of the last n values and its age.
pub type AgedLow = Sliding<false, true>;

impl<const HIGH: bool, const AGED: bool> Sliding<HIGH, AGED> {
    const WORST: f64 = if HIGH { f64::NEG_INFINITY } else { f64::INFINITY };

    /// Over `n` values, at least one.
    pub fn new(n: usize) -> Self {
        let n = n.max(1);
        Self {
            values: vec![Self::WORST; n + 1],
            born: vec![0; if AGED { n + 1 } else { 0 }],
            place: 0,
            running: Self::WORST,
            running_born: 0,
            full: false,
        }
    }

    /// Takes the next value; the extreme from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        if self.place + 1 == self.values.len() {
            self.turn();
        }
        if AGED && !beats::<HIGH>(self.running, x) {
            self.running_born = self.place;
        }
        self.running = if beats::<HIGH>(self.running, x) { self.running } else { x };
        self.values[self.place] = x;
        self.place += 1;
        self.full |= self.place + 1 == self.values.len();
        self.value()
    }

    /// The extreme again; missing until n values came.
    #[inline(always)]
    pub fn value(&self) -> f64 {
        let old = self.values[self.place];
        let extreme = if beats::<HIGH>(old, self.running) { old } else { self.running };
        if self.full { extreme } else { f64::NAN }
    }

    /// Turns the full block into its suffix extremes and begins the next.
    #[cold]
    fn turn(&mut self) {
        let (mut best, mut born) = (Self::WORST, 0);
        for (i, value) in self.values[..self.place].iter_mut().enumerate().rev() {
            if AGED {
                born = if beats::<HIGH>(*value, best) { i as u32 } else { born };
                self.born[i] = born;
            }
            best = if beats::<HIGH>(*value, best) { *value } else { best };
            *value = best;
        }
        (self.place, self.running, self.running_born) = (0, Self::WORST, 0);
    }
}

impl<const HIGH: bool> Sliding<HIGH, true> {
    /// Steps since the extreme came, 0 for the newest value; of equal extremes the most recent counts.
    #[inline(always)]
    pub fn age(&self) -> f64 {
        let old = self.place + self.born.len() - 2 - self.born[self.place] as usize;
        // Before the first value there is no age.
        let new = self.place.wrapping_sub(1 + self.running_born);
        let age = if beats::<HIGH>(self.values[self.place], self.running) { old } else { new };
        if self.full { age as f64 } else { f64::NAN }
    }
}

#[inline]
fn beats<const HIGH: bool>(a: f64, b: f64) -> bool {
    if HIGH { a > b } else { a < b }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_ages_equal_a_search() {
        let mut state = 1_u64;
        let x: Vec<f64> = (0..900)
            .map(|_| {
                state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (state >> 60) as f64
            })
            .collect();
        for n in [1, 2, 3, 7, 50] {
            let (mut high, mut low) = (AgedHigh::new(n), AgedLow::new(n));
            for (i, v) in x.iter().enumerate() {
                let found = (high.next(*v), low.next(*v));
                assert!(high.next(f64::NAN).is_nan());
                if i + 1 < n {
                    assert!(found.0.is_nan() && found.1.is_nan() && high.age().is_nan());
                    continue;
                }
                let window = &x[i + 1 - n..=i];
                let wanted = (
                    window.iter().copied().fold(f64::NEG_INFINITY, f64::max),
                    window.iter().copied().fold(f64::INFINITY, f64::min),
                );
                assert_eq!(found, wanted);
                let age = |extreme: f64| window.iter().rev().position(|v| *v == extreme).unwrap() as f64;
                assert_eq!((high.age(), low.age()), (age(wanted.0), age(wanted.1)), "{n} at {i}");
            }
        }
    }
}
