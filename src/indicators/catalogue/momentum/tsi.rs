use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio, ratio_or_zero};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "tsi",
    title: "True strength index",
    family: Family::Momentum,
    formula: "m = c - c[-1]; sm12 = EMA(EMA(m, period1), period2); sm22 = EMA(EMA(|m|, period1), period2); tsi = 100 \
              sm12 / sm22; signal = EMA(tsi, signal)",
    source: "W. Blau, True Strength Index, Technical Analysis of Stocks & Commodities (1991)",
    params: &[
        Param::bars("period1", "Length of the first smoothing", 25, 1),
        Param::bars("period2", "Length of the second smoothing", 13, 1),
        Param::bars("signal", "Length of the signal average", 7, 1),
    ],
    lines: &LINES,
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Tsi<false>>(),
};

/// The short smoothing comes first; 0 where nothing moved.
static ORIGINAL: Definition = Definition {
    formula: "m = c - c[-1]; sm12 = EMA(EMA(m, period1), period2); sm22 = EMA(EMA(|m|, period1), period2); tsi = 100 \
              sm12 / sm22, 0 where sm22 is 0",
    params: &[
        Param::bars("period1", "Length of the first smoothing", 13, 1),
        Param::bars("period2", "Length of the second smoothing", 25, 1),
    ],
    lines: LINES.split_at(LINES.len() - 1).0,
    compat: Compat::Same,
    engine: Engine::of::<Tsi<true>>(),
    ..DEFINITION
};

static LINES: [LineSpec; 5] = [
    LineSpec::output("tsi", "Smoothed change over smoothed size of change", Unit::bounded(-100.0, 100.0), first),
    LineSpec::internal("sm12", "Change, smoothed twice", Unit::PRICE_DIFFERENCE, first),
    LineSpec::internal("sm22", "Size of change, smoothed twice", Unit::PRICE_DIFFERENCE, first),
    LineSpec::internal("sm21", "Size of change, smoothed once", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    LineSpec::output("signal", "Average of tsi", Unit::bounded(-100.0, 100.0), |p| first(p) + p.bars(2) - 1),
];

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct Tsi<const ORIGINAL: bool> {
    previous: f64,
    signed: [Ema; 2],
    absolute: [Ema; 2],
    signal: Ema,
}

impl<const ORIGINAL: bool> Build for Tsi<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let pair = || [Ema::new(p.bars(0)), Ema::new(p.bars(1))];
        let signal = if ORIGINAL { 1 } else { p.bars(2) };
        Self { previous: f64::NAN, signed: pair(), absolute: pair(), signal: Ema::new(signal) }
    }
}

impl<const ORIGINAL: bool> Indicator for Tsi<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.previous;
        self.previous = bar.close;
        let (sm11, sm21) = (self.signed[0].next(change), self.absolute[0].next(change.abs()));
        let (sm12, sm22) = (self.signed[1].next(sm11), self.absolute[1].next(sm21));
        let share = if ORIGINAL { ratio_or_zero(sm12, sm22) } else { ratio(sm12, sm22) };
        let tsi = (100.0 * share).clamp(-100.0, 100.0);
        put(lines, [tsi, sm12, sm22, sm21]);
        if !ORIGINAL {
            lines[4] = self.signal.next(tsi).clamp(-100.0, 100.0);
        }
    }
}
