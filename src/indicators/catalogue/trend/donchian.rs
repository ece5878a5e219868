use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{SlidingHigh, SlidingLow, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "donchian",
    title: "Donchian channel",
    family: Family::Trend,
    formula: "upper = HH(h, period); lower = LL(l, period); position = (c - lower) / (upper - \
              lower); breakout = 1 when c > upper[-1], -1 when c < lower[-1], else 0",
    source: "R. D. Donchian, four-week rule (1960s); over 55 bars, the slow system of R. Dennis's Turtles (1983)",
    params: &[Param::bars("period", "Bars of the channel", 55, 1)],
    lines: &[
        LineSpec::output("upper", "Highest high", Unit::PRICE, first),
        LineSpec::output("lower", "Lowest low", Unit::PRICE, first),
        LineSpec::output("position", "Close within the channel: 0 at the bottom, 1 at the top", POSITION, first),
        LineSpec::output("breakout", "1 above the channel of the bar before, -1 below, else 0", Unit::FLAG, |p| {
            p.bars(0)
        }),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Donchian>(),
};

const POSITION: Unit = Unit::bounded(0.0, 1.0);

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct Donchian {
    highest: SlidingHigh,
    lowest: SlidingLow,
}

impl Build for Donchian {
    fn build(p: Args<'_>) -> Self {
        Self { highest: SlidingHigh::new(p.bars(0)), lowest: SlidingLow::new(p.bars(0)) }
    }
}

impl Indicator for Donchian {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (before_upper, before_lower) = (self.highest.value(), self.lowest.value());
        let (upper, lower) = (self.highest.next(bar.high), self.lowest.next(bar.low));
        let position = ratio(bar.close - lower, upper - lower).clamp(0.0, 1.0);
        let breakout = f64::from(i8::from(bar.close > before_upper) - i8::from(bar.close < before_lower));
        let breakout = if before_upper.is_nan() { f64::NAN } else { breakout };
        put(lines, [upper, lower, position, breakout]);
    }
}
