use std::collections::VecDeque;

use super::{Bar, SIGMA, normal_above};

/// Period of the relative strength index.
const PERIOD: usize = 14;
/// Bars that the earlier extreme may lie back, at most and at least.
const OLDEST: usize = 30;
const NEWEST: usize = 5;
/// Points that RSI must stay away from its value at the earlier extreme.
const MARGIN: f64 = 2.0;
/// Bars that a divergence drives.
const HOLD: usize = 8;

/// Finds closes at a new extreme of 30 bars that RSI does not confirm.
#[derive(Debug, Clone)]
pub(super) struct DivergenceFilter {
    strength: f64,
    rsi: Rsi,
    /// Close and RSI of the bars before the last, the oldest first.
    past: VecDeque<(f64, f64)>,
    trigger: f64,
    /// Direction of the divergence at work and bars since it; 0 when none is.
    direction: f64,
    age: usize,
}

impl DivergenceFilter {
    pub(super) fn new(strength: f64) -> Self {
        let past = VecDeque::with_capacity(OLDEST + 1);
        Self { strength, rsi: Rsi::default(), past, trigger: 0.0, direction: 0.0, age: 0 }
    }

    pub(super) fn observe(&mut self, bar: &Bar) {
        let rsi = self.rsi.next(bar.close);
        self.trigger = if self.diverges(bar.close, rsi, 1.0) {
            1.0
        } else if self.diverges(bar.close, rsi, -1.0) {
            -1.0
        } else {
            0.0
        };
        if self.past.len() == OLDEST {
            self.past.pop_front();
        }
        self.past.push_back((bar.close, rsi));
        self.age += 1;
        if self.trigger != 0.0 {
            (self.direction, self.age) = (self.trigger, 0);
        } else if self.age >= HOLD {
            self.direction = 0.0;
        }
    }

    /// True if close is the lowest of all (`way` 1) or the highest (`way` -1) and RSI stays clear of the earlier extreme's.
    fn diverges(&self, close: f64, rsi: f64, way: f64) -> bool {
        if self.past.len() < OLDEST
            || rsi.is_nan()
            || self.past.iter().any(|(c, r)| r.is_nan() || way * c <= way * close)
        {
            return false;
        }
        let earlier = self.past.iter().take(OLDEST + 1 - NEWEST).min_by(|a, b| (way * a.0).total_cmp(&(way * b.0)));
        earlier.is_some_and(|(_, then)| way * (rsi - then) > MARGIN)
    }

    /// Direction of a divergence on the last bar, else 0.
    pub(super) const fn trigger(&self) -> f64 {
        self.trigger
    }

    /// Bars since the divergence that drives the next bar; NaN if none does.
    pub(super) fn driving_lag(&self) -> f64 {
        if self.direction == 0.0 || self.strength == 0.0 { f64::NAN } else { self.age as f64 }
    }

    /// Expected return of the next bar, in standard deviations.
    pub(super) fn drift(&self) -> f64 {
        self.strength * self.direction
    }

    /// Divergences still to come count as none.
    pub(super) fn chance_above(&self, horizon: usize, threshold: f64) -> f64 {
        let driven = horizon.min(HOLD - self.age.min(HOLD));
        normal_above(threshold, SIGMA * self.drift() * driven as f64, SIGMA * (horizon as f64).sqrt())
    }
}

/// Wilder's relative strength index, 0 to 100; NaN for the first 14 bars.
#[derive(Debug, Clone, Default)]
struct Rsi {
    before: Option<f64>,
    changes: usize,
    gain: f64,
    loss: f64,
}

impl Rsi {
    fn next(&mut self, close: f64) -> f64 {
        let Some(before) = self.before.replace(close) else { return f64::NAN };
        let change = close - before;
        self.changes += 1;
        let weight = 1.0 / self.changes.min(PERIOD) as f64;
        self.gain += weight * (change.max(0.0) - self.gain);
        self.loss += weight * ((-change).max(0.0) - self.loss);
        let total = self.gain + self.loss;
        if self.changes < PERIOD {
            f64::NAN
        } else if total == 0.0 {
            50.0
        } else {
            100.0 * self.gain / total
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rsi_by_hand() {
        // 7 changes of +2 and 7 of -1 give 14 / 21; the next +5 gives (1 x 13 + 5) against 0.5 x 13.
        let mut rsi = Rsi::default();
        let mut close = 100.0;
        let mut last = rsi.next(close);
        for i in 0..14 {
            assert!(last.is_nan());
            close += if i % 2 == 0 { 2.0 } else { -1.0 };
            last = rsi.next(close);
        }
        assert!((last - 100.0 * 14.0 / 21.0).abs() < 1e-9, "{last}");
        assert!((rsi.next(close + 5.0) - 100.0 * 18.0 / 24.5).abs() < 1e-9);
        let mut flat = Rsi::default();
        assert_eq!((0..20).map(|_| flat.next(3.0)).last(), Some(50.0));
    }
}
