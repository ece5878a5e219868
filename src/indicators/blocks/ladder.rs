use serde::{Deserialize, Serialize};

/// What is summed over a window: how two neighbouring parts of it make one.
pub(in crate::indicators) trait Sums: Copy {
    /// Numbers kept per part.
    const WIDTH: usize;
    /// A part of one value.
    fn one(x: f64) -> Self;
    /// Newer part `self` and older part `older`, of `size` values each.
    fn double(self, older: Self, size: f64) -> Self;
    /// Newer part `self` of `n` values and older part `older` of `m`.
    fn join(self, n: f64, older: Self, m: f64) -> Self;
    /// The numbers; the second counts only where two are kept.
    fn parts(self) -> [f64; 2];
    fn of(parts: [f64; 2]) -> Self;
}

/// Sums over the last n values, made anew for every value from sums over 1, 2, 4, 8 ... values, in O(log n).
///
/// Nothing is ever subtracted, so nothing is lost to cancellation, no rounding outlives the window, and the same sums
/// can be made for many bars at once. The parts of a window are the powers of two in n, the largest newest.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(in crate::indicators) struct Ladder {
    n: usize,
    place: usize,
    /// One ring per rung but the highest, each a power of two long.
    rings: Vec<Vec<[f64; 2]>>,
}

impl Ladder {
    pub(in crate::indicators) fn new(n: usize) -> Self {
        let n = n.max(1);
        let size = n.next_power_of_two();
        Self { n, place: 0, rings: (0..n.ilog2()).map(|_| vec![[f64::NAN; 2]; size]).collect() }
    }

    /// Values in the window.
    pub(in crate::indicators) const fn len(&self) -> usize {
        self.n
    }

    /// Takes the next value, never NaN; NaN sums until n values came.
    #[inline(always)]
    pub(in crate::indicators) fn next<S: Sums>(&mut self, x: f64) -> S {
        let place = self.place;
        let mut sums = S::one(x);
        let (mut lag, mut size) = (1, 1.0);
        for ring in &mut self.rings {
            let mask = ring.len() - 1;
            ring[place & mask] = sums.parts();
            sums = sums.double(S::of(ring[place.wrapping_sub(lag) & mask]), size);
            lag *= 2;
            size *= 2.0;
        }
        let mut rest = self.n - lag;
        while rest > 0 {
            let rung = rest.ilog2() as usize;
            let ring = &self.rings[rung];
            let older = S::of(ring[place.wrapping_sub(lag) & (ring.len() - 1)]);
            let part = (1_u64 << rung) as f64;
            sums = sums.join(size, older, part);
            lag += 1 << rung;
            size += part;
            rest -= 1 << rung;
        }
        self.place = place.wrapping_add(1);
        sums
    }
}

/// The plain sum.
#[derive(Clone, Copy)]
pub(in crate::indicators) struct Plain(pub(in crate::indicators) f64);

impl Sums for Plain {
    const WIDTH: usize = 1;

    #[inline(always)]
    fn one(x: f64) -> Self {
        Self(x)
    }

    #[inline(always)]
    fn double(self, older: Self, _: f64) -> Self {
        Self(self.0 + older.0)
    }

    #[inline(always)]
    fn join(self, _: f64, older: Self, _: f64) -> Self {
        Self(self.0 + older.0)
    }

    #[inline(always)]
    fn parts(self) -> [f64; 2] {
        [self.0, 0.0]
    }

    #[inline(always)]
    fn of(parts: [f64; 2]) -> Self {
        Self(parts[0])
    }
}

/// Sum and sum of squared deviations from the mean.
///
/// Source: T. F. Chan, G. H. Golub and R. J. LeVeque, "Updating formulae and a pairwise algorithm for computing sample
/// variances" (1979).
#[derive(Clone, Copy)]
pub(in crate::indicators) struct Spread {
    pub(in crate::indicators) sum: f64,
    pub(in crate::indicators) squares: f64,
}

impl Sums for Spread {
    const WIDTH: usize = 2;

    #[inline(always)]
    fn one(x: f64) -> Self {
        Self { sum: x, squares: hole(x) }
    }

    #[inline(always)]
    fn double(self, older: Self, size: f64) -> Self {
        let apart = self.sum - older.sum;
        Self { sum: self.sum + older.sum, squares: (apart * apart).mul_add(0.5 / size, self.squares + older.squares) }
    }

    #[inline(always)]
    fn join(self, n: f64, older: Self, m: f64) -> Self {
        // m sum - n older sum is exactly 0 over equal values.
        let apart = self.sum * m - older.sum * n;
        let squares = (apart * apart).mul_add(1.0 / (n * m * (n + m)), self.squares + older.squares);
        Self { sum: self.sum + older.sum, squares }
    }

    #[inline(always)]
    fn parts(self) -> [f64; 2] {
        [self.sum, self.squares]
    }

    #[inline(always)]
    fn of([sum, squares]: [f64; 2]) -> Self {
        Self { sum, squares }
    }
}

/// Sum, and sum weighted by the steps from the middle of the window.
#[derive(Clone, Copy)]
pub(in crate::indicators) struct Tilt {
    pub(in crate::indicators) sum: f64,
    pub(in crate::indicators) weighted: f64,
}

impl Sums for Tilt {
    const WIDTH: usize = 2;

    #[inline(always)]
    fn one(x: f64) -> Self {
        Self { sum: x, weighted: hole(x) }
    }

    #[inline(always)]
    fn double(self, older: Self, size: f64) -> Self {
        let apart = self.sum - older.sum;
        Self { sum: self.sum + older.sum, weighted: apart.mul_add(0.5 * size, self.weighted + older.weighted) }
    }

    #[inline(always)]
    fn join(self, n: f64, older: Self, m: f64) -> Self {
        let apart = self.sum * m - older.sum * n;
        Self { sum: self.sum + older.sum, weighted: apart.mul_add(0.5, self.weighted + older.weighted) }
    }

    #[inline(always)]
    fn parts(self) -> [f64; 2] {
        [self.sum, self.weighted]
    }

    #[inline(always)]
    fn of([sum, weighted]: [f64; 2]) -> Self {
        Self { sum, weighted }
    }
}

/// 0, or missing where `x` is.
#[expect(clippy::eq_op, reason = "NaN and infinity less themselves are NaN, everything else 0")]
#[inline(always)]
pub(in crate::indicators) fn hole(x: f64) -> f64 {
    x - x
}
