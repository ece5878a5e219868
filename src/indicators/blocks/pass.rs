//! Passes over a whole window, several values at a time.

/// The sum of f over a window, made anew in one pass, four values at a time.
#[inline(always)]
pub fn sum_of(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut sums = [0.0; 4];
    let (fours, rest) = values.as_chunks::<4>();
    for four in fours {
        for (sum, x) in sums.iter_mut().zip(four) {
            *sum += f(*x);
        }
    }
    let mut last = 0.0;
    for x in rest {
        last += f(*x);
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + last
}

/// How many values are below `x`, in one pass: for windows up to some thousands faster than keeping them sorted.
#[inline(always)]
pub fn count_below(values: &[f64], x: f64) -> usize {
    values.iter().filter(|value| **value < x).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_sums_every_value_once() {
        let x: Vec<f64> = (1..=40).map(f64::from).collect();
        for n in 0..=40 {
            assert_eq!(sum_of(&x[..n], |v| v * v), (n * (n + 1) * (2 * n + 1)) as f64 / 6.0);
            assert_eq!(count_below(&x[..n], 20.0), n.min(19));
        }
    }
}
