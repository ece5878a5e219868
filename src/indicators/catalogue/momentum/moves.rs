//! Rises and falls of a value, and the relative strength index of them.

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Wilder, ratio_or_zero};

/// Wilder's averages of the rises and of the falls of a value.
#[derive(Serialize, Deserialize)]
pub(super) struct Moves {
    up: Wilder,
    down: Wilder,
}

/// One change of the value and the averages up to it.
pub(super) struct Move {
    /// The change if it is a rise, else 0.
    pub(super) up: f64,
    /// Size of the change if it is a fall, else 0.
    pub(super) down: f64,
    /// Average rise.
    pub(super) average_up: f64,
    /// Average fall.
    pub(super) average_down: f64,
}

impl Moves {
    pub(super) fn new(n: usize) -> Self {
        Self { up: Wilder::new(n), down: Wilder::new(n) }
    }

    /// Takes the next change; all is missing where it is.
    #[inline(always)]
    pub(super) fn next(&mut self, change: f64) -> Move {
        let [up, down] = split(change);
        Move { up, down, average_up: self.up.next(up), average_down: self.down.next(down) }
    }
}

impl Move {
    /// Share of the rises in all movement, percent; 50 when nothing moved.
    #[inline(always)]
    pub(super) fn index(&self) -> f64 {
        share(self.average_up, self.average_up + self.average_down)
    }

    /// The original's: 0 without a fall, so also when nothing moved.
    #[inline(always)]
    pub(super) fn index_of_the_original(&self) -> f64 {
        100.0 - 100.0 / (1.0 + ratio_or_zero(self.average_up, self.average_down))
    }
}

/// The change as (rise, fall), one of them 0; both missing where it is.
#[inline(always)]
pub(super) fn split(change: f64) -> [f64; 2] {
    if change.is_nan() {
        return [f64::NAN; 2];
    }
    [if change > 0.0 { change } else { 0.0 }, if change < 0.0 { -change } else { 0.0 }]
}

/// Part of a whole, percent; 50 of nothing.
#[inline(always)]
pub(super) fn share(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 50.0 } else { 100.0 * (part / whole) }
}
