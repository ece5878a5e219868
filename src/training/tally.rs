use serde::{Deserialize, Serialize};

use super::metrics::TaskLosses;

/// Sums over one epoch.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Tally {
    /// Task losses times windows.
    pub(super) losses: TaskLosses,
    /// What was minimised, times windows.
    pub(super) total: f64,
    /// Windows seen, by weight.
    pub(super) weight: f64,
    pub(super) windows: usize,
    pub(super) batches: usize,
    /// Optimiser steps taken.
    pub(super) steps: usize,
    norms: f64,
    norm_max: f64,
    /// Learning rate of the last step.
    pub(super) rate: f64,
    /// Seconds spent gathering windows.
    pub(super) gathering: f64,
    /// Seconds spent in steps.
    pub(super) seconds: f64,
    /// The sums when [`Tally::part`] was last taken.
    #[serde(default)]
    taken: Taken,
}

/// Sums up to a line of steps, and the largest norm since.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Taken {
    losses: TaskLosses,
    total: f64,
    weight: f64,
    steps: usize,
    norms: f64,
    norm_max: f64,
}

/// Means over the steps since the last part.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) losses: TaskLosses,
    pub(super) total: f64,
    pub(super) steps: usize,
    pub(super) norm: f64,
    pub(super) norm_max: f64,
}

impl Tally {
    /// Adds a batch of `n` windows whose weights sum to `weight`; `own`: its losses times `weight`.
    pub(super) fn add(&mut self, own: TaskLosses, n: usize, weight: f64) {
        let sums = &mut self.losses;
        sums.entry += own.entry;
        sums.exit += own.exit;
        sums.expected_return += own.expected_return;
        sums.volatility += own.volatility;
        sums.vae += own.vae;
        sums.size += own.size;
        self.windows += n;
        self.weight += weight;
    }

    /// Adds a step whose gradients had `norm` before clipping.
    pub(super) fn step(&mut self, norm: f64) {
        self.steps += 1;
        self.norms += norm;
        self.norm_max = self.norm_max.max(norm);
        self.taken.norm_max = self.taken.norm_max.max(norm);
    }

    /// What the steps since the last call came to; `None`, and they stay for the next call, while no window of theirs
    /// counts.
    pub(super) fn part(&mut self) -> Option<Part> {
        let taken = &self.taken;
        let weight = self.weight - taken.weight;
        if weight <= 0.0 {
            return None;
        }
        let steps = self.steps - taken.steps;
        let part = Part {
            losses: self.losses.less(taken.losses).divided(weight),
            total: (self.total - taken.total) / weight,
            steps,
            norm: (self.norms - taken.norms) / steps as f64,
            norm_max: taken.norm_max,
        };
        self.taken = Taken {
            losses: self.losses,
            total: self.total,
            weight: self.weight,
            steps: self.steps,
            norms: self.norms,
            norm_max: 0.0,
        };
        Some(part)
    }

    /// Mean and largest norm of the steps' gradients.
    pub(super) fn norms(&self) -> (f64, f64) {
        (self.norms / self.steps as f64, self.norm_max)
    }
}

impl TaskLosses {
    fn less(self, other: Self) -> Self {
        Self {
            entry: self.entry - other.entry,
            exit: self.exit - other.exit,
            expected_return: self.expected_return - other.expected_return,
            volatility: self.volatility - other.volatility,
            vae: self.vae - other.vae,
            size: self.size - other.size,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_means_since_the_last_one_and_wait_for_windows_that_count() {
        let losses = |x: f64| TaskLosses { entry: x, size: -x, ..TaskLosses::default() };
        let mut tally = Tally::default();
        let step = |tally: &mut Tally, loss: f64, weight: f64, norm: f64| {
            tally.add(losses(loss * weight), 4, weight);
            tally.total += 2.0 * loss * weight;
            tally.step(norm);
        };
        step(&mut tally, 1.0, 4.0, 3.0);
        step(&mut tally, 2.0, 12.0, 1.0);
        let part = tally.part().unwrap();
        assert_eq!(part, Part { losses: losses(1.75), total: 3.5, steps: 2, norm: 2.0, norm_max: 3.0 });
        step(&mut tally, 0.0, 0.0, 0.0);
        assert_eq!(tally.part(), None);
        step(&mut tally, 0.5, 4.0, 1.0);
        let text = serde_json::to_string(&tally).unwrap();
        let part = tally.part().unwrap();
        assert_eq!(part, Part { losses: losses(0.5), total: 1.0, steps: 2, norm: 0.5, norm_max: 1.0 });
        // A checkpoint between two parts keeps what belongs to the second.
        assert_eq!(serde_json::from_str::<Tally>(&text).unwrap().part(), Some(part));
        assert_eq!(tally.norms(), (1.25, 3.0), "of the whole epoch");
    }
}
