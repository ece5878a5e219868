use serde::{Deserialize, Serialize};

use super::{TrainError, Trainer};
use crate::jobs::Cancelled;

/// Weight of the past in the smoothed loss.
const SMOOTHING: f64 = 0.95;
/// The sweep ends when the smoothed loss exceeds this multiple of its least value.
const DIVERGED: f64 = 4.0;

/// A sweep of learning rates over a network nobody keeps: the rate grows exponentially from step to step while the loss
/// is watched.
///
/// Source: Smith, "Cyclical learning rates for training neural networks" (2017), section 3.3.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LrFinder {
    /// First rate.
    pub from: f64,
    /// Last rate.
    pub to: f64,
    /// Optimiser steps.
    pub steps: usize,
}

impl Default for LrFinder {
    fn default() -> Self {
        Self { from: 1e-7, to: 1.0, steps: 200 }
    }
}

/// One step of a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct LrPoint {
    /// From 1.
    pub step: usize,
    /// Its learning rate.
    pub lr: f64,
    /// What was minimised, before the step.
    pub loss: f64,
    /// Exponentially smoothed, without the bias of its start.
    pub smoothed: f64,
}

/// What a sweep came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LrSuggestion {
    /// Where the smoothed loss falls fastest per factor of the rate; `None` if it never falls.
    pub lr: Option<f64>,
    /// A tenth of the rate of the least smoothed loss; `None` likewise.
    pub minimum_over_ten: Option<f64>,
    /// Rate at which the sweep was broken off because the loss ran away; `None` if it never did.
    pub diverged_at: Option<f64>,
    /// Steps taken.
    pub steps: usize,
}

impl LrFinder {
    /// The rate of step `i`, from 0.
    fn rate(&self, i: usize) -> f64 {
        self.from * (self.to / self.from).powf(i as f64 / (self.steps.max(2) - 1) as f64)
    }

    /// Sweeps with `trainer`, whose weights are spoilt by it, and tells `each` step.
    ///
    /// Errors if `from` is not below `to`, there are fewer than 10 steps, or when cancelled.
    pub fn sweep(
        &self,
        trainer: &mut Trainer<'_>,
        each: &mut dyn FnMut(LrPoint) -> Result<(), Cancelled>,
    ) -> Result<LrSuggestion, TrainError> {
        let Self { from, to, steps } = *self;
        if !(from > 0.0 && from < to && to.is_finite()) || steps < 10 {
            return Err(TrainError::Sweep { from, to, steps });
        }
        let mut points: Vec<LrPoint> = Vec::with_capacity(steps);
        let (mut mean, mut least) = (0.0, f64::INFINITY);
        for i in 0..steps {
            let lr = self.rate(i);
            let loss = match trainer.step_at(lr) {
                Ok(step) => step.loss,
                Err(TrainError::NotFinite { .. }) => return Ok(suggest(&points, Some(lr))),
                Err(other) => return Err(other),
            };
            mean = SMOOTHING * mean + (1.0 - SMOOTHING) * loss;
            let smoothed = mean / (1.0 - SMOOTHING.powi(i as i32 + 1));
            let point = LrPoint { step: i + 1, lr, loss, smoothed };
            each(point)?;
            points.push(point);
            if smoothed > DIVERGED * least.abs() {
                return Ok(suggest(&points, Some(lr)));
            }
            least = least.min(smoothed);
        }
        Ok(suggest(&points, None))
    }
}

/// The steepest descent before the least loss, and a tenth of the rate there.
fn suggest(points: &[LrPoint], diverged_at: Option<f64>) -> LrSuggestion {
    let least = (0..points.len()).min_by(|&a, &b| points[a].smoothed.total_cmp(&points[b].smoothed)).unwrap_or(0);
    // The first tenth of the sweep only settles the mean.
    let start = points.len() / 10;
    let slope =
        |i: usize| (points[i + 1].smoothed - points[i - 1].smoothed) / (points[i + 1].lr / points[i - 1].lr).ln();
    let steepest = (start.max(1)..least).min_by(|&a, &b| slope(a).total_cmp(&slope(b))).filter(|&i| slope(i) < 0.0);
    LrSuggestion {
        lr: steepest.map(|i| points[i].lr),
        minimum_over_ten: steepest.map(|_| points[least].lr / 10.0),
        diverged_at,
        steps: points.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Norm, Pooling};
    use crate::training::planted::{World, config, shape};

    fn points(loss: impl Fn(f64) -> f64) -> Vec<LrPoint> {
        let finder = LrFinder { from: 1e-6, to: 1.0, steps: 121 };
        (0..121)
            .map(|i| {
                let lr = finder.rate(i);
                LrPoint { step: i + 1, lr, loss: loss(lr), smoothed: loss(lr) }
            })
            .collect()
    }

    #[test]
    fn the_steepest_descent_and_the_minimum_are_found() {
        // A smooth step down around 1e-3, then a rise from 1e-1 on.
        let loss = |lr: f64| 1.0 - (4.0 * (lr.log10() + 3.0)).tanh() + 10.0 * (lr - 0.1).max(0.0);
        let found = suggest(&points(loss), None);
        assert!((found.lr.unwrap().log10() + 3.0).abs() < 0.06, "{found:?}");
        let minimum = found.minimum_over_ten.unwrap();
        assert!(minimum > 1e-3 && minimum < 1.2e-2, "{found:?}");
        let rising = suggest(&points(|lr| 1.0 + lr), None);
        assert_eq!((rising.lr, rising.minimum_over_ten), (None, None));
    }

    #[test]
    fn a_sweep_ends_where_the_loss_runs_away_and_is_repeatable() {
        let world = World::new(200);
        let finder = LrFinder { from: 1e-6, to: 1e3, steps: 60 };
        let run = || {
            let mut trainer = world.trainer(&shape(Norm::Pre, Pooling::Mean), config(3));
            let mut seen = Vec::new();
            let found = finder.sweep(&mut trainer, &mut |point| {
                seen.push(point);
                Ok(())
            });
            (seen, found.unwrap())
        };
        let (seen, found) = run();
        assert_eq!(run(), (seen.clone(), found.clone()));
        assert!(found.diverged_at.is_some() && found.steps < 60, "{found:?}");
        assert_eq!(seen.len(), found.steps);
        let lr = found.lr.unwrap();
        assert!(lr > 1e-5 && lr < 1.0, "{found:?}");
        assert!(seen.windows(2).all(|pair| pair[0].lr < pair[1].lr));
    }

    #[test]
    fn a_senseless_range_is_refused() {
        let world = World::new(60);
        for (from, to, steps) in [(0.0, 1.0, 50), (1.0, 0.1, 50), (1e-6, 1.0, 3), (1e-6, f64::INFINITY, 50)] {
            let mut trainer = world.trainer(&shape(Norm::Pre, Pooling::Mean), config(1));
            let refused = LrFinder { from, to, steps }.sweep(&mut trainer, &mut |_| Ok(()));
            assert!(matches!(refused, Err(TrainError::Sweep { .. })), "{from} {to} {steps}");
        }
    }
}
