use std::ops::Range;

use rayon::prelude::*;

use super::Features;

/// Columns on each side of a tile of products.
const TILE: usize = 64;
/// Rows whose values are held at once, and summed in single precision.
const ROWS: usize = 512;
/// Sums carried side by side.
const LANES: usize = 4;
/// Columns read together: one cache line of a row.
const BLOCK: usize = 16;

/// Sums over rows of the products of every two columns.
///
/// Up to 512 rows are summed in single precision, those sums in double, always in the same order whatever the number of
/// threads.
#[derive(Debug)]
pub(super) struct Products {
    /// Tiles (i, j), j <= i, by i and then j.
    tiles: Vec<Vec<f64>>,
}

impl Products {
    /// Of the `columns` over `rows`, each value turned by `value(place in columns, x)`.
    pub(super) fn of(
        features: &Features,
        columns: &[usize],
        rows: Range<usize>,
        value: impl Fn(usize, f32) -> f32 + Sync,
    ) -> Self {
        let side = columns.len().div_ceil(TILE);
        let places: Vec<(usize, usize)> = (0..side).flat_map(|i| (0..=i).map(move |j| (i, j))).collect();
        let mut tiles = vec![vec![0.0_f64; TILE * TILE]; places.len()];
        // Columns along rows; what lies beyond the last column or row stays 0.
        let mut z = vec![0.0_f32; side * TILE * ROWS];
        for first in rows.clone().step_by(ROWS) {
            let rows = first..rows.end.min(first + ROWS);
            z.par_chunks_mut(BLOCK * ROWS).enumerate().for_each(|(block, z)| {
                let first = block * BLOCK;
                let block = &columns[first.min(columns.len())..(first + BLOCK).min(columns.len())];
                for (r, t) in rows.clone().enumerate() {
                    let row = features.row(t);
                    for (k, &column) in block.iter().enumerate() {
                        z[k * ROWS + r] = value(first + k, row[column]);
                    }
                }
                for column in z.chunks_exact_mut(ROWS) {
                    column[rows.len()..].fill(0.0);
                }
            });
            let tile_of = |i: usize| &z[i * TILE * ROWS..(i + 1) * TILE * ROWS];
            tiles.par_iter_mut().zip(&places).for_each(|(tile, &(i, j))| add(tile, tile_of(i), tile_of(j)));
        }
        Self { tiles }
    }

    /// Of standardized columns; a missing cell counts as the mean.
    pub(super) fn of_standardized(features: &Features, columns: &[usize], rows: Range<usize>) -> Self {
        let scales: Vec<(f64, f64)> =
            columns.par_chunks(BLOCK).flat_map_iter(|block| moments(features, block, rows.clone())).collect();
        Self::of(features, columns, rows, |k, x| {
            let (mean, std) = scales[k];
            if x.is_nan() { 0.0 } else { ((f64::from(x) - mean) / std) as f32 }
        })
    }

    /// Sum of products of columns `i` and `j`.
    pub(super) fn get(&self, i: usize, j: usize) -> f64 {
        let (i, j) = (i.max(j), i.min(j));
        let (a, b) = (i / TILE, j / TILE);
        self.tiles[a * (a + 1) / 2 + b][i % TILE * TILE + j % TILE]
    }

    /// Correlation of columns `i` and `j` that have mean 0.
    pub(super) fn correlation(&self, i: usize, j: usize) -> f64 {
        self.get(i, j) / (self.get(i, i) * self.get(j, j)).sqrt()
    }
}

/// Mean and standard deviation (divisor n) of the defined cells of each column.
fn moments(features: &Features, block: &[usize], rows: Range<usize>) -> Vec<(f64, f64)> {
    let sums = |f: &dyn Fn(usize, f64) -> f64| {
        let mut sums = vec![(0.0, 0.0); block.len()];
        for t in rows.clone() {
            let row = features.row(t);
            for (k, (sum, &column)) in sums.iter_mut().zip(block).enumerate() {
                if !row[column].is_nan() {
                    sum.0 += f(k, f64::from(row[column]));
                    sum.1 += 1.0;
                }
            }
        }
        sums.into_iter().map(|(sum, n)| sum / n).collect::<Vec<f64>>()
    };
    let means = sums(&|_, x| x);
    let variances = sums(&|k, x| (x - means[k]).powi(2));
    means.iter().zip(variances).map(|(&mean, variance)| (mean, variance.sqrt())).collect()
}

/// Adds to each of the products of columns of `a` and columns of `b`.
fn add(tile: &mut [f64], a: &[f32], b: &[f32]) {
    for (i, a) in a.chunks_exact(2 * ROWS).enumerate() {
        for (j, b) in b.chunks_exact(4 * ROWS).enumerate() {
            let sums = dots(a, b);
            for (k, sums) in sums.iter().enumerate() {
                let at = (2 * i + k) * TILE + 4 * j;
                tile[at..at + 4].iter_mut().zip(sums).for_each(|(cell, sum)| *cell += sum);
            }
        }
    }
}

/// Dot products of two columns with four: as many sums as a processor has registers.
fn dots(a: &[f32], b: &[f32]) -> [[f64; 4]; 2] {
    let mut sums = [[[0.0_f32; LANES]; 4]; 2];
    let (a0, a1) = a.split_at(ROWS);
    let (b01, b23) = b.split_at(2 * ROWS);
    let ((b0, b1), (b2, b3)) = (b01.split_at(ROWS), b23.split_at(ROWS));
    let lanes = |column: &[f32], at: usize| -> [f32; LANES] { std::array::from_fn(|l| column[at + l]) };
    for at in (0..ROWS).step_by(LANES) {
        let rows = [lanes(a0, at), lanes(a1, at)];
        let columns = [lanes(b0, at), lanes(b1, at), lanes(b2, at), lanes(b3, at)];
        for (sums, x) in sums.iter_mut().zip(&rows) {
            for (sum, y) in sums.iter_mut().zip(&columns) {
                for l in 0..LANES {
                    sum[l] += x[l] * y[l];
                }
            }
        }
    }
    sums.map(|sums| sums.map(|sum| (f64::from(sum[0]) + f64::from(sum[1])) + (f64::from(sum[2]) + f64::from(sum[3]))))
}
