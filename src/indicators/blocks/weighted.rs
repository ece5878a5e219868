use serde::{Deserialize, Serialize};

use super::sum::{two_product, two_sum};
use super::{CompensatedSum, Window};

/// Mean and population standard deviation of the last n values by weight.
///
/// The moments are carried to twice the precision of a double. Values of weight zero count as steps only.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WeightedDeviation {
    values: Window,
    weights: Window,
    weight: CompensatedSum,
    sum: CompensatedSum,
    squares: CompensatedSum,
    n: usize,
    /// The last value with a weight, and the steps for which no other had one.
    last: f64,
    equal: usize,
    /// Steps since the last weight.
    idle: usize,
}

impl WeightedDeviation {
    /// Over `n` values.
    pub fn new(n: usize) -> Self {
        Self {
            values: Window::new(n),
            weights: Window::new(n),
            weight: CompensatedSum::default(),
            sum: CompensatedSum::default(),
            squares: CompensatedSum::default(),
            n,
            last: f64::NAN,
            equal: 0,
            idle: 0,
        }
    }

    /// Takes the next value and its weight, which is not negative; (mean, deviation) from the n-th on, missing while
    /// all weights are zero.
    #[inline(always)]
    pub fn next(&mut self, x: f64, weight: f64) -> (f64, f64) {
        if x.is_nan() || weight.is_nan() {
            return (f64::NAN, f64::NAN);
        }
        self.idle = if weight > 0.0 { 0 } else { self.idle + 1 };
        self.equal = if weight > 0.0 && x != self.last { 1 } else { self.equal + 1 };
        if weight > 0.0 {
            self.last = x;
        }
        self.add(x, weight, 1.0);
        if let (Some(x), Some(weight)) = (self.values.push(x), self.weights.push(weight)) {
            self.add(x, weight, -1.0);
        }
        if !self.values.is_full() || self.idle >= self.n {
            (f64::NAN, f64::NAN)
        } else if self.equal >= self.n {
            (self.last, 0.0)
        } else {
            self.moments()
        }
    }

    /// Adds or, with sign -1, removes a value.
    fn add(&mut self, x: f64, weight: f64, sign: f64) {
        let weight = sign * weight;
        let (first, first_rest) = two_product(weight, x);
        let (second, second_rest) = two_product(first, x);
        self.weight.add(weight);
        self.sum.add_pair((first, first_rest));
        self.squares.add_pair((second, first_rest.mul_add(x, second_rest)));
    }

    // sqrt(sum(w) sum(w x^2) - sum(w x)^2) / sum(w)
    fn moments(&self) -> (f64, f64) {
        let (weight, weight_rest) = self.weight.pair();
        let (sum, sum_rest) = self.sum.pair();
        let (squares, squares_rest) = self.squares.pair();
        let (a, a_rest) = two_product(weight, squares);
        let (b, b_rest) = two_product(sum, sum);
        let (difference, difference_rest) = two_sum(a, -b);
        let cross = weight * squares_rest + weight_rest * squares - 2.0 * sum * sum_rest;
        let rest = (a_rest - b_rest) + cross;
        (sum / weight, (difference + (difference_rest + rest)).max(0.0).sqrt() / weight)
    }
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    #[test]
    fn moments_equal_their_definition_over_a_long_walk() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(4);
        let (mut x, mut pairs) = (40_000.0, Vec::new());
        let mut rolling = WeightedDeviation::new(30);
        for i in 0..60_000 {
            x += rng.random::<f64>() - 0.5;
            let weight = if rng.random::<f64>() < 0.2 { 0.0 } else { 1000.0 * rng.random::<f64>() };
            pairs.push((x, weight));
            let (mean, deviation) = rolling.next(x, weight);
            assert_eq!(mean.is_nan(), i < 29);
            if i >= 29 && i % 997 == 0 {
                let window = &pairs[i - 29..=i];
                let total: f64 = window.iter().map(|p| p.1).sum();
                let centre = window.iter().map(|p| (p.0 - x) * p.1).sum::<f64>() / total;
                let square = window.iter().map(|p| (p.0 - x - centre).powi(2) * p.1).sum::<f64>() / total;
                assert!((mean - x - centre).abs() < 1e-10);
                assert!((deviation / square.sqrt() - 1.0).abs() < 1e-11, "{i}");
            }
        }
    }

    #[test]
    fn still_windows_are_exact() {
        let mut rolling = WeightedDeviation::new(3);
        let mut next = |x, weight| rolling.next(x, weight);
        next(1e8, 7.7);
        next(0.1, 0.3);
        next(0.1, 0.7);
        assert_eq!(next(0.1, 0.9), (0.1, 0.0));
        assert_eq!(next(5.0, 0.0), (0.1, 0.0));
        next(5.0, 0.0);
        assert!(next(5.0, 0.0).0.is_nan());
        assert_eq!(next(5.0, 2.0), (5.0, 0.0));
    }
}
