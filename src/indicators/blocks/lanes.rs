//! Whole slices at once, in interleaved lanes that vector units can work on side by side. The lanes fix the order of
//! additions, so that the result is the same on every processor.

use serde::{Deserialize, Serialize};

use super::sum::two_sum;

const LANES: usize = 8;

/// Many [`super::CompensatedSum`]s side by side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompensatedSums {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl CompensatedSums {
    /// `n` sums.
    pub fn new(n: usize) -> Self {
        Self { high: vec![0.0; n], low: vec![0.0; n] }
    }

    /// Adds one value to each of the first sums.
    #[inline(always)]
    pub fn add(&mut self, x: &[f64]) {
        for ((high, low), x) in self.high.iter_mut().zip(&mut self.low).zip(x) {
            let (sum, error) = two_sum(*high, *x);
            *high = sum;
            *low += error;
        }
    }

    /// Takes one value from each of the first sums.
    #[inline(always)]
    pub fn remove(&mut self, x: &[f64]) {
        for ((high, low), x) in self.high.iter_mut().zip(&mut self.low).zip(x) {
            let (sum, error) = two_sum(*high, -*x);
            *high = sum;
            *low += error;
        }
    }

    /// The sums, each rounded once.
    #[inline(always)]
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.high.iter().zip(&self.low).map(|(high, low)| high + low)
    }
}

/// Sum of a product per pair.
#[inline(always)]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (x, y) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
        for k in 0..LANES {
            sums[k] += x[k] * y[k];
        }
    }
    let whole = a.len().min(b.len()) / LANES * LANES;
    add_up(sums) + a[whole..].iter().zip(&b[whole..]).map(|(x, y)| x * y).sum::<f64>()
}

/// Highest less lowest distance of the values from a line that rises by `slope` per value.
#[inline(always)]
pub fn width_about(x: &[f64], slope: f64) -> f64 {
    let (mut high, mut low) = ([f64::NEG_INFINITY; LANES], [f64::INFINITY; LANES]);
    let mut places: [f64; LANES] = std::array::from_fn(|k| k as f64);
    let mut take = |k: usize, value: f64, places: &mut [f64; LANES]| {
        let distance = value - slope * places[k];
        high[k] = if distance > high[k] { distance } else { high[k] };
        low[k] = if distance < low[k] { distance } else { low[k] };
        places[k] += LANES as f64;
    };
    let chunks = x.chunks_exact(LANES);
    let rest = chunks.remainder();
    for chunk in chunks {
        for k in 0..LANES {
            take(k, chunk[k], &mut places);
        }
    }
    for (k, value) in rest.iter().enumerate() {
        take(k, *value, &mut places);
    }
    high.iter().copied().fold(f64::NEG_INFINITY, f64::max) - low.iter().copied().fold(f64::INFINITY, f64::min)
}

/// Sum of weight times logarithm of value, to within rounding; the values are positive and normal numbers.
#[inline(always)]
pub fn total_of_logs(weights: &[f64], values: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    for (w, v) in weights.chunks_exact(LANES).zip(values.chunks_exact(LANES)) {
        for k in 0..LANES {
            sums[k] += w[k] * log(v[k]);
        }
    }
    let whole = weights.len().min(values.len()) / LANES * LANES;
    add_up(sums) + weights[whole..].iter().zip(&values[whole..]).map(|(w, v)| w * log(*v)).sum::<f64>()
}

#[inline(always)]
fn add_up([a, b, c, d, e, f, g, h]: [f64; LANES]) -> f64 {
    ((a + e) + (c + g)) + ((b + f) + (d + h))
}

/// Natural logarithm of a positive normal number, without branches or calls: ln(2^n m) = n ln 2 + 2 artanh((m - 1) /
/// (m + 1)) with m between the roots of 1/2 and 2, where the terms left out of the series are below 2^-55.
#[inline(always)]
fn log(x: f64) -> f64 {
    const ROOT_OF_HALF: u64 = std::f64::consts::FRAC_1_SQRT_2.to_bits();
    const EXPONENT: u64 = 0xFFF0_0000_0000_0000;
    // 2^52, whose last bits are those of an integer added to it.
    const INTEGER: u64 = 0x4330_0000_0000_0000;
    let excess = x.to_bits().wrapping_sub(ROOT_OF_HALF);
    let m = f64::from_bits(x.to_bits().wrapping_sub(excess & EXPONENT));
    // The exponent may be negative: counted from 2^-1024.
    let count = excess.wrapping_add(1024 << 52) >> 52;
    let n = f64::from_bits(INTEGER | count) - (4_503_599_627_370_496.0 + 1024.0);
    let s = (m - 1.0) / (m + 1.0);
    let y = s * s;
    let z = y * y;
    let low = (1.0 / 3.0 + y * (1.0 / 5.0)) + z * (1.0 / 7.0 + y * (1.0 / 9.0));
    let high = (1.0 / 11.0 + y * (1.0 / 13.0)) + z * (1.0 / 15.0 + y * (1.0 / 17.0 + y * (1.0 / 19.0)));
    let tail = y * (low + (z * z) * high);
    n * std::f64::consts::LN_2 + (2.0 * s + 2.0 * s * tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_library() {
        let powers = (-300..300).map(|i| 10.0_f64.powi(i) * (1.0 + f64::from(i * i) / 1e5));
        let near_one = (-400..400).map(|i| 1.0 + f64::from(i) / 1000.0);
        let ends = [f64::MIN_POSITIVE, f64::MAX, 1.0, 1.0 + f64::EPSILON, std::f64::consts::FRAC_1_SQRT_2, 2.0];
        for x in powers.chain(near_one).chain(ends) {
            assert!((log(x) - x.ln()).abs() <= 4e-16 * x.ln().abs(), "{x}: {} for {}", log(x), x.ln());
        }
    }

    #[test]
    fn sums_side_by_side_forget_what_is_removed() {
        let mut sums = CompensatedSums::new(3);
        for x in [[1e9, -3.7, 0.1], [1e-7, 0.3, 1e17]] {
            sums.add(&x);
        }
        sums.add(&[0.3, 0.4]);
        sums.remove(&[1e9, -3.7, 1e17]);
        sums.remove(&[1e-7, 0.3, 0.1]);
        assert_eq!(sums.values().collect::<Vec<f64>>(), [0.3, 0.4, 0.0]);
    }

    #[test]
    fn slices_of_any_length_are_taken_whole() {
        for n in 0..40_u16 {
            let a: Vec<f64> = (0..n).map(|i| f64::from(i * i % 17) + 1.0).collect();
            let b: Vec<f64> = (0..n).map(|i| f64::from(i % 5) - 2.0).collect();
            let pairs = || a.iter().zip(&b);
            assert_eq!(dot(&a, &b), pairs().map(|(x, y)| x * y).sum::<f64>());
            let logs: f64 = pairs().map(|(x, y)| y * x.ln()).sum();
            assert!((total_of_logs(&b, &a) - logs).abs() < 1e-13);
            if n > 0 {
                let distances: Vec<f64> = a.iter().zip(0..n).map(|(x, i)| x - 0.5 * f64::from(i)).collect();
                let high = distances.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let low = distances.iter().copied().fold(f64::INFINITY, f64::min);
                assert_eq!(width_about(&a, 0.5), high - low);
            }
        }
    }
}
