//! Kernels over rows: elementwise work in parallel, column sums in a fixed order, so that the number of threads changes
//! no bit.

use rayon::prelude::*;

use crate::nn::real::Real;

/// Rows of `width` numbers handled as one unit of work; of the width alone, because sums are grouped by it.
const fn rows(width: usize) -> usize {
    match 65_536 / if width == 0 { 1 } else { width } {
        0 => 1,
        n if n > 64 => 64,
        n => n,
    }
}

/// Calls `work(row index, input row, output row)` for every row of `width` numbers.
pub(super) fn map<R: Real>(x: &[R], width: usize, work: impl Fn(usize, &[R], &mut [R]) + Sync) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); x.len()];
    out.par_chunks_mut(rows(width) * width).zip(x.par_chunks(rows(width) * width)).enumerate().for_each(
        |(chunk, (out, x))| {
            for (i, (out, x)) in out.chunks_mut(width).zip(x.chunks(width)).enumerate() {
                work(chunk * rows(width) + i, x, out);
            }
        },
    );
    out
}

/// Sums of the columns of rows of `width` numbers.
pub(super) fn sums<R: Real>(x: &[R], width: usize) -> Vec<R> {
    let zero = R::from_f64(0.0);
    let partial: Vec<Vec<R>> = x
        .par_chunks(rows(width) * width)
        .map(|x| {
            let mut sums = vec![zero; width];
            for row in x.chunks(width) {
                for (sum, &value) in sums.iter_mut().zip(row) {
                    *sum += value;
                }
            }
            sums
        })
        .collect();
    let mut total = vec![zero; width];
    for part in partial {
        for (total, value) in total.iter_mut().zip(part) {
            *total += value;
        }
    }
    total
}
