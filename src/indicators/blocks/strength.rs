use serde::{Deserialize, Serialize};

use super::{Lag, Wilder};

/// Wilder's averages of the rises and of the falls of a value per step.
///
/// Source: J. W. Wilder, "New Concepts in Technical Trading Systems" (1978).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Strength {
    previous: Lag,
    up: Wilder,
    down: Wilder,
}

impl Strength {
    /// With averages of length `n`.
    pub fn new(n: usize) -> Self {
        Self { previous: Lag::new(1), up: Wilder::new(n), down: Wilder::new(n) }
    }

    /// Takes the next value; (average rise, average fall) from the (n + 1)-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64) -> (f64, f64) {
        let change = x - self.previous.next(x);
        if change.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        (self.up.next(change.max(0.0)), self.down.next((-change).max(0.0)))
    }

    /// Takes the next value; the relative strength index, 50 when nothing moved.
    pub fn index(&mut self, x: f64) -> f64 {
        let (up, down) = self.next(x);
        if up + down == 0.0 { 50.0 } else { 100.0 * (up / (up + down)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_of_a_small_table() {
        let mut strength = Strength::new(2);
        let found: Vec<f64> = [1.0, 2.0, 1.0, f64::NAN, 4.0].iter().map(|x| strength.index(*x)).collect();
        assert!(found[0].is_nan() && found[1].is_nan() && found[3].is_nan());
        // Rises 1, 0, 3 and falls 0, 1, 0: averages 0.5 and 0.5, then 1.75 and 0.25.
        assert_eq!((found[2], found[4]), (50.0, 87.5));
        let mut still = Strength::new(1);
        still.index(3.0);
        assert_eq!(still.index(3.0), 50.0);
    }
}
