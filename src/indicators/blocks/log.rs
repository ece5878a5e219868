use serde::{Deserialize, Serialize};

/// ln(a / b) of positive numbers; missing for others.
///
/// Near a = b the series of 2 artanh((a - b) / (a + b)) is taken, which keeps every digit of a small result (a / b
/// rounds them away) and costs less than the logarithm.
pub fn log_ratio(a: f64, b: f64) -> f64 {
    if !(a > 0.0 && b > 0.0) {
        return f64::NAN;
    }
    let x = (a - b) / (a + b);
    if x.abs() < 0.0625 {
        let y = x * x;
        // Terms beyond are below half a unit in the last place.
        let tail = 1.0 / 11.0 + y * (1.0 / 13.0 + y * (1.0 / 15.0));
        let sum = 1.0 / 3.0 + y * (1.0 / 5.0 + y * (1.0 / 7.0 + y * (1.0 / 9.0 + y * tail)));
        return 2.0 * (x + x * (y * sum));
    }
    let quotient = a / b;
    if quotient > 0.0 && quotient.is_finite() { quotient.ln() } else { a.ln() - b.ln() }
}

/// Logarithm of a price over the one before it; missing on the first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LogReturn {
    // 0 before the first price, which makes the first return missing.
    previous: f64,
}

impl LogReturn {
    /// Takes the next price, unless it is missing.
    #[inline(always)]
    pub fn next(&mut self, price: f64) -> f64 {
        if price.is_nan() {
            return f64::NAN;
        }
        log_ratio(price, std::mem::replace(&mut self.previous, price))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_of_a_ratio_keeps_its_digits() {
        for i in 0..4000 {
            let b = 1.0 + f64::from(i) * 0.37;
            for step in [1e-13, 1e-9, 1e-5, 0.003, 0.06, 0.13, 0.14, 1.7] {
                for a in [b * (1.0 + step), b / (1.0 + step)] {
                    // ln_1p of the exact difference keeps the digits too.
                    let wanted = ((a - b) / b).ln_1p();
                    let found = log_ratio(a, b);
                    assert!((found - wanted).abs() <= 1e-15 * wanted.abs(), "{a} {b}: {found} for {wanted}");
                }
            }
            assert_eq!(log_ratio(b, b), 0.0);
        }
    }

    #[test]
    fn returns_need_two_positive_prices() {
        for (a, b) in [(0.0, 1.0), (1.0, 0.0), (-1.0, -1.0), (f64::NAN, 1.0)] {
            assert!(log_ratio(a, b).is_nan(), "{a} {b}");
        }
        assert!((log_ratio(1e300, 1e-300) - 600.0 * std::f64::consts::LN_10).abs() < 1e-12);
        let mut returns = LogReturn::default();
        let found = [2.0, f64::NAN, 4.0, -1.0, 4.0, 2.0].map(|price| returns.next(price));
        let two = std::f64::consts::LN_2;
        assert_eq!((found[2], found[5]), (two, -two));
        assert!([0, 1, 3, 4].iter().all(|&i| found[i].is_nan()));
    }
}
