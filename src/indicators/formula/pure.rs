use super::function::Pure;

/// The result of a function on the values of one bar. What a missing value enters is missing, and so is what has no
/// finite value.
#[expect(clippy::inline_always, reason = "becomes part of the loop, compiled for its processor")]
#[inline(always)]
pub(super) fn apply(pure: Pure, a: f64, b: f64, c: f64) -> f64 {
    match pure {
        Pure::Negative => -a,
        Pure::Not => flag(a == 0.0, a, a),
        Pure::Abs => a.abs(),
        // A negative number has none.
        Pure::Sqrt => a.sqrt(),
        Pure::Ln => finite(a.ln()),
        Pure::Exp => finite(a.exp()),
        Pure::Sign => sign(a),
        Pure::Floor => a.floor(),
        Pure::Round => a.round(),
        Pure::Bare | Pure::AsPrice | Pure::AsVolume => a,
        Pure::Add => finite(a + b),
        Pure::Subtract => finite(a - b),
        Pure::Multiply => finite(a * b),
        Pure::Divide => finite(a / b),
        Pure::Less => flag(a < b, a, b),
        Pure::AtMost => flag(a <= b, a, b),
        Pure::Greater => flag(a > b, a, b),
        Pure::AtLeast => flag(a >= b, a, b),
        Pure::Equal => flag(a == b, a, b),
        Pure::Unequal => flag(a != b, a, b),
        Pure::And => flag(a != 0.0 && b != 0.0, a, b),
        Pure::Or => flag(a != 0.0 || b != 0.0, a, b),
        Pure::Min => least(a, b),
        Pure::Max => greatest(a, b),
        Pure::Known => {
            if a.is_nan() {
                b
            } else {
                a
            }
        }
        Pure::Clamp => least(greatest(a, b), c),
        Pure::Choose => {
            if a.is_nan() {
                f64::NAN
            } else if a != 0.0 {
                b
            } else {
                c
            }
        }
    }
}

/// Missing where it would be infinite.
#[inline]
pub(super) fn finite(x: f64) -> f64 {
    if x.is_infinite() { f64::NAN } else { x }
}

#[inline]
fn flag(holds: bool, a: f64, b: f64) -> f64 {
    if a.is_nan() || b.is_nan() { f64::NAN } else { f64::from(u8::from(holds)) }
}

#[inline]
fn sign(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() { x + 0.0 } else { x.signum() }
}

// f64::min and f64::max would drop a missing value.
#[inline]
fn least(a: f64, b: f64) -> f64 {
    if b < a || b.is_nan() { b } else { a }
}

#[inline]
fn greatest(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_stays_missing() {
        let nan = f64::NAN;
        for pure in [Pure::Add, Pure::Less, Pure::Equal, Pure::Unequal, Pure::And, Pure::Or, Pure::Min, Pure::Max] {
            for (a, b) in [(nan, 1.0), (1.0, nan), (nan, nan), (0.0, nan)] {
                assert!(apply(pure, a, b, a).is_nan(), "{pure:?}({a}, {b})");
            }
        }
        assert!(apply(Pure::Clamp, 1.0, nan, 2.0).is_nan() && apply(Pure::Clamp, 1.0, 0.0, nan).is_nan());
        assert!(apply(Pure::Choose, nan, 1.0, 2.0).is_nan());
        assert_eq!(apply(Pure::Choose, 1.0, 5.0, nan), 5.0);
        assert_eq!(apply(Pure::Known, nan, 5.0, nan), 5.0);
    }

    #[test]
    fn what_has_no_finite_value_is_missing() {
        let nothing = [
            apply(Pure::Divide, 1.0, 0.0, 0.0),
            apply(Pure::Divide, 0.0, 0.0, 0.0),
            apply(Pure::Sqrt, -1.0, 0.0, 0.0),
            apply(Pure::Ln, 0.0, 0.0, 0.0),
            apply(Pure::Exp, 1e4, 0.0, 0.0),
            apply(Pure::Multiply, 1e300, 1e300, 0.0),
        ];
        assert!(nothing.iter().all(|x| x.is_nan()));
        assert_eq!([-2.5, -0.0, 3.0].map(|x| apply(Pure::Sign, x, 0.0, 0.0)), [-1.0, 0.0, 1.0]);
    }
}
