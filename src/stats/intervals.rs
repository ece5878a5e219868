use statrs::distribution::{ContinuousCDF as _, Normal};

use super::Interval;

/// Standard normal distribution function.
pub fn normal_cdf(x: f64) -> f64 {
    Normal::standard().cdf(x)
}

/// Standard normal quantile.
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Wilson score interval of a proportion of independent trials; NaN without trials.
///
/// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
pub fn wilson(successes: usize, n: usize, level: f64) -> Interval {
    if n == 0 {
        return Interval { estimate: f64::NAN, low: f64::NAN, high: f64::NAN };
    }
    let (n, p) = (n as f64, successes as f64 / n as f64);
    let z = normal_quantile(0.5 + level / 2.0);
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends the bound is exact; rounding would leave it a hair off.
    let low = if p == 0.0 { 0.0 } else { centre - half };
    let high = if p == 1.0 { 1.0 } else { centre + half };
    Interval { estimate: p, low, high }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_equals_published_values() {
        // Newcombe (1998), Statistics in Medicine 17, table I: 81/263 and 0/20.
        let a = wilson(81, 263, 0.95);
        assert!((a.low - 0.2553).abs() < 5e-5 && (a.high - 0.3662).abs() < 5e-5, "{a:?}");
        let b = wilson(0, 20, 0.95);
        assert!(b.low == 0.0 && (b.high - 0.1611).abs() < 5e-5, "{b:?}");
    }
}
