use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, HighLow, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "stochastic_momentum",
    title: "Stochastic momentum index",
    family: Family::Momentum,
    formula: "distance = c - (HH(h, period) + LL(l, period)) / 2; range = HH(h, period) - LL(l, period); smi = 100 \
              EMA(EMA(distance, first), second) / (EMA(EMA(range, first), second) / 2); signal = EMA(smi, signal)",
    source: "W. Blau, Stochastic Momentum, Technical Analysis of Stocks & Commodities (1993)",
    params: &[
        Param::bars("period", "Bars of the range", 13, 1),
        Param::bars("first", "Length of the first smoothing", 25, 1),
        Param::bars("second", "Length of the second smoothing", 2, 1),
        Param::bars("signal", "Length of the signal average", 9, 1),
    ],
    lines: &[
        LineSpec::output("smi", "Smoothed distance from the middle in percent of half the range", BOUNDS, first),
        LineSpec::output("signal", "Average of smi", BOUNDS, |p| first(p) + p.bars(3) - 1),
        LineSpec::internal("distance", "Close above the middle of the range", Unit::PRICE_DIFFERENCE, |p| {
            p.bars(0) - 1
        }),
        LineSpec::internal("range", "Highest high minus lowest low", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("distance_smooth", "distance, smoothed twice", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("range_smooth", "range, smoothed twice", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<StochasticMomentum>(),
};

const BOUNDS: Unit = Unit::bounded(-100.0, 100.0);

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) + p.bars(2) - 3
}

#[derive(Serialize, Deserialize)]
struct StochasticMomentum {
    extremes: HighLow,
    distance: [Ema; 2],
    range: [Ema; 2],
    signal: Ema,
}

impl Build for StochasticMomentum {
    fn build(p: Args<'_>) -> Self {
        let pair = || [Ema::new(p.bars(1)), Ema::new(p.bars(2))];
        Self { extremes: HighLow::new(p.bars(0)), distance: pair(), range: pair(), signal: Ema::new(p.bars(3)) }
    }
}

impl Indicator for StochasticMomentum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (highest, lowest) = self.extremes.next(bar.high, bar.low);
        let (distance, range) = (bar.close - f64::midpoint(highest, lowest), highest - lowest);
        let ([distance_once, distance_twice], [range_once, range_twice]) = (&mut self.distance, &mut self.range);
        let distance_smooth = distance_twice.next(distance_once.next(distance));
        let range_smooth = range_twice.next(range_once.next(range));
        let smi = (100.0 * ratio(distance_smooth, 0.5 * range_smooth)).clamp(-100.0, 100.0);
        let signal = self.signal.next(smi).clamp(-100.0, 100.0);
        put(lines, [smi, signal, distance, range, distance_smooth, range_smooth]);
    }
}
