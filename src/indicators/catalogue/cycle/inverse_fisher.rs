use serde::{Deserialize, Serialize};

use super::filters::StochasticFisher;
use crate::indicators::blocks::{Lag, Wilder, Wma};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "inverse_fisher",
    title: "Inverse Fisher transform",
    family: Family::Cycle,
    formula: "scaled = scaling (RSI(c, period) / 50 - 1); smoothed = WMA(scaled, smoothing); ifisher = (e^(2 smoothed) \
              - 1) / (e^(2 smoothed) + 1)",
    source: "J. F. Ehlers, The inverse Fisher transform, Technical Analysis of Stocks & Commodities (May 2004)",
    params: &[
        Param::real("scaling", "Largest value before the transform", 5.0, 0.1, 100.0),
        Param::bars("period", "Length of the relative strength index", 5, 1),
        Param::bars("smoothing", "Length of the weighted average", 9, 1),
    ],
    lines: &[
        LineSpec::output("ifisher", "Relative strength, compressed", Unit::bounded(-1.0, 1.0), |p| {
            p.bars(1) + p.bars(2) - 1
        }),
        LineSpec::internal("scaled", "Relative strength between -scaling and scaling", Unit::RATIO, |p| p.bars(1)),
        LineSpec::internal("smoothed", "scaled averaged", Unit::RATIO, |p| p.bars(1) + p.bars(2) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<InverseFisher>(),
};

/// Transforms the place of the close in its range, averaged plainly; -scaling on a flat range.
static ORIGINAL: Definition = Definition {
    formula: "scaled = 2 scaling (c - LL(c, period)) / (HH(c, period) - LL(c, period)) - scaling, -scaling on a flat \
              range; smoothed = SMA(scaled, smoothing); ifisher = tanh(smoothed)",
    source: "BTQuant, iFisher",
    params: &[
        Param::real("scaling", "Largest value before the transform", 5.0, 0.1, 100.0),
        Param::bars("period", "Bars of the range", 20, 2),
        Param::bars("smoothing", "Length of the average", 5, 1),
    ],
    lines: &[
        LineSpec::output("ifisher", "Place in the range, compressed", Unit::bounded(-1.0, 1.0), |p| {
            p.bars(1) + p.bars(2) - 2
        }),
        LineSpec::internal("scaled", "Place in the range between -scaling and scaling", Unit::RATIO, |p| p.bars(1) - 1),
        LineSpec::internal("smoothed", "scaled averaged", Unit::RATIO, |p| p.bars(1) + p.bars(2) - 2),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct InverseFisher {
    previous: Lag,
    up: Wilder,
    down: Wilder,
    scaling: f64,
    average: Wma,
}

impl Build for InverseFisher {
    fn build(p: Args<'_>) -> Self {
        Self {
            previous: Lag::new(1),
            up: Wilder::new(p.bars(1)),
            down: Wilder::new(p.bars(1)),
            scaling: p.real(0),
            average: Wma::new(p.bars(2)),
        }
    }
}

impl Indicator for InverseFisher {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.previous.next(bar.close);
        if change.is_nan() {
            return;
        }
        let (up, down) = (self.up.next(change.max(0.0)), self.down.next((-change).max(0.0)));
        let total = up + down;
        // RSI / 50 - 1 with RSI = 100 up / total, and 50 when nothing moved.
        let strength = if total == 0.0 { 0.0 } else { (up - down) / total };
        let scaled = self.scaling * strength;
        let smoothed = self.average.next(scaled);
        put(lines, [smoothed.tanh(), scaled, smoothed]);
    }
}

#[derive(Serialize, Deserialize)]
struct Original(StochasticFisher<true>);

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self(StochasticFisher::new(p.bars(1), p.real(0), p.bars(2)))
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [scaled, smoothed, ifisher] = self.0.next(bar.close);
        put(lines, [ifisher, scaled, smoothed]);
    }
}
