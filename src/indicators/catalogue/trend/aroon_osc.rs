use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{AgedHigh, AgedLow};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "aroon_osc",
    title: "Aroon oscillator",
    family: Family::Trend,
    formula: "among the last period + 1 bars: up = 100 (period - bars since the highest h) / period, down alike from the \
              lowest l, of equal extremes the latest; aroonosc = up - down",
    source: "T. S. Chande, A Time Price Oscillator, TASC (September 1995)",
    params: &[Param::bars("period", "Greatest age of an extreme", 25, 1)],
    lines: &[
        LineSpec::output("aroonosc", "Freshness of the high over that of the low", Unit::bounded(-100.0, 100.0), first),
        LineSpec::internal("up", "Freshness of the highest high, percent", Unit::PERCENT, first),
        LineSpec::internal("down", "Freshness of the lowest low, percent", Unit::PERCENT, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Aroon>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0)
}

#[derive(Serialize, Deserialize)]
struct Aroon {
    highest: AgedHigh,
    lowest: AgedLow,
    period: f64,
    percent: f64,
}

impl Build for Aroon {
    fn build(p: Args<'_>) -> Self {
        let period = p.real(0);
        Self {
            highest: AgedHigh::new(p.bars(0) + 1),
            lowest: AgedLow::new(p.bars(0) + 1),
            period,
            percent: 100.0 / period,
        }
    }
}

impl Indicator for Aroon {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.highest.next(bar.high);
        self.lowest.next(bar.low);
        let fresh = |age: f64| (self.percent * (self.period - age)).min(100.0);
        let (old_high, old_low) = (self.highest.age(), self.lowest.age());
        if old_high.is_nan() {
            return;
        }
        let (up, down) = (fresh(old_high), fresh(old_low));
        put(lines, [up - down, up, down]);
    }
}
