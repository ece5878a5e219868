use std::ops::Range;

use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::products::Products;
use super::scaling::scale;
use super::{DatasetError, Features, InputColumn, InputKind};

/// Most features whose components are computed: the exact decomposition takes time with their third power.
const MOST: usize = 1000;
/// Columns read together: one cache line of a row.
const BLOCK: usize = 16;
/// Sums carried side by side.
const LANES: usize = 8;

/// Principal components of the scaled features, fitted on the training rows.
///
/// Component k of a row is the sum of loading \[k\]\[j\] times (scaled feature j - mean j), over the standard deviation of
/// the first component on the training rows. Each direction's largest loading, the first of equals, is positive. Source:
/// Jolliffe, "Principal component analysis" (2002).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// The features, each with its scale.
    pub features: Vec<InputColumn>,
    /// Mean of each scaled feature on the training rows, missing cells at 0.
    pub means: Vec<f64>,
    /// Unit directions by falling variance, one loading per feature.
    pub loadings: Vec<Vec<f64>>,
    /// Share of the variance along each direction.
    pub shares: Vec<f64>,
    /// Standard deviation (divisor n) of the first component.
    pub deviation: f64,
}

impl Components {
    /// As few components as explain `share` of the variance of `columns` (place in the matrix, centre and scale).
    pub(super) fn fit(
        features: &Features,
        columns: &[(usize, (f64, f64))],
        inputs: Vec<InputColumn>,
        rows: Range<usize>,
        share: f64,
    ) -> Result<Self, DatasetError> {
        let n = columns.len();
        if n > MOST {
            return Err(DatasetError::TooManyForComponents { features: n, most: MOST });
        }
        let value = |k: usize, x: f32| if x.is_nan() { 0.0 } else { scale(x, columns[k].1) };
        let places: Vec<usize> = columns.iter().map(|&(at, _)| at).collect();
        let blocks: Vec<usize> = (0..n).step_by(BLOCK).collect();
        let count = rows.len() as f64;
        let mean_of =
            |k: usize| rows.clone().map(|t| f64::from(value(k, features.row(t)[places[k]]))).sum::<f64>() / count;
        let means: Vec<f64> =
            blocks.par_iter().flat_map_iter(|&first| (first..n.min(first + BLOCK)).map(mean_of)).collect();
        let centred = |k: usize, x: f32| (f64::from(value(k, x)) - means[k]) as f32;
        let products = Products::of(features, &places, rows, centred);
        let covariance = DMatrix::from_fn(n, n, |i, j| products.get(i, j) / count);
        let eigen = SymmetricEigen::new(covariance);
        let variance = |k: usize| eigen.eigenvalues[k].max(0.0);
        let total: f64 = (0..n).map(variance).sum();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| variance(b).total_cmp(&variance(a)).then(a.cmp(&b)));
        let largest = order.first().map_or(0.0, |&k| variance(k));
        if largest.is_nan() || largest <= 0.0 {
            return Err(DatasetError::NoVariance);
        }
        let (mut loadings, mut shares, mut explained) = (Vec::new(), Vec::new(), 0.0);
        // Rounding leaves variances of 1e-16 of the largest along directions that have none.
        for &k in order.iter().take_while(|&&k| variance(k) > 1e-10 * largest) {
            let column = eigen.eigenvectors.column(k);
            let top = column.iter().copied().fold(0.0, |top: f64, x| if x.abs() > top.abs() { x } else { top });
            loadings.push(column.iter().map(|x| x * top.signum()).collect());
            shares.push(variance(k) / total);
            explained += variance(k) / total;
            if explained >= share {
                break;
            }
        }
        Ok(Self { features: inputs, means, loadings, shares, deviation: largest.sqrt() })
    }

    /// The columns of the components, `pc_1` first.
    pub(super) fn inputs(&self) -> Vec<InputColumn> {
        let column =
            |index: usize| InputColumn { name: format!("pc_{}", index + 1), kind: InputKind::Component { index } };
        (0..self.loadings.len()).map(column).collect()
    }

    /// Writes the components of a row of scaled features.
    pub(super) fn project(&self, scaled: &[f32], out: &mut [f32]) {
        let centred: Vec<f64> = scaled.iter().zip(&self.means).map(|(&x, mean)| f64::from(x) - mean).collect();
        for (out, loading) in out.iter_mut().zip(&self.loadings) {
            *out = (dot(&centred, loading) / self.deviation) as f32;
        }
    }
}

/// Summed in lanes, always in the same order.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_parts, b_parts) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest: f64 = a_parts.remainder().iter().zip(b_parts.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in a_parts.zip(b_parts) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    sums.iter().sum::<f64>() + rest
}
