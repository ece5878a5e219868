//! Expectation maximisation for a Gaussian mixture with full covariances.

use nalgebra::DMatrix;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Added to every variance, in standardised units: no component may shrink to a point.
const COVARIANCE_FLOOR: f64 = 1e-2;
const LLOYD_ROUNDS: usize = 10;
const EM_ROUNDS: usize = 200;
/// EM stops when the mean log likelihood per row gains less than this.
const TOLERANCE: f64 = 1e-5;

/// Axes: `k` components, `width` latent dimensions.
#[derive(Debug, Clone)]
pub(super) struct Mixture {
    pub(super) width: usize,
    /// (k), summing to 1.
    pub(super) weights: Vec<f64>,
    /// (k, width)
    pub(super) means: Vec<f64>,
    /// (k, width, width): inverse of the lower Cholesky factor of each covariance.
    pub(super) factors: Vec<f64>,
    /// Mean log likelihood per row.
    pub(super) log_likelihood: f64,
}

impl Mixture {
    /// One seeded start: k-means++, some Lloyd rounds, then EM. `rows`: (n, width), finite.
    pub(super) fn fit(rows: &[f64], width: usize, k: usize, seed: u64) -> Self {
        let mut mixture = Self::maximise(rows, width, &start(rows, width, k, seed), None);
        let mut shares = vec![0.0; rows.len() / width * k];
        for _ in 0..EM_ROUNDS {
            let before = mixture.log_likelihood;
            let log_likelihood = mixture.expect(rows, &mut shares);
            mixture = Self { log_likelihood, ..Self::maximise(rows, width, &shares, Some(&mixture)) };
            if log_likelihood - before < TOLERANCE {
                break;
            }
        }
        mixture.log_likelihood = mixture.expect(rows, &mut shares);
        mixture
    }

    /// Writes each row's component shares, (n, k), and gives the mean log likelihood.
    fn expect(&self, rows: &[f64], shares: &mut [f64]) -> f64 {
        let mut total = 0.0;
        for (row, share) in rows.chunks_exact(self.width).zip(shares.chunks_exact_mut(self.weights.len())) {
            log_densities(self.width, &self.means, &self.factors, row, share);
            for (value, weight) in share.iter_mut().zip(&self.weights) {
                *value += weight.ln();
            }
            total += normalise_logs(share);
        }
        total / (rows.len() / self.width) as f64
    }

    fn maximise(rows: &[f64], width: usize, shares: &[f64], before: Option<&Self>) -> Self {
        let n = rows.len() / width;
        let k = shares.len() / n;
        let mut mixture = Self {
            width,
            weights: vec![0.0; k],
            means: vec![0.0; k * width],
            factors: vec![0.0; k * width * width],
            log_likelihood: f64::NEG_INFINITY,
        };
        for c in 0..k {
            let mass: f64 = shares.iter().skip(c).step_by(k).sum();
            mixture.weights[c] = (mass / n as f64).clamp(1e-12, 1.0);
            let mean = &mut mixture.means[c * width..][..width];
            let factor = &mut mixture.factors[c * width * width..][..width * width];
            if let (true, Some(before)) = (mass < 1e-6, before) {
                // An emptied component keeps its place.
                mean.copy_from_slice(&before.means[c * width..][..width]);
                factor.copy_from_slice(&before.factors[c * width * width..][..width * width]);
                continue;
            }
            let mass = mass.clamp(1e-6, f64::INFINITY);
            for (row, share) in rows.chunks_exact(width).zip(shares.iter().skip(c).step_by(k)) {
                for (m, x) in mean.iter_mut().zip(row) {
                    *m += share * x / mass;
                }
            }
            let mut covariance = DMatrix::zeros(width, width);
            for (row, share) in rows.chunks_exact(width).zip(shares.iter().skip(c).step_by(k)) {
                for i in 0..width {
                    let scaled = share * (row[i] - mean[i]) / mass;
                    for j in 0..=i {
                        covariance[(i, j)] += scaled * (row[j] - mean[j]);
                    }
                }
            }
            inverse_factor(&covariance, factor);
        }
        mixture
    }
}

/// Inverse of the lower Cholesky factor of `covariance` (lower triangle read) plus the floor, row-major.
fn inverse_factor(covariance: &DMatrix<f64>, out: &mut [f64]) {
    let width = covariance.nrows();
    let mut lower = DMatrix::<f64>::zeros(width, width);
    for i in 0..width {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|m| lower[(i, m)] * lower[(j, m)]).sum();
            lower[(i, j)] = if i == j {
                // Rounding may leave a hair less than the floor, which is what the matrix truly has at least.
                (covariance[(i, i)] + COVARIANCE_FLOOR - dot).clamp(COVARIANCE_FLOOR, f64::INFINITY).sqrt()
            } else {
                (covariance[(i, j)] - dot) / lower[(j, j)]
            };
        }
    }
    for j in 0..width {
        out[j * width + j] = 1.0 / lower[(j, j)];
        for i in j + 1..width {
            let dot: f64 = (j..i).map(|m| lower[(i, m)] * out[m * width + j]).sum();
            out[i * width + j] = -dot / lower[(i, i)];
        }
    }
}

/// Log density of `row` under each component, written to `out` (k).
pub(super) fn log_densities(width: usize, means: &[f64], factors: &[f64], row: &[f64], out: &mut [f64]) {
    let constant = -0.5 * width as f64 * std::f64::consts::TAU.ln();
    for (c, value) in out.iter_mut().enumerate() {
        let (mean, factor) = (&means[c * width..][..width], &factors[c * width * width..][..width * width]);
        let (mut squares, mut determinant) = (0.0, 1.0);
        for i in 0..width {
            let white: f64 = (0..=i).map(|j| factor[i * width + j] * (row[j] - mean[j])).sum();
            squares += white * white;
            determinant *= factor[i * width + i];
        }
        *value = constant + determinant.ln() - 0.5 * squares;
    }
}

/// Turns log weights into probabilities in place; gives the log of their sum.
pub(super) fn normalise_logs(values: &mut [f64]) -> f64 {
    let top = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for value in values.iter_mut() {
        *value = (*value - top).exp();
        sum += *value;
    }
    for value in values.iter_mut() {
        *value /= sum;
    }
    top + sum.ln()
}

/// Hard shares (n, k) after k-means++ seeding and Lloyd rounds.
///
/// Source: Arthur & Vassilvitskii, "k-means++: the advantages of careful seeding" (2007).
fn start(rows: &[f64], width: usize, k: usize, seed: u64) -> Vec<f64> {
    let n = rows.len() / width;
    let row = |t: usize| &rows[t * width..][..width];
    let distance = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut centres = row(rng.random_range(0..n)).to_vec();
    let mut nearest: Vec<f64> = (0..n).map(|t| distance(row(t), &centres)).collect();
    while centres.len() < k * width {
        let mut left = rng.random::<f64>() * nearest.iter().sum::<f64>();
        let chosen = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        let chosen = row(chosen.unwrap_or(n - 1));
        for (t, d) in nearest.iter_mut().enumerate() {
            *d = d.min(distance(row(t), chosen));
        }
        centres.extend_from_slice(chosen);
    }
    let mut owner = vec![0; n];
    for _ in 0..LLOYD_ROUNDS {
        for (t, owner) in owner.iter_mut().enumerate() {
            let far = |c: &usize| distance(row(t), &centres[c * width..][..width]);
            *owner = (0..k).min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or(0);
        }
        let mut sums = vec![0.0; k * width];
        let mut counts = vec![0.0; k];
        for (t, &c) in owner.iter().enumerate() {
            counts[c] += 1.0;
            sums[c * width..][..width].iter_mut().zip(row(t)).for_each(|(s, x)| *s += x);
        }
        for (i, centre) in centres.iter_mut().enumerate() {
            if counts[i / width] > 0.0 {
                *centre = sums[i] / counts[i / width];
            }
        }
    }
    let mut shares = vec![0.0; n * k];
    for (t, c) in owner.into_iter().enumerate() {
        shares[t * k + c] = 1.0;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn density_of_a_correlated_pair_by_hand() {
        // Covariance [[2, 1], [1, 2]] after the floor: determinant 3, x' S^-1 x at (1, 0) is 2/3.
        let mut factor = vec![0.0; 4];
        let covariance = DMatrix::from_row_slice(2, 2, &[2.0 - COVARIANCE_FLOOR, 0.0, 1.0, 2.0 - COVARIANCE_FLOOR]);
        inverse_factor(&covariance, &mut factor);
        let mut out = [0.0];
        log_densities(2, &[0.0, 0.0], &factor, &[1.0, 0.0], &mut out);
        let expected = -std::f64::consts::TAU.ln() - 0.5 * 3.0_f64.ln() - 1.0 / 3.0;
        assert!((out[0] - expected).abs() < 1e-12, "{} {expected}", out[0]);
    }

    #[test]
    fn logs_far_below_zero_still_normalise() {
        let mut values = [-2000.0, -2000.0 + 3.0_f64.ln()];
        let log_sum = normalise_logs(&mut values);
        assert!((values[1] - 0.75).abs() < 1e-12 && (log_sum - (-2000.0 + 4.0_f64.ln())).abs() < 1e-9);
    }
}
