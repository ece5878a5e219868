use super::{Bar, SIGMA, normal_above};

/// Volatility of the first and the last state against the usual.
const CALM: f64 = 0.6;
const WILD: f64 = 1.6;

/// The states of a market and how it goes from one to another: after `dwell` bars on average, to any other alike.
#[derive(Debug, Clone)]
pub(super) struct States {
    leave: f64,
    means: Vec<f64>,
    stds: Vec<f64>,
}

impl States {
    pub(super) fn new(states: usize, dwell: f64, strength: f64) -> Self {
        let place = |k: usize| k as f64 / (states - 1) as f64;
        let means = (0..states).map(|k| SIGMA * strength * (1.0 - 2.0 * place(k))).collect();
        let stds = (0..states).map(|k| SIGMA * CALM * (WILD / CALM).powf(place(k))).collect();
        Self { leave: 1.0 / dwell, means, stds }
    }

    /// Mean of a bar's log return in state `k`.
    pub(super) fn mean(&self, k: usize) -> f64 {
        self.means[k]
    }

    /// Standard deviation of a bar's log return in state `k`.
    pub(super) fn std(&self, k: usize) -> f64 {
        self.stds[k]
    }

    /// The state of the first bar, by a uniform number: all alike.
    pub(super) fn first(&self, choice: f64) -> usize {
        (choice * self.means.len() as f64) as usize
    }

    /// The state after `k`, by a uniform number.
    pub(super) fn next(&self, k: usize, choice: f64) -> usize {
        if choice >= self.leave {
            return k;
        }
        let others = self.means.len() - 1;
        let to = ((choice / self.leave * others as f64) as usize).min(others - 1);
        if to < k { to } else { to + 1 }
    }

    /// Expectation of `values` over the state one bar after `k`.
    fn after(&self, k: usize, values: &[f64]) -> f64 {
        let total: f64 = values.iter().sum();
        (1.0 - self.leave) * values[k] + self.leave * (total - values[k]) / (self.means.len() - 1) as f64
    }

    /// Mean and standard deviation of the log return of `horizon` bars, of which the first is in state k, for each k.
    fn moments(&self, horizon: usize) -> Vec<(f64, f64)> {
        let count = self.means.len();
        let (mut first, mut second) = (vec![0.0; count], vec![0.0; count]);
        for _ in 0..horizon {
            let rest = (0..count).map(|k| (self.after(k, &first), self.after(k, &second)));
            let step = |k: usize, (mean, square): (f64, f64)| {
                let (m, s) = (self.means[k], self.stds[k]);
                (m + mean, m * m + s * s + 2.0 * m * mean + square)
            };
            (first, second) = rest.enumerate().map(|(k, rest)| step(k, rest)).unzip();
        }
        first.into_iter().zip(second).map(|(mean, square)| (mean, (square - mean * mean).sqrt())).collect()
    }
}

/// The forward filter of the hidden states.
///
/// Source: L. R. Rabiner, "A tutorial on hidden Markov models" (1989), section III A.
#[derive(Debug, Clone)]
pub(super) struct RegimeFilter {
    states: States,
    /// Probability of each state on the next bar.
    next: Vec<f64>,
}

impl RegimeFilter {
    pub(super) fn new(states: usize, dwell: f64, strength: f64) -> Self {
        Self { states: States::new(states, dwell, strength), next: vec![1.0 / states as f64; states] }
    }

    pub(super) fn observe(&mut self, bar: &Bar) {
        let step = (bar.close / bar.open).ln();
        let log_weight = |k: usize| {
            let std = self.states.stds[k];
            self.next[k].ln() - std.ln() - 0.5 * ((step - self.states.means[k]) / std).powi(2)
        };
        let logs: Vec<f64> = (0..self.next.len()).map(log_weight).collect();
        let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logs.iter().map(|log| (log - highest).exp()).collect();
        let total: f64 = weights.iter().sum();
        let now: Vec<f64> = weights.iter().map(|w| w / total).collect();
        // The transition is symmetric, so looking ahead from k and coming to k weigh alike.
        self.next = (0..now.len()).map(|k| self.states.after(k, &now)).collect();
    }

    /// Exact for one bar; beyond, the return from each first state counts as normal with its true moments.
    pub(super) fn chance_above(&self, horizon: usize, threshold: f64) -> f64 {
        let moments = self.states.moments(horizon);
        self.next.iter().zip(moments).map(|(p, (mean, std))| p * normal_above(threshold, mean, std)).sum()
    }
}
