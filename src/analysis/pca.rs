//! Principal components of latent rows, for the two-dimensional regime picture.

use nalgebra::{DMatrix, SymmetricEigen};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why principal components could not be fitted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum PcaError {
    /// The values are not whole rows, or more components than columns were asked for.
    #[error("{values} values in rows of width {width} cannot give {components} components; ask for 1 to {width}")]
    Shape {
        /// Values given.
        values: usize,
        /// Row width given.
        width: usize,
        /// Components asked for.
        components: usize,
    },
    /// Fewer than two finite rows, or rows that are all the same.
    #[error("{n} rows without variation have no principal components; use a longer slice")]
    Constant {
        /// Finite rows found.
        n: usize,
    },
}

/// Centre and leading directions of a set of rows.
///
/// Each direction's largest entry (the first of equals) is positive, so a refit on the same rows never mirrors the
/// picture. Source: Jolliffe, "Principal component analysis" (2002).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    /// (width) mean row.
    pub mean: Vec<f64>,
    /// (components, width) unit directions, row-major, by falling variance.
    pub axes: Vec<f64>,
    /// (components) share of the total variance along each direction.
    pub explained: Vec<f64>,
}

impl Pca {
    /// Fits `rows` (n, width), row-major; rows with a value that is not finite are left out.
    pub fn fit(rows: &[f64], width: usize, components: usize) -> Result<Self, PcaError> {
        if width == 0 || !rows.len().is_multiple_of(width) || !(1..=width).contains(&components) {
            return Err(PcaError::Shape { values: rows.len(), width, components });
        }
        let known: Vec<&[f64]> = rows.chunks_exact(width).filter(|row| row.iter().all(|v| v.is_finite())).collect();
        let n = known.len();
        let mean: Vec<f64> = (0..width).map(|j| known.iter().map(|row| row[j]).sum::<f64>() / n as f64).collect();
        let mut covariance = DMatrix::<f64>::zeros(width, width);
        for row in &known {
            for i in 0..width {
                for j in 0..=i {
                    covariance[(i, j)] += (row[i] - mean[i]) * (row[j] - mean[j]) / n as f64;
                }
            }
        }
        covariance.fill_upper_triangle_with_lower_triangle();
        let total = covariance.trace();
        // NaN without rows.
        if !total.is_finite() || total <= 0.0 {
            return Err(PcaError::Constant { n });
        }
        let eigen = SymmetricEigen::new(covariance);
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]));
        order.truncate(components);
        let mut axes = Vec::with_capacity(components * width);
        for &c in &order {
            let axis = eigen.eigenvectors.column(c);
            // Entries equal up to rounding count as equal, or the sign would hang on the last bit.
            let largest = axis.amax() - 1e-9;
            let sign = axis.iter().find(|v| v.abs() >= largest).map_or(1.0, |v| v.signum());
            axes.extend(axis.iter().map(|v| sign * v));
        }
        let explained = order.iter().map(|&c| (eigen.eigenvalues[c] / total).clamp(0.0, 1.0)).collect();
        Ok(Self { mean, axes, explained })
    }

    /// Coordinates (components) of one row; NaN where a value is missing.
    pub fn project(&self, row: &[f64]) -> Vec<f64> {
        let along = |axis: &[f64]| axis.iter().zip(row).zip(&self.mean).map(|((a, x), m)| a * (x - m)).sum();
        self.axes.chunks_exact(self.mean.len()).map(along).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hand_case() {
        // Variance 8 along (1, 1)/sqrt 2 and 2 along (1, -1)/sqrt 2, centred on (10, 20).
        let rows = [14.0, 24.0, 6.0, 16.0, 12.0, 18.0, 8.0, 22.0];
        let pca = Pca::fit(&rows, 2, 2).unwrap();
        assert_eq!(pca.mean, [10.0, 20.0]);
        let root = 0.5_f64.sqrt();
        for (found, expected) in pca.axes.iter().zip([root, root, root, -root]) {
            assert!((found - expected).abs() < 1e-12, "{:?}", pca.axes);
        }
        assert!((pca.explained[0] - 0.8).abs() < 1e-12 && (pca.explained[1] - 0.2).abs() < 1e-12);
        let at = pca.project(&[14.0, 24.0]);
        assert!((at[0] - 32.0_f64.sqrt()).abs() < 1e-12 && at[1].abs() < 1e-12);
    }

    #[test]
    fn missing_rows_are_left_out() {
        let rows = [1.0, 0.0, f64::NAN, 5.0, -1.0, 0.0];
        let pca = Pca::fit(&rows, 2, 1).unwrap();
        assert_eq!((pca.axes, pca.explained), (vec![1.0, 0.0], vec![1.0]));
        assert!(Pca::fit(&[2.0; 8], 2, 1).is_err() && Pca::fit(&[f64::NAN; 8], 2, 1).is_err());
        assert!(Pca::fit(&rows, 2, 3).is_err());
    }
}
