#![expect(unsafe_code, reason = "the product of the gemm crate takes pointers")]

use gemm::Parallelism;
use rayon::prelude::*;

use crate::nn::real::Real;

/// Multiply-adds below which one thread does a product alone.
const SMALL: usize = 1 << 20;
/// Multiply-adds from which a product is cut finer.
const LARGE: usize = 1 << 29;

/// A matrix somewhere in a slice.
#[derive(Debug, Clone, Copy)]
pub(in crate::nn) struct View<'a, R> {
    data: &'a [R],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, R> View<'a, R> {
    /// Rows one after the other.
    pub(in crate::nn) fn of(data: &'a [R], rows: usize, columns: usize) -> Self {
        Self::strided(data, rows, columns, columns)
    }

    /// Rows that begin `row_stride` numbers apart.
    pub(in crate::nn) fn strided(data: &'a [R], rows: usize, columns: usize, row_stride: usize) -> Self {
        Self { data, rows, columns, row_stride, column_stride: 1 }
    }

    /// The same numbers, transposed.
    pub(in crate::nn) fn t(self) -> Self {
        Self {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }

    fn skip(self, row: usize, rows: usize) -> Self {
        Self { data: &self.data[row * self.row_stride..], rows, ..self }
    }

    fn fits(&self) -> bool {
        self.rows > 0
            && self.columns > 0
            && (self.rows - 1) * self.row_stride + (self.columns - 1) * self.column_stride < self.data.len()
    }
}

/// `out` = `scale` a b, rows of `out` beginning `stride` numbers apart; with `add` on top of what it held. Large products
/// are cut over the threads, by shape alone.
pub(in crate::nn) fn multiply<R: Real>(
    out: &mut [R],
    stride: usize,
    a: View<'_, R>,
    b: View<'_, R>,
    scale: R,
    add: bool,
) {
    let (m, n) = (a.rows, b.columns);
    assert!(a.fits() && b.fits() && b.rows == a.columns, "operands do not fit");
    assert!(n <= stride && (m - 1) * stride + n <= out.len(), "the result does not fit");
    let work = m * n * a.columns;
    let pieces = match work {
        0..SMALL => 1,
        SMALL..LARGE => 4,
        _ => 8,
    };
    let out = Out(out.as_mut_ptr());
    // Every piece packs all of the side that is not cut, so the longer side is.
    let (rows, columns) = if m >= n { (piece(m, pieces), n) } else { (m, piece(n, pieces)) };
    let down = m.div_ceil(rows);
    let job = |i: usize| {
        let (row, column) = (i % down * rows, i / down * columns);
        let (a, b) = (a.skip(row, rows.min(m - row)), b.t().skip(column, columns.min(n - column)).t());
        // SAFETY: the checks above hold for the whole product, so every element of this piece lies in its slice; pieces
        // share no element, and `out` is borrowed alone, so it overlaps no operand.
        unsafe { product(out.at(row * stride + column), stride, a, b, scale, add) }
    };
    let count = down * n.div_ceil(columns);
    if count == 1 { job(0) } else { (0..count).into_par_iter().with_max_len(1).for_each(job) }
}

/// Length of each of about `pieces` pieces of `n`, in whole vectors.
fn piece(n: usize, pieces: usize) -> usize {
    if pieces == 1 { n } else { n.div_ceil(pieces).next_multiple_of(16).max(32) }
}

/// Where a result begins.
struct Out<R>(*mut R);

// SAFETY: each piece of a product writes its own elements only.
unsafe impl<R: Send> Sync for Out<R> {}

impl<R> Out<R> {
    /// SAFETY: `offset` must lie in the result.
    unsafe fn at(&self, offset: usize) -> *mut R {
        // SAFETY: the caller's promise.
        unsafe { self.0.add(offset) }
    }
}

/// SAFETY: rows of `out`, `stride` apart and as long as `b` is wide, must be writable, and operands fit.
unsafe fn product<R: Real>(out: *mut R, stride: usize, a: View<'_, R>, b: View<'_, R>, scale: R, add: bool) {
    let (m, n, k) = (a.rows, b.columns, a.columns);
    debug_assert!(a.fits() && b.fits(), "a piece does not fit");
    // SAFETY: the caller's promise.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out,
            1,
            stride as isize,
            add,
            a.data.as_ptr(),
            a.column_stride as isize,
            a.row_stride as isize,
            b.data.as_ptr(),
            b.column_stride as isize,
            b.row_stride as isize,
            R::from_f64(1.0),
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Noise;

    fn random(n: usize, key: u64) -> Vec<f64> {
        Noise::at(key, 0).normals(n).into_iter().map(f64::from).collect()
    }

    #[test]
    fn strided_transposed_and_cut_products_meet_plain_sums() {
        for (m, n, k) in [(1, 1, 1), (3, 5, 2), (70, 33, 20), (150, 90, 100)] {
            let (a, b) = (random(m * (k + 3), 1), random(n * k, 2));
            let stride = n + 2;
            let before = random(m * stride, 3);
            for add in [false, true] {
                let mut out = before.clone();
                multiply(&mut out, stride, View::strided(&a, m, k, k + 3), View::of(&b, n, k).t(), 0.5, add);
                for i in 0..m {
                    for j in 0..stride {
                        let dot: f64 = (0..k).map(|l| a[i * (k + 3) + l] * b[j.min(n - 1) * k + l]).sum();
                        let held = before[i * stride + j];
                        let want = if j >= n { held } else { 0.5 * dot + if add { held } else { 0.0 } };
                        assert!((out[i * stride + j] - want).abs() < 1e-11, "{m} {n} {k} at {i}, {j}");
                    }
                }
            }
        }
    }

    #[test]
    #[should_panic(expected = "do not fit")]
    fn operands_that_do_not_meet_are_refused() {
        let (a, mut out) = ([1.0_f64; 6], [0.0; 4]);
        multiply(&mut out, 2, View::of(&a, 2, 3), View::of(&a, 2, 3), 1.0, false);
    }
}
