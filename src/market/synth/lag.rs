use std::collections::VecDeque;

use super::{Bar, SIGMA, VOLUME, normal_above};

/// Share of bars that are events.
pub(super) const RATE: f64 = 0.25;
/// Least volume of an event against what the bar would have had.
pub(super) const SPIKE: f64 = 5.0;
/// Bounds of an ordinary bar's log volume against the usual: 0.12 x 2 / (1 - 0.6) by its own noise, 0.1 x 3 by its size.
pub(super) const USUAL_LOG_VOLUME: (f64, f64) = (-0.6, 0.9);

/// Reads events off volume and direction.
#[derive(Debug, Clone)]
pub(super) struct LagFilter {
    strength: f64,
    /// Directions of the last `lag + 1` bars that were events, 0 for the others; the oldest first.
    events: VecDeque<f64>,
}

impl LagFilter {
    pub(super) fn new(lag: usize, strength: f64) -> Self {
        Self { strength, events: VecDeque::from(vec![0.0; lag + 1]) }
    }

    pub(super) fn observe(&mut self, bar: &Bar) {
        // Halfway between the largest ordinary volume (2.46 times the usual) and the smallest event (2.74 times).
        let bound = f64::midpoint(USUAL_LOG_VOLUME.1, USUAL_LOG_VOLUME.0 + SPIKE.ln());
        let event = bar.volume > VOLUME * bound.exp();
        let direction = if bar.close > bar.open { 1.0 } else { -1.0 };
        self.events.pop_front();
        self.events.push_back(if event { direction } else { 0.0 });
    }

    /// Direction of the last bar if it is an event, else 0.
    pub(super) fn event(&self) -> f64 {
        self.events.back().copied().unwrap_or(0.0)
    }

    /// The lag, if an event drives the next bar; NaN otherwise.
    pub(super) fn driving_lag(&self) -> f64 {
        if self.push(1) == 0.0 { f64::NAN } else { (self.events.len() - 1) as f64 }
    }

    /// Expected return of the `ahead`-th bar from now, in standard deviations, from events already seen.
    pub(super) fn push(&self, ahead: usize) -> f64 {
        self.strength * self.events.get(ahead - 1).copied().unwrap_or(0.0)
    }

    pub(super) fn chance_above(&self, horizon: usize, threshold: f64) -> f64 {
        let seen = horizon.min(self.events.len());
        let mut means: Vec<f64> = (1..=seen).map(|ahead| self.push(ahead)).collect();
        let mut variance = horizon as f64;
        // Events still to come go the way of the bar they come on.
        for ahead in seen..horizon {
            let rises = normal_above(0.0, means[ahead - self.events.len()], 1.0);
            means.push(RATE * self.strength * (2.0 * rises - 1.0));
            variance += RATE * self.strength * self.strength;
        }
        normal_above(threshold, SIGMA * means.iter().sum::<f64>(), SIGMA * variance.sqrt())
    }
}
