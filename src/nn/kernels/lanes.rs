use rayon::prelude::*;

use super::{Arena, Buffer};
use crate::nn::real::Real;
use std::sync::Arc;

/// Partial sums kept side by side: as many as the widest vectors hold.
pub(super) const LANES: usize = 16;
/// Rows handled as one unit of work, by which sums over rows are grouped.
pub(in crate::nn) const ROWS: usize = 64;
/// Least numbers of a unit worth handing to another thread.
const GRAIN: usize = 1 << 14;

/// A function over slices of `R: Real` that is compiled for each kind of vectors and runs with the widest of this CPU.
/// What it calls must be `inline(always)`. Not a plain closure for pulp: its body would be compiled once, for plain code.
macro_rules! kernel {
    ($(#[$doc:meta])* $visible:vis fn $name:ident($($argument:ident: $kind:ty),* $(,)?) $body:block) => {
        $(#[$doc])*
        $visible fn $name<'a, R: Real>($($argument: $kind),*) {
            struct Arguments<'a, R> {
                $($argument: $kind),*
            }

            impl<'a, R: Real> pulp::NullaryFnOnce for Arguments<'a, R> {
                type Output = ();

                #[inline(always)]
                fn call(self) {
                    let Self { $($argument),* } = self;
                    $body
                }
            }

            pulp::Arch::new().dispatch(Arguments { $($argument),* });
        }
    };
}
pub(in crate::nn) use kernel;

/// Units of [`ROWS`] rows of `width` numbers that one thread takes at least.
pub(super) fn grain(width: usize) -> usize {
    (GRAIN / (ROWS * width.max(1))).max(1)
}

/// Folds the lanes in a fixed order.
#[inline(always)]
fn fold<R: Real>(mut lanes: [R; LANES]) -> R {
    let mut n = LANES;
    while n > 1 {
        n /= 2;
        for i in 0..n {
            let other = lanes[i + n];
            lanes[i] += other;
        }
    }
    lanes[0]
}

/// Sum of `f` over pairs of numbers.
#[inline(always)]
pub(super) fn sum2<R: Real>(x: &[R], y: &[R], f: impl Fn(R, R) -> R) -> R {
    let mut lanes = [R::from_f64(0.0); LANES];
    let (xs, x_tail) = x.as_chunks::<LANES>();
    let (ys, y_tail) = y.as_chunks::<LANES>();
    for (x, y) in xs.iter().zip(ys) {
        for i in 0..LANES {
            lanes[i] += f(x[i], y[i]);
        }
    }
    for (i, (&x, &y)) in x_tail.iter().zip(y_tail).enumerate() {
        lanes[i] += f(x, y);
    }
    fold(lanes)
}

/// Sum of `f` over numbers.
#[inline(always)]
pub(super) fn sum1<R: Real>(x: &[R], f: impl Fn(R) -> R) -> R {
    sum2(x, x, |x, _| f(x))
}

/// Largest number.
#[inline(always)]
pub(super) fn largest<R: Real>(x: &[R]) -> R {
    let mut lanes = [x[0]; LANES];
    let pick = |a: R, b: R| if b > a { b } else { a };
    let (chunks, tail) = x.as_chunks::<LANES>();
    for x in chunks {
        for i in 0..LANES {
            lanes[i] = pick(lanes[i], x[i]);
        }
    }
    for (i, &x) in tail.iter().enumerate() {
        lanes[i] = pick(lanes[i], x);
    }
    lanes.into_iter().fold(x[0], pick)
}

kernel! {
    /// Adds `rows` of `total.len()` numbers to `total`, in their order.
    pub(in crate::nn) fn reduce_sums(rows: &'a [R], total: &'a mut [R]) {
        for row in rows.chunks_exact(total.len()) {
            for (sum, &value) in total.iter_mut().zip(row) {
                *sum += value;
            }
        }
    }
}

/// Adds the sums of the columns of `x`, rows of `total.len()` numbers, to `total`.
pub(in crate::nn) fn column_sums<R: Real>(arena: &Arc<Arena<R>>, x: &[R], total: &mut [R]) {
    let width = total.len();
    let mut parts: Buffer<R> = arena.zeros(x.len().div_ceil(ROWS * width) * width);
    parts
        .par_chunks_mut(width)
        .zip(x.par_chunks(ROWS * width))
        .with_min_len(grain(width))
        .for_each(|(part, x)| reduce_sums(x, part));
    reduce_sums(&parts, total);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_the_largest_meet_plain_loops_at_every_length() {
        for n in 1..70_usize {
            let x: Vec<f64> = (0..n).map(|i| ((i * 37 % 11) as f64 - 5.0) * 0.5).collect();
            let y: Vec<f64> = (0..n).map(|i| (i * 53 % 7) as f64).collect();
            let want: f64 = x.iter().zip(&y).map(|(x, y)| x * y).sum();
            assert_eq!(sum2(&x, &y, |x, y| x * y), want, "{n}");
            assert_eq!(sum1(&x, |x| x), x.iter().sum::<f64>(), "{n}");
            assert_eq!(largest(&x), x.iter().copied().fold(f64::NEG_INFINITY, f64::max), "{n}");
        }
    }

    #[test]
    fn column_sums_reach_every_row() {
        let arena = Arc::new(Arena::default());
        let (rows, width) = (2 * ROWS + 5, 3);
        let x: Vec<f64> = (0..rows * width).map(|i| i as f64).collect();
        let mut total = vec![1.0; width];
        column_sums(&arena, &x, &mut total);
        let want: Vec<f64> = (0..width).map(|c| 1.0 + (0..rows).map(|r| (r * width + c) as f64).sum::<f64>()).collect();
        assert_eq!(total, want);
    }
}
