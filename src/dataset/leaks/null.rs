use std::cmp::Ordering;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::controls::{Backdrop, Target};
use super::innovation::Predictor;
use super::{Evidence, Verdict};
use crate::stats::{normal_quantile, quantile};

/// Most pairs of a predictor and a target per column.
pub(super) const TESTS: usize = 9;
/// Quantile of the null that sets its scale.
const SCALE_AT: f64 = 0.999;

/// The strongest dependence of a target on a predictor before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Test {
    pub(super) target: Target,
    pub(super) sharp: bool,
    pub(super) lead: usize,
    pub(super) correlation: f64,
    pub(super) z: f64,
    /// What z stays below by chance, over all tests of the call.
    pub(super) bound: f64,
}

impl Test {
    pub(super) fn verdict(&self) -> Verdict {
        let (suspicious, leaks) = self.target.bounds();
        let size = self.correlation.abs();
        if self.z.abs() <= self.bound || size < suspicious {
            Verdict::Clean
        } else if size < leaks {
            Verdict::Suspicious
        } else {
            Verdict::Leaks
        }
    }

    /// Sharp ones about signed returns tell most.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let key = |test: &Self| (test.verdict() == Verdict::Leaks, test.target == Target::Return, test.sharp);
        key(self).cmp(&key(other)).then(self.correlation.abs().total_cmp(&other.correlation.abs()))
    }

    pub(super) fn evidence(&self) -> Evidence {
        Evidence {
            measure: self.target.describe(),
            statistic: self.z,
            null_quantile: self.bound,
            correlation: self.correlation,
            lead: self.lead,
        }
    }
}

/// The strongest lead of each predictor and target.
pub(super) fn strongest(predictors: &[Predictor], backdrop: &Backdrop, horizon: usize, bound: f64) -> Vec<Test> {
    let Some(n) = predictors.first().map(|p| p.values.len()) else { return Vec::new() };
    let shifts = Shifts::new(n);
    let mut tests = Vec::new();
    for (target, surprise) in Target::ALL.into_iter().zip(&backdrop.surprises) {
        if surprise.iter().all(|v| *v == 0.0) {
            continue;
        }
        let transformed = Transformed::new(&shifts, surprise);
        for predictor in predictors {
            let at = |lead: usize| z_and_correlation(&predictor.values, surprise, lead);
            let Some((lead, (z, correlation))) =
                (1..=horizon).map(|lead| (lead, at(lead))).max_by(|a, b| a.1.0.abs().total_cmp(&b.1.0.abs()))
            else {
                continue;
            };
            let inflation = shifts.inflation(&Transformed::new(&shifts, &predictor.values), &transformed, horizon);
            tests.push(Test { target, sharp: predictor.sharp, lead, correlation, z, bound: bound * inflation });
        }
    }
    tests
}

/// Self-normalised z and correlation of `x` with `y` `lead` bars later, both of mean 0.
///
/// Source: H. White, "A heteroskedasticity-consistent covariance matrix estimator" (1980), for one regressor under the null.
fn z_and_correlation(x: &[f64], y: &[f64], lead: usize) -> (f64, f64) {
    let (mut xy, mut xxyy, mut xx, mut yy) = (0.0, 0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(&y[lead..]) {
        let product = a * b;
        xy += product;
        xxyy += product * product;
        // Bars where either is missing say nothing about its size.
        if product != 0.0 {
            xx += a * a;
            yy += b * b;
        }
    }
    if xxyy > 0.0 { (xy / xxyy.sqrt(), xy / (xx * yy).sqrt()) } else { (0.0, 0.0) }
}

/// Products at all circular shifts at once.
struct Shifts {
    n: usize,
    forward: std::sync::Arc<dyn Fft<f64>>,
    inverse: std::sync::Arc<dyn Fft<f64>>,
}

/// Fourier transforms of a series and of its square.
struct Transformed {
    plain: Vec<Complex<f64>>,
    square: Vec<Complex<f64>>,
}

impl Transformed {
    fn new(shifts: &Shifts, x: &[f64]) -> Self {
        let transform = |value: &dyn Fn(f64) -> f64| {
            let mut cells: Vec<Complex<f64>> = x.iter().map(|&v| Complex::new(value(v), 0.0)).collect();
            shifts.forward.process(&mut cells);
            cells
        };
        Self { plain: transform(&|v| v), square: transform(&|v| v * v) }
    }
}

impl Shifts {
    fn new(n: usize) -> Self {
        let mut planner = FftPlanner::new();
        Self { n, forward: planner.plan_fft_forward(n), inverse: planner.plan_fft_inverse(n) }
    }

    /// sum over t of x\[t\] y\[t + s\] for every s, the index taken round the end.
    fn products(&self, x: &[Complex<f64>], y: &[Complex<f64>]) -> Vec<f64> {
        let mut cells: Vec<Complex<f64>> = x.iter().zip(y).map(|(a, b)| a.conj() * b).collect();
        self.inverse.process(&mut cells);
        cells.iter().map(|c| c.re / self.n as f64).collect()
    }

    /// How much wider z spreads at shifts far from zero than a normal variable; at least 1.
    fn inflation(&self, x: &Transformed, y: &Transformed, horizon: usize) -> f64 {
        let plain = self.products(&x.plain, &y.plain);
        let square = self.products(&x.square, &y.square);
        let near = 2 * horizon + 10;
        let far: Vec<f64> = (near..self.n.saturating_sub(near))
            .filter(|&s| square[s] > 1e-9)
            .map(|s| plain[s].abs() / square[s].sqrt())
            .collect();
        let normal = normal_quantile(f64::midpoint(1.0, SCALE_AT));
        if far.is_empty() { 1.0 } else { f64::max(1.0, quantile(&far, SCALE_AT) / normal) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_all_shifts_equal_plain_sums() {
        let x = [1.0, -2.0, 0.5, 3.0, 0.0, 1.5, -0.7];
        let y = [0.3, 1.0, -1.0, 2.0, 0.25, -3.0, 0.9];
        let shifts = Shifts::new(7);
        let (a, b) = (Transformed::new(&shifts, &x), Transformed::new(&shifts, &y));
        let found = shifts.products(&a.plain, &b.plain);
        for s in 0..7 {
            let plain: f64 = (0..7).map(|t| x[t] * y[(t + s) % 7]).sum();
            assert!((found[s] - plain).abs() < 1e-12, "shift {s}");
        }
        let (z, r) = z_and_correlation(&x, &y, 2);
        let pairs = [(1.0, -1.0), (-2.0, 2.0), (0.5, 0.25), (3.0, -3.0), (1.5_f64, 0.0_f64)];
        let sum: f64 = pairs[..4].iter().map(|(a, b)| a * b).sum();
        let squares: f64 = pairs[..4].iter().map(|(a, b)| (a * b) * (a * b)).sum();
        assert!((z - sum / squares.sqrt()).abs() < 1e-12);
        assert!((r - sum / (14.25_f64 * 14.0625).sqrt()).abs() < 1e-12);
    }
}
