use super::{TrainError, TrainingSet};
use crate::stats;

/// Halvings of the interval that holds the best constant probability.
const HALVINGS: usize = 60;

/// How entry and exit are taught: weights of their positive class and the exponent of the focal loss.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Balance {
    /// Weight of an entry and of an exit; 1 counts every bar alike.
    pub(super) positive: [f64; 2],
    /// Exponent of the focal loss; 0 is plain cross-entropy.
    pub(super) focal: f64,
}

impl Balance {
    /// With `class_weights`, the weights that let a class of the training slice count as much as the other.
    ///
    /// Errors if a class is empty.
    pub(super) fn new(set: &TrainingSet<'_>, class_weights: bool, focal: f64) -> Result<Self, TrainError> {
        let mut positive = [1.0; 2];
        if class_weights {
            let [entry, exit, ..] = set.targets.columns(set.train);
            for (weight, (task, truth)) in positive.iter_mut().zip([("entry", entry), ("exit", exit)]) {
                let share = stats::mean(&truth);
                if !(share > 0.0 && share < 1.0) {
                    return Err(TrainError::OneClass { task });
                }
                *weight = (1.0 - share) / share;
            }
        }
        Ok(Self { positive, focal })
    }

    /// Loss of entry (task 0) or exit (1) for probability `p` where the truth is `y`.
    fn loss(self, task: usize, p: f64, y: f64) -> f64 {
        let term = |p: f64| if self.focal > 0.0 { -(1.0 - p).powf(self.focal) * p.ln() } else { -p.ln() };
        self.positive[task] * y * term(p) + (1.0 - y) * term(1.0 - p)
    }

    /// The constant probability of least loss where a share `rate` is positive.
    fn constant(self, task: usize, rate: f64) -> f64 {
        let plain = self.positive[task] == 1.0 && self.focal == 0.0;
        if plain {
            return rate.clamp(1e-6, 1.0 - 1e-6);
        }
        let mean = |p: f64| rate * self.loss(task, p, 1.0) + (1.0 - rate) * self.loss(task, p, 0.0);
        // Both terms are convex in p.
        let (mut low, mut high) = (1e-6, 1.0 - 1e-6);
        for _ in 0..HALVINGS {
            let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
            if mean(a) < mean(b) { high = b } else { low = a }
        }
        0.5 * (low + high)
    }

    /// Losses of predicting, on validation bars, the training slice's constants: base rates and means.
    pub(super) fn constant_losses(self, set: &TrainingSet<'_>) -> [f64; 4] {
        let train = set.targets.columns(set.train);
        let validation = set.targets.columns(set.validation);
        std::array::from_fn(|task| {
            let mean = stats::mean(&train[task]);
            let constant = if task < 2 { self.constant(task, mean) } else { mean };
            let loss = |y: f64| match task {
                0 | 1 if self.focal == 0.0 && self.positive[task] == 1.0 => {
                    -(y * constant.ln() + (1.0 - y) * (1.0 - constant).ln())
                }
                0 | 1 => self.loss(task, constant, y),
                _ => (y - constant).powi(2),
            };
            validation[task].iter().map(|&y| loss(y)).sum::<f64>() / validation[task].len() as f64
        })
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::nn::focal_with_logits;

    #[test]
    fn the_best_constant_is_the_base_rate_or_a_half_when_balanced() {
        let plain = Balance { positive: [1.0; 2], focal: 0.0 };
        assert_eq!(plain.constant(0, 0.2), 0.2);
        let balanced = Balance { positive: [4.0, 1.0], focal: 0.0 };
        assert!((balanced.constant(0, 0.2) - 0.5).abs() < 1e-7);
        assert_eq!(balanced.constant(1, 0.2), 0.2);
        let focal = Balance { positive: [1.0; 2], focal: 2.0 };
        let found = focal.constant(0, 0.2);
        let mean = |p: f64| 0.2 * focal.loss(0, p, 1.0) + 0.8 * focal.loss(0, p, 0.0);
        assert!(found > 0.2 && found < 0.5, "{found}");
        for p in [found - 1e-3, found + 1e-3, 0.2, 0.5] {
            assert!(mean(found) < mean(p), "{p}");
        }
    }

    #[test]
    fn its_focal_loss_is_the_networks() {
        let focal = Balance { positive: [1.0; 2], focal: 2.0 };
        let tensor = |x: f64| Tensor::new(&[x], &Device::Cpu).unwrap();
        for (logit, y) in [(0.7_f64, 1.0), (0.7, 0.0), (-2.0, 1.0)] {
            let p = 1.0 / (1.0 + (-logit).exp());
            let theirs = focal_with_logits(&tensor(logit), &tensor(y), 2.0, None).unwrap().to_scalar::<f64>().unwrap();
            assert!((focal.loss(0, p, y) - theirs).abs() < 1e-12);
        }
    }
}
