use serde::{Deserialize, Serialize};

/// One step of exponential smoothing, y + gain (x - y), as one product and one fused operation, so that a step waits for
/// the one before no longer than that takes. The weights of y and x add up to 1 exactly, and the smaller one's product is
/// the one that is rounded: flat input stays flat to the last bit.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Blend {
    keep: f64,
    gain: f64,
}

impl Blend {
    /// With a gain from 0 to 1.
    pub fn new(gain: f64) -> Self {
        let keep = 1.0 - gain;
        // A gain from a half on leaves an exact rest; a smaller one is rounded to what its rest leaves.
        if gain < 0.5 { Self { keep, gain: 1.0 - keep } } else { Self { keep, gain } }
    }

    /// y moved towards x.
    #[inline]
    pub fn step(self, y: f64, x: f64) -> f64 {
        if self.gain < 0.5 { self.keep.mul_add(y, self.gain * x) } else { self.gain.mul_add(x, self.keep * y) }
    }
}

/// Exponential smoothing that starts from the mean of its first n values: the fast form of `Ema` and `Wilder`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Smooth {
    blend: Blend,
    n: usize,
    count: usize,
    value: f64,
}

impl Smooth {
    /// Exponential moving average of length `n`: gain 2 / (n + 1).
    pub fn ema(n: usize) -> Self {
        Self::new(n, 2.0 / (n as f64 + 1.0))
    }

    /// Wilder's moving average of length `n`: gain 1 / n.
    pub fn wilder(n: usize) -> Self {
        Self::new(n, 1.0 / n as f64)
    }

    fn new(n: usize, gain: f64) -> Self {
        Self { blend: Blend::new(gain), n, count: 0, value: 0.0 }
    }

    /// Takes the next value; the average from the n-th on.
    #[inline]
    pub fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        if self.count < self.n {
            self.count += 1;
            self.value += (x - self.value) / self.count as f64;
            return if self.count == self.n { self.value } else { f64::NAN };
        }
        self.value = self.blend.step(self.value, x);
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Ema, Wilder};
    use super::*;

    #[test]
    fn the_fast_forms_equal_the_plain_ones() {
        let x: Vec<f64> = (0..500).map(|i| 100.0 + f64::from(i * i % 37) + 0.1 * f64::from(i % 7)).collect();
        for n in [1, 2, 3, 4, 14, 200] {
            let (mut ema, mut plain_ema) = (Smooth::ema(n), Ema::new(n));
            let (mut wilder, mut plain_wilder) = (Smooth::wilder(n), Wilder::new(n));
            for v in &x {
                for (found, wanted) in [(ema.next(*v), plain_ema.next(*v)), (wilder.next(*v), plain_wilder.next(*v))] {
                    assert!(found.is_nan() && wanted.is_nan() || (found / wanted - 1.0).abs() < 1e-14);
                }
                assert!(ema.next(f64::NAN).is_nan());
            }
        }
    }

    #[test]
    fn flat_input_stays_flat_to_the_last_bit() {
        for n in 1..300 {
            let mut x = 1.0;
            let (ema, wilder) = (Blend::new(2.0 / (f64::from(n) + 1.0)), Blend::new(1.0 / f64::from(n)));
            for _ in 0..200 {
                assert_eq!((ema.step(x, x), wilder.step(x, x)), (x, x), "{n}");
                x *= 1.0137;
            }
        }
    }
}
