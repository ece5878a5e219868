//! Elementwise work over rows, in parallel.

use rayon::prelude::*;

use crate::nn::real::Real;

/// Rows of `width` numbers handled as one unit of work.
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
