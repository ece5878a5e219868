use serde::{Deserialize, Serialize};

use super::moves::Moves;
use crate::indicators::blocks::{Ema, Sma};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "derivative_oscillator",
    title: "Derivative oscillator",
    family: Family::Momentum,
    formula: "smooth = EMA(EMA(RSI(c, period), first), second); average = SMA(smooth, signal); oscillator = smooth - \
              average",
    source: "C. Brown, Technical Analysis for the Trading Professional (1999)",
    params: &[
        Param::bars("period", "Length of the relative strength index", 14, 1),
        Param::bars("first", "Length of the first smoothing", 5, 1),
        Param::bars("second", "Length of the second smoothing", 3, 1),
        Param::bars("signal", "Length of the average", 9, 1),
    ],
    lines: &[
        LineSpec::output("oscillator", "Smoothed index minus its average", Unit::bounded(-100.0, 100.0), |p| {
            first(p) + p.bars(3) - 1
        }),
        LineSpec::internal("smooth", "Relative strength index, smoothed twice", Unit::PERCENT, first),
        LineSpec::internal("average", "Average of smooth", Unit::PERCENT, |p| first(p) + p.bars(3) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Derivative>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) + p.bars(2) - 2
}

#[derive(Serialize, Deserialize)]
struct Derivative {
    close: f64,
    moves: Moves,
    first: Ema,
    second: Ema,
    average: Sma,
}

impl Build for Derivative {
    fn build(p: Args<'_>) -> Self {
        Self {
            close: f64::NAN,
            moves: Moves::new(p.bars(0)),
            first: Ema::new(p.bars(1)),
            second: Ema::new(p.bars(2)),
            average: Sma::new(p.bars(3)),
        }
    }
}

impl Indicator for Derivative {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let rsi = self.moves.next(bar.close - self.close).index();
        self.close = bar.close;
        let smooth = self.second.next(self.first.next(rsi)).clamp(0.0, 100.0);
        let average = self.average.next(smooth).clamp(0.0, 100.0);
        put(lines, [smooth - average, smooth, average]);
    }
}
