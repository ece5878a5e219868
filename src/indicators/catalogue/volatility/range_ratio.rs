use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Highest, Lowest, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "range_ratio",
    title: "Range ratio",
    family: Family::Volatility,
    formula: "short_range, long_range = HH(h) - LL(l) over short, long bars; ratio = short_range / long_range; narrow, \
              wide = 1 when h - l is below, above that of each of the pattern - 1 bars before",
    source: "T. Crabel, Day Trading with Short Term Price Patterns and Opening Range Breakout (1990): the narrow range \
             of 7 days",
    params: &[
        Param::bars("short", "Bars of the short range", 5, 1),
        Param::bars("long", "Bars of the long range", 20, 1),
        Param::bars("pattern", "Bars of which one is the narrowest or widest", 7, 2),
    ],
    lines: &[
        LineSpec::output("ratio", "Short over long range", Unit::RATIO, |p| p.bars(0).max(p.bars(1)) - 1),
        LineSpec::output("narrow", "1 on the narrowest bar of the pattern", Unit::FLAG, |p| p.bars(2) - 1),
        LineSpec::output("wide", "1 on the widest bar of the pattern", Unit::FLAG, |p| p.bars(2) - 1),
        LineSpec::internal("short_range", "Range of the short window", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("long_range", "Range of the long window", Unit::PRICE_DIFFERENCE, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    short: (Highest, Lowest),
    long: (Highest, Lowest),
    // Of the bars before this one.
    widest: Highest,
    narrowest: Lowest,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let window = |n| (Highest::new(n), Lowest::new(n));
        let before = p.bars(2) - 1;
        Self {
            short: window(p.bars(0)),
            long: window(p.bars(1)),
            widest: Highest::new(before),
            narrowest: Lowest::new(before),
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let span = |window: &mut (Highest, Lowest)| window.0.next(bar.high) - window.1.next(bar.low);
        let (short, long) = (span(&mut self.short), span(&mut self.long));
        let (widest, narrowest) = (self.widest.value(), self.narrowest.value());
        let range = bar.high - bar.low;
        self.widest.next(range);
        self.narrowest.next(range);
        put(lines, [ratio(short, long), f64::NAN, f64::NAN, short, long]);
        if !widest.is_nan() {
            lines[1..3].copy_from_slice(&[f64::from(range < narrowest), f64::from(range > widest)]);
        }
    }
}
