use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{SlidingHigh, SlidingLow, TrueRange, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chande_kroll_stop",
    title: "Chande-Kroll stop",
    family: Family::Trend,
    formula: "first_short = HH(h, period) - width atr; first_long = LL(l, period) + width atr, atr = W(tr, period), W Wilder's \
              average; short_stop = HH(first_short, smooth); long_stop = LL(first_long, smooth)",
    source: "T. S. Chande and S. Kroll, The New Technical Trader (1994)",
    params: &[
        Param::bars("period", "Bars of the extremes and length of the average range", 18, 1),
        Param::real("width", "Average ranges from an extreme to its stop", 1.5, 0.1, 100.0),
        Param::bars("smooth", "Bars over which the stops are held", 9, 1),
    ],
    lines: &[
        LineSpec::output("short_stop", "Stop from the highs, held at its highest", Unit::PRICE, first),
        LineSpec::output("long_stop", "Stop from the lows, held at its lowest", Unit::PRICE, first),
        LineSpec::internal("first_short", "Stop from the highs of this bar alone", Unit::PRICE, |p| p.bars(0)),
        LineSpec::internal("first_long", "Stop from the lows of this bar alone", Unit::PRICE, |p| p.bars(0)),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ChandeKroll>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(2) - 1
}

#[derive(Serialize, Deserialize)]
struct ChandeKroll {
    highest: SlidingHigh,
    lowest: SlidingLow,
    range: TrueRange,
    atr: Wilder,
    width: f64,
    short: SlidingHigh,
    long: SlidingLow,
}

impl Build for ChandeKroll {
    fn build(p: Args<'_>) -> Self {
        Self {
            highest: SlidingHigh::new(p.bars(0)),
            lowest: SlidingLow::new(p.bars(0)),
            range: TrueRange::default(),
            atr: Wilder::new(p.bars(0)),
            width: p.real(1),
            short: SlidingHigh::new(p.bars(2)),
            long: SlidingLow::new(p.bars(2)),
        }
    }
}

impl Indicator for ChandeKroll {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let atr = self.atr.next(self.range.next(bar).range);
        let short = self.highest.next(bar.high) - self.width * atr;
        let long = self.lowest.next(bar.low) + self.width * atr;
        put(lines, [self.short.next(short), self.long.next(long), short, long, atr]);
    }
}
