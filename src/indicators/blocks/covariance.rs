use serde::{Deserialize, Serialize};

use super::sum::{two_product, two_sum};
use super::{CompensatedSum, Window};

/// Population covariance of the last n pairs, in constant time and with sums of twice the precision of a double.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Covariance {
    x: Window,
    y: Window,
    sum_x: CompensatedSum,
    sum_y: CompensatedSum,
    products: CompensatedSum,
    n: f64,
}

impl Covariance {
    /// Over `n` pairs.
    pub fn new(n: usize) -> Self {
        Self {
            x: Window::new(n),
            y: Window::new(n),
            sum_x: CompensatedSum::default(),
            sum_y: CompensatedSum::default(),
            products: CompensatedSum::default(),
            n: n as f64,
        }
    }

    /// Takes the next pair, unless one of it is missing; the covariance from the n-th on.
    #[inline(always)]
    pub fn next(&mut self, x: f64, y: f64) -> f64 {
        if x.is_nan() || y.is_nan() {
            return f64::NAN;
        }
        self.sum_x.add(x);
        self.sum_y.add(y);
        self.products.add_pair(two_product(x, y));
        if let (Some(x), Some(y)) = (self.x.push(x), self.y.push(y)) {
            let (product, rest) = two_product(x, y);
            self.sum_x.add(-x);
            self.sum_y.add(-y);
            self.products.add_pair((-product, -rest));
        }
        if self.x.is_full() { self.value() } else { f64::NAN }
    }

    // (n sum(x y) - sum(x) sum(y)) / n^2
    fn value(&self) -> f64 {
        let ((x, x_rest), (y, y_rest)) = (self.sum_x.pair(), self.sum_y.pair());
        let (products, products_rest) = self.products.pair();
        let (a, a_rest) = two_product(self.n, products);
        let (b, b_rest) = two_product(x, y);
        let (difference, difference_rest) = two_sum(a, -b);
        let rest = (a_rest - b_rest) + (self.n * products_rest - (x * y_rest + y * x_rest));
        (difference + (difference_rest + rest)) / (self.n * self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_covariance_neither_cancels_nor_drifts() {
        let x: Vec<f64> = (0..50_000_i32).map(|i| 4e4 + f64::from(i * 7919 % 1009) * 1e-3).collect();
        let y: Vec<f64> = (0..50_000_i32).map(|i| 1e3 - f64::from(i * 7919 % 997) * 1e-3).collect();
        let mut covariance = Covariance::new(20);
        for i in 0..x.len() {
            let found = covariance.next(x[i], y[i]);
            covariance.next(f64::NAN, 1.0);
            assert_eq!(found.is_nan(), i < 19);
            if i >= 19 && (i < 60 || i % 997 == 0) {
                let (x, y) = (&x[i - 19..=i], &y[i - 19..=i]);
                let (mx, my) = (crate::stats::mean(x), crate::stats::mean(y));
                let wanted = x.iter().zip(y).map(|(a, b)| (a - mx) * (b - my)).sum::<f64>() / 20.0;
                assert!((found - wanted).abs() < 1e-11, "{i}: {found} for {wanted}");
            }
        }
    }
}
