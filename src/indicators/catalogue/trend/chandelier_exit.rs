use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{SlidingHigh, SlidingLow, TrueRange, Wilder};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chandelier_exit",
    title: "Chandelier exit",
    family: Family::Trend,
    formula: "long_exit = HH(h, period) - width atr; short_exit = LL(l, period) + width atr, atr = W(tr, period), W Wilder's \
              average; direction turns up on a close above short_exit[-1] and down on one below long_exit[-1], starting up",
    source: "C. LeBeau, in A. Elder, Come into My Trading Room (2002)",
    params: &[
        Param::bars("period", "Bars of the extremes and length of the average range", 28, 1),
        Param::real("width", "Average ranges from an extreme to its exit", 3.0, 0.1, 100.0),
    ],
    lines: &[
        LineSpec::output("long_exit", "Stop of a long position", Unit::PRICE, first),
        LineSpec::output("short_exit", "Stop of a short position", Unit::PRICE, first),
        LineSpec::output("direction", "1 when up, -1 when down", Unit::FLAG, |p| p.bars(0) + 1),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Chandelier>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0)
}

#[derive(Serialize, Deserialize)]
struct Chandelier {
    highest: SlidingHigh,
    lowest: SlidingLow,
    range: TrueRange,
    atr: Wilder,
    width: f64,
    /// Long and short exit of the bar before.
    exits: Option<(f64, f64)>,
    up: bool,
}

impl Build for Chandelier {
    fn build(p: Args<'_>) -> Self {
        Self {
            highest: SlidingHigh::new(p.bars(0)),
            lowest: SlidingLow::new(p.bars(0)),
            range: TrueRange::default(),
            atr: Wilder::new(p.bars(0)),
            width: p.real(1),
            exits: None,
            up: true,
        }
    }
}

impl Indicator for Chandelier {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (highest, lowest) = (self.highest.next(bar.high), self.lowest.next(bar.low));
        let atr = self.atr.next(self.range.next(bar).range);
        if atr.is_nan() {
            return;
        }
        let (long, short) = (highest - self.width * atr, lowest + self.width * atr);
        [lines[0], lines[1], lines[3]] = [long, short, atr];
        if let Some((long, short)) = self.exits.replace((long, short)) {
            self.up = if self.up { bar.close >= long } else { bar.close > short };
            lines[2] = if self.up { 1.0 } else { -1.0 };
        }
    }
}
