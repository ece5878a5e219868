//! What the two ciphers share; `ORIGINAL` divides as the Python original does.

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Sma, Strength, ratio, ratio_or_zero};

pub(super) fn divide<const ORIGINAL: bool>(a: f64, b: f64) -> f64 {
    if ORIGINAL { ratio_or_zero(a, b) } else { ratio(a, b) }
}

/// First index of the channel index.
pub(super) const fn first_channel(channel: usize) -> usize {
    2 * (channel - 1)
}

/// First index of the first wave.
pub(super) const fn first_wave(channel: usize, average: usize) -> usize {
    first_channel(channel) + average - 1
}

/// WaveTrend.
#[derive(Serialize, Deserialize)]
pub(super) struct Wave<const ORIGINAL: bool> {
    price: Ema,
    distance: Ema,
    index: Ema,
    signal: Sma,
}

pub(super) struct WaveLines {
    pub(super) esa: f64,
    pub(super) de: f64,
    pub(super) ci: f64,
    pub(super) wt1: f64,
    pub(super) wt2: f64,
}

impl<const ORIGINAL: bool> Wave<ORIGINAL> {
    pub(super) fn new(channel: usize, average: usize, signal: usize) -> Self {
        Self {
            price: Ema::new(channel),
            distance: Ema::new(channel),
            index: Ema::new(average),
            signal: Sma::new(signal),
        }
    }

    pub(super) fn next(&mut self, price: f64) -> WaveLines {
        let esa = self.price.next(price);
        let de = self.distance.next((price - esa).abs());
        let ci = divide::<ORIGINAL>(price - esa, 0.015 * de);
        let wt1 = self.index.next(ci);
        WaveLines { esa, de, ci, wt1, wt2: self.signal.next(wt1) }
    }
}

/// The relative strength index; the original's is 0 when nothing fell.
pub(super) fn strength_index<const ORIGINAL: bool>(strength: &mut Strength, x: f64) -> f64 {
    if !ORIGINAL {
        return strength.index(x);
    }
    let (up, down) = strength.next(x);
    100.0 - 100.0 / (1.0 + ratio_or_zero(up, down))
}

/// 1 or 0; missing where `needed` is.
pub(super) fn flag(needed: f64, state: bool) -> f64 {
    if needed.is_nan() { f64::NAN } else { f64::from(state) }
}
