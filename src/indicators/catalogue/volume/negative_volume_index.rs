use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Param, Unit};
use crate::market::Bar;

/// A running product of returns.
pub(super) const INDEX: Unit = Unit { kind: Kind::Cumulative, price: 0, volume: 0 };

pub(super) static DEFINITION: Definition = Definition {
    id: "negative_volume_index",
    title: "Negative volume index",
    family: Family::Volume,
    formula: "nvi starts at 1000 and grows by the return c / c[-1] - 1 of every bar with less volume than the one before; \
              signal = EMA(nvi, period); distance = nvi / signal - 1",
    source: "P. Dysart (1930s); N. G. Fosback, Stock Market Logic (1976), with the signal average of a year",
    params: &[Param::bars("period", "Length of the signal average", 255, 1)],
    lines: &[
        LineSpec::output("nvi", "Growth on bars of falling volume, from 1000", INDEX, |_| 0),
        LineSpec::output("signal", "Average of nvi", INDEX, |p| p.bars(0) - 1),
        LineSpec::output("distance", "nvi above its average, fraction", Unit::RATIO, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<VolumeIndex<false>>(),
};

/// Grows on bars of rising or of falling volume.
#[derive(Serialize, Deserialize)]
pub(super) struct VolumeIndex<const RISING: bool> {
    close: f64,
    volume: f64,
    index: f64,
    signal: Ema,
}

impl<const RISING: bool> Build for VolumeIndex<RISING> {
    fn build(p: Args<'_>) -> Self {
        Self { close: f64::NAN, volume: f64::NAN, index: 1000.0, signal: Ema::new(p.bars(0)) }
    }
}

impl<const RISING: bool> Indicator for VolumeIndex<RISING> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let counts = if RISING { bar.volume > self.volume } else { bar.volume < self.volume };
        let index = self.index * (bar.close / self.close);
        // A product out of range would spoil the index for good.
        if counts && index.is_finite() && index > 0.0 {
            self.index = index;
        }
        (self.close, self.volume) = (bar.close, bar.volume);
        let signal = self.signal.next(self.index);
        put(lines, [self.index, signal, ratio(self.index, signal) - 1.0]);
    }
}
