use serde::{Deserialize, Serialize};

use super::{CalibrationError, check, sigmoid};

/// Slope of a calibrator never falls below this: a larger logit never means a smaller probability.
const SLOPE_FLOOR: f64 = 1e-2;
const NEWTON_ROUNDS: usize = 50;

/// Monotone map from logits to probabilities, fitted on the calibration slice.
///
/// Applied is Platt scaling, p = sigmoid(slope logit + intercept); temperature and isotonic regression are kept beside
/// it for display.
///
/// Sources: Platt, "Probabilistic outputs for support vector machines" (1999); Guo et al., "On calibration of modern
/// neural networks" (2017).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibrator {
    /// Factor on the logit, at least 0.01.
    pub slope: f64,
    /// Added after the factor.
    pub intercept: f64,
    /// T of sigmoid(logit / T), between 0.01 and 100.
    pub temperature: f64,
    /// Step-free monotone fit.
    pub isotonic: Isotonic,
    /// True if the fit wanted a slope below the floor: on these labels the logit ranks no better than chance, so that the
    /// probabilities are all but constant.
    pub floored: bool,
    /// Forecasts fitted on.
    pub n: usize,
}

impl Calibrator {
    /// Fits on finite `logits` and their `labels`.
    pub fn fit(logits: &[f64], labels: &[bool]) -> Result<Self, CalibrationError> {
        check(logits, labels, f64::is_finite)?;
        // Platt's targets: a class seen once more on each side, so that separable data keep finite parameters.
        let positives = labels.iter().filter(|l| **l).count() as f64;
        let high = (positives + 1.0) / (positives + 2.0);
        let low = 1.0 / (labels.len() as f64 - positives + 2.0);
        let targets: Vec<f64> = labels.iter().map(|l| if *l { high } else { low }).collect();
        let (mut slope, mut intercept) = logistic(logits, &targets, (1.0, 0.0), true);
        // Also taken when the slope is NaN.
        let floored = !(SLOPE_FLOOR..).contains(&slope);
        if floored {
            (slope, intercept) = logistic(logits, &targets, (SLOPE_FLOOR, 0.0), false);
        }
        let isotonic = Isotonic::fit(logits, labels);
        Ok(Self { slope, intercept, temperature: temperature(logits, labels), isotonic, floored, n: labels.len() })
    }

    /// Calibrated probability of a logit.
    pub fn apply(&self, logit: f64) -> f64 {
        sigmoid(self.slope * logit + self.intercept)
    }
}

/// Logistic regression of `targets` (probabilities) on `x` by damped Newton steps from `start`; gives (slope,
/// intercept). Without `free_slope` only the intercept moves. Constant `x` keeps the starting slope.
pub(super) fn logistic(x: &[f64], targets: &[f64], start: (f64, f64), free_slope: bool) -> (f64, f64) {
    let loss = |(slope, intercept): (f64, f64)| -> f64 {
        // ln(1 + e^z) - target z, without overflow.
        let one = |(x, target): (&f64, &f64)| {
            let z = slope * x + intercept;
            z.max(0.0) + (-z.abs()).exp().ln_1p() - target * z
        };
        x.iter().zip(targets).map(one).sum()
    };
    let mut at = start;
    let mut now = loss(at);
    for _ in 0..NEWTON_ROUNDS {
        let (mut ga, mut gb, mut haa, mut hab, mut hbb) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for (x, target) in x.iter().zip(targets) {
            let p = sigmoid(at.0 * x + at.1);
            let (error, weight) = (p - target, p * (1.0 - p));
            ga += error * x;
            gb += error;
            haa += weight * x * x;
            hab += weight * x;
            hbb += weight;
        }
        let determinant = haa * hbb - hab * hab;
        let step = if free_slope && determinant > 1e-10 * haa * hbb {
            ((ga * hbb - gb * hab) / determinant, (gb * haa - ga * hab) / determinant)
        } else {
            (0.0, gb / hbb)
        };
        let mut damping = 1.0;
        let mut next = (at.0 - step.0, at.1 - step.1);
        let mut then = loss(next);
        // A NaN loss is halved away too.
        while !(f64::NEG_INFINITY..=now).contains(&then) && damping > 1e-6 {
            damping /= 2.0;
            next = (at.0 - damping * step.0, at.1 - damping * step.1);
            then = loss(next);
        }
        if !(f64::NEG_INFINITY..now).contains(&then) {
            break;
        }
        let gain = now - then;
        (at, now) = (next, then);
        if gain < 1e-12 * now.abs() {
            break;
        }
    }
    at
}

/// Temperature with the least log loss: bisection in ln(1/T) on the derivative, which rises in 1/T.
fn temperature(logits: &[f64], labels: &[bool]) -> f64 {
    let derivative = |beta: f64| -> f64 {
        logits.iter().zip(labels).map(|(z, l)| (sigmoid(beta * z) - f64::from(u8::from(*l))) * z).sum()
    };
    let (mut low, mut high) = (-(100.0_f64.ln()), 100.0_f64.ln());
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if derivative(middle.exp()) > 0.0 { high = middle } else { low = middle }
    }
    (-f64::midpoint(low, high)).exp()
}

/// Isotonic regression by pooling adjacent violators, linear between the centres of its pools.
///
/// Source: Ayer et al., "An empirical distribution function for sampling with incomplete information" (1955).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Isotonic {
    /// Mean logit of each pool, rising.
    pub logit: Vec<f64>,
    /// Share of positives in each pool, rising.
    pub probability: Vec<f64>,
}

impl Isotonic {
    fn fit(logits: &[f64], labels: &[bool]) -> Self {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[a].total_cmp(&logits[b]));
        // (weight, sum of logits, sum of labels)
        let mut pools: Vec<(f64, f64, f64)> = Vec::new();
        let mut last = f64::NAN;
        for i in order {
            let one = (1.0, logits[i], f64::from(u8::from(labels[i])));
            // Equal logits share one pool from the start.
            let mut pool = if logits[i] == last { add(pools.pop().unwrap_or_default(), one) } else { one };
            last = logits[i];
            while let Some(before) = pools.last().filter(|before| before.2 * pool.0 >= pool.2 * before.0) {
                pool = add(*before, pool);
                pools.pop();
            }
            pools.push(pool);
        }
        Self {
            logit: pools.iter().map(|p| p.1 / p.0).collect(),
            probability: pools.iter().map(|p| p.2 / p.0).collect(),
        }
    }

    /// Fitted probability of a logit; constant beyond the first and last pool, NaN without pools.
    pub fn apply(&self, logit: f64) -> f64 {
        let above = self.logit.partition_point(|x| *x <= logit);
        let Some(last) = self.logit.len().checked_sub(1) else { return f64::NAN };
        if above == 0 {
            return self.probability[0];
        }
        if above > last {
            return self.probability[last];
        }
        let (x0, x1) = (self.logit[above - 1], self.logit[above]);
        let (y0, y1) = (self.probability[above - 1], self.probability[above]);
        y0 + (y1 - y0) * (logit - x0) / (x1 - x0)
    }
}

fn add(a: (f64, f64, f64), b: (f64, f64, f64)) -> (f64, f64, f64) {
    (a.0 + b.0, a.1 + b.1, a.2 + b.2)
}

#[cfg(test)]
mod tests {
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn planted(n: usize, slope: f64, intercept: f64, seed: u64) -> (Vec<f64>, Vec<bool>) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let logits: Vec<f64> = (0..n).map(|_| rng.random_range(-3.0..3.0)).collect();
        let labels = logits.iter().map(|z| rng.random::<f64>() < sigmoid(slope * z + intercept)).collect();
        (logits, labels)
    }

    #[test]
    fn platt_recovers_a_planted_slope() {
        let (logits, labels) = planted(20_000, 0.6, -0.4, 1);
        let fitted = Calibrator::fit(&logits, &labels).unwrap();
        assert!((fitted.slope - 0.6).abs() < 0.04 && (fitted.intercept + 0.4).abs() < 0.05, "{fitted:?}");
        assert!((fitted.apply(1.0) - sigmoid(fitted.slope + fitted.intercept)).abs() < 1e-15);
    }

    #[test]
    fn temperature_recovers_a_planted_one() {
        let (logits, labels) = planted(20_000, 0.5, 0.0, 2);
        let fitted = Calibrator::fit(&logits, &labels).unwrap();
        assert!((fitted.temperature - 2.0).abs() < 0.12, "{}", fitted.temperature);
    }

    #[test]
    fn the_slope_never_turns_round() {
        let (logits, labels) = planted(2000, -1.0, 0.0, 3);
        let fitted = Calibrator::fit(&logits, &labels).unwrap();
        assert_eq!(fitted.slope, SLOPE_FLOOR);
        let rate = labels.iter().filter(|l| **l).count() as f64 / 2000.0;
        let mean = logits.iter().map(|z| fitted.apply(*z)).sum::<f64>() / 2000.0;
        assert!((mean - rate).abs() < 0.01, "{mean} {rate}");
    }

    #[test]
    fn separable_and_constant_logits_stay_finite() {
        let logits: Vec<f64> = (0..100).map(|i| f64::from(i) - 49.5).collect();
        let labels: Vec<bool> = logits.iter().map(|z| *z > 0.0).collect();
        let fitted = Calibrator::fit(&logits, &labels).unwrap();
        assert!(fitted.slope.is_finite() && fitted.apply(-49.0) < 0.05 && fitted.apply(49.0) > 0.95);
        let constant = Calibrator::fit(&[0.7; 100], &labels).unwrap();
        assert!((constant.apply(0.7) - 0.5).abs() < 1e-6, "{constant:?}");
    }

    #[test]
    fn isotonic_by_hand() {
        // 0 1 0 | 1 0 1 1: pools {0}, {1 0}, {1 0}, {1 1}; the two halves tie and join.
        let logits = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        let labels = [false, true, false, true, false, true, true];
        let fitted = Isotonic::fit(&logits, &labels);
        assert_eq!(fitted.probability, [0.0, 0.5, 1.0]);
        assert_eq!(fitted.logit, [1.0, 3.5, 6.5]);
        assert_eq!(fitted.apply(-9.0), 0.0);
        assert_eq!(fitted.apply(3.5), 0.5);
        assert!((fitted.apply(5.0) - 0.75).abs() < 1e-15);
        assert_eq!(fitted.apply(9.0), 1.0);
    }

    #[test]
    fn isotonic_pools_equal_logits_whatever_their_order() {
        let one = Isotonic::fit(&[0.0, 0.0, 1.0], &[true, false, true]);
        let other = Isotonic::fit(&[0.0, 0.0, 1.0], &[false, true, true]);
        assert_eq!(one, other);
        assert_eq!((one.logit, one.probability), (vec![0.0, 1.0], vec![0.5, 1.0]));
    }

    #[test]
    fn refusals() {
        assert!(Calibrator::fit(&[0.0], &[true, false]).is_err());
        assert!(Calibrator::fit(&[0.0, f64::NAN], &[true, false]).is_err());
        assert!(Calibrator::fit(&[0.0, 1.0], &[true, true]).unwrap_err().to_string().contains("longer slice"));
    }
}
