use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Deviation, TwoMomentDeviation, ratio, ratio_or_zero};

/// Population deviation of the last n values.
pub trait Spread: Send + Serialize + DeserializeOwned + 'static {
    /// Over `n` values.
    fn new(n: usize) -> Self;

    /// Takes the next value; the deviation from the n-th on.
    fn next(&mut self, x: f64) -> f64;
}

impl Spread for Deviation {
    fn new(n: usize) -> Self {
        Self::new(n)
    }

    fn next(&mut self, x: f64) -> f64 {
        self.next(x)
    }
}

impl Spread for TwoMomentDeviation {
    fn new(n: usize) -> Self {
        Self::new(n)
    }

    fn next(&mut self, x: f64) -> f64 {
        self.next(x)
    }
}

/// How deviations and quotients are computed, for indicators that differ from the Python original in these alone.
pub trait Arithmetic: Send + 'static {
    /// The deviation.
    type Deviation: Spread;

    /// a / b.
    fn ratio(a: f64, b: f64) -> f64;
}

/// Deviations without cancellation; a quotient by zero is missing.
#[derive(Debug)]
pub struct Exact;

impl Arithmetic for Exact {
    type Deviation = Deviation;

    fn ratio(a: f64, b: f64) -> f64 {
        ratio(a, b)
    }
}

/// As in the Python original: deviations from two moments; a quotient by zero is 0.
#[derive(Debug)]
pub struct Original;

impl Arithmetic for Original {
    type Deviation = TwoMomentDeviation;

    fn ratio(a: f64, b: f64) -> f64 {
        ratio_or_zero(a, b)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deviation_and_quotient<A: Arithmetic>() -> (f64, f64) {
        let mut deviation = A::Deviation::new(2);
        deviation.next(3e8);
        (deviation.next(3e8 + 1.0), A::ratio(1.0, 0.0))
    }

    #[test]
    fn the_original_loses_digits_and_divides_by_zero() {
        let (deviation, quotient) = deviation_and_quotient::<Exact>();
        assert!(deviation == 0.5 && quotient.is_nan());
        let (deviation, quotient) = deviation_and_quotient::<Original>();
        assert!(deviation != 0.5 && quotient == 0.0);
    }
}
