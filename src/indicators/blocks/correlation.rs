use serde::{Deserialize, Serialize};

use super::sum::{two_product, two_sum};
use super::{CompensatedSum, Window};

/// Pearson's correlation of the last n pairs, in constant time; the moments are carried to twice the precision of a
/// double.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Correlation {
    x: Moments,
    y: Moments,
    products: CompensatedSum,
    n: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Moments {
    window: Window,
    sum: CompensatedSum,
    squares: CompensatedSum,
    last: f64,
    equal: f64,
}

impl Moments {
    fn new(n: usize) -> Self {
        Self {
            window: Window::new(n),
            sum: CompensatedSum::default(),
            squares: CompensatedSum::default(),
            last: f64::NAN,
            equal: 0.0,
        }
    }

    /// Takes the next value; the one it pushes out.
    fn next(&mut self, x: f64) -> Option<f64> {
        self.equal = if x == self.last { self.equal + 1.0 } else { 1.0 };
        self.last = x;
        self.sum.add(x);
        self.squares.add_pair(two_product(x, x));
        let leaving = self.window.push(x)?;
        let (square, error) = two_product(leaving, leaving);
        self.sum.add(-leaving);
        self.squares.add_pair((-square, -error));
        Some(leaving)
    }

    /// n times the sum of squared distances from the mean.
    fn spread(&self, n: f64) -> f64 {
        centred(n, self.squares.pair(), self.sum.pair(), self.sum.pair())
    }
}

impl Correlation {
    /// Over `n` pairs.
    pub fn new(n: usize) -> Self {
        Self { x: Moments::new(n), y: Moments::new(n), products: CompensatedSum::default(), n: n as f64 }
    }

    /// Takes the next pair; from the n-th on, between -1 and 1, missing when one side does not vary.
    #[inline(always)]
    pub fn next(&mut self, x: f64, y: f64) -> f64 {
        if x.is_nan() || y.is_nan() {
            return f64::NAN;
        }
        self.products.add_pair(two_product(x, y));
        if let (Some(x), Some(y)) = (self.x.next(x), self.y.next(y)) {
            let (product, error) = two_product(x, y);
            self.products.add_pair((-product, -error));
        }
        if !self.x.window.is_full() || self.x.equal >= self.n || self.y.equal >= self.n {
            return f64::NAN;
        }
        let together = centred(self.n, self.products.pair(), self.x.sum.pair(), self.y.sum.pair());
        let apart = self.x.spread(self.n).sqrt() * self.y.spread(self.n).sqrt();
        if apart > 0.0 { (together / apart).clamp(-1.0, 1.0) } else { f64::NAN }
    }
}

/// n a - b c of pairs, free of cancellation.
fn centred(n: f64, (a, a_rest): (f64, f64), (b, b_rest): (f64, f64), (c, c_rest): (f64, f64)) -> f64 {
    let (left, left_rest) = two_product(n, a);
    let (right, right_rest) = two_product(b, c);
    let (difference, difference_rest) = two_sum(left, -right);
    let rest = (left_rest - right_rest) + (n * a_rest - b * c_rest - b_rest * c);
    difference + (difference_rest + rest)
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};

    use super::*;

    #[test]
    fn correlation_equals_its_definition_over_a_long_walk() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let mut correlation = Correlation::new(25);
        let (mut x, mut pairs) = (40_000.0, Vec::new());
        for i in 0..60_000 {
            x += rng.random::<f64>() - 0.5;
            let y = 0.3 * x + 1e6 * rng.random::<f64>();
            pairs.push((x, y));
            let found = correlation.next(x, y);
            assert_eq!(found.is_nan(), i < 24);
            if i >= 24 && i % 997 == 0 {
                let window = &pairs[i - 24..=i];
                let mean = |side: fn(&(f64, f64)) -> f64| window.iter().map(side).sum::<f64>() / 25.0;
                let (mx, my) = (mean(|p| p.0), mean(|p| p.1));
                let moment = |f: &dyn Fn(f64, f64) -> f64| window.iter().map(|p| f(p.0 - mx, p.1 - my)).sum::<f64>();
                let wanted = moment(&|a, b| a * b) / (moment(&|a, _| a * a) * moment(&|_, b| b * b)).sqrt();
                assert!((found - wanted).abs() < 1e-10, "{i}: {found} for {wanted}");
            }
        }
    }

    #[test]
    fn a_still_side_has_no_correlation() {
        let mut correlation = Correlation::new(3);
        let pairs = [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0), (f64::NAN, 1.0), (3.0, 1.0), (3.0, 9.0), (4.0, 9.5)];
        let found: Vec<f64> = pairs.iter().map(|(x, y)| correlation.next(*x, *y)).collect();
        assert!(found[..2].iter().all(|v| v.is_nan()) && found[3].is_nan() && found[5].is_nan());
        assert_eq!(found[2], 1.0);
        assert!(found[6] > 0.0);
    }
}
