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
    }

    /// Mean and largest norm of the steps' gradients.
    pub(super) fn norms(&self) -> (f64, f64) {
        (self.norms / self.steps as f64, self.norm_max)
    }
}
