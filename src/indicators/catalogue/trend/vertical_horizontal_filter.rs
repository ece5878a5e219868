use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, SlidingHigh, SlidingLow, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "vertical_horizontal_filter",
    title: "Vertical horizontal filter",
    family: Family::Trend,
    formula: "range = HH(c, period) - LL(c, period); path = SUM(|c - c[-1]|, period); vhf = range / path",
    source: "A. White, The Vertical Horizontal Filter, Futures (August 1991)",
    params: &[Param::bars("period", "Closes of the range and changes of the path", 28, 2)],
    lines: &[
        LineSpec::output("vhf", "Range over path: high in a trend", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
        LineSpec::internal("range", "Highest over lowest close", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("path", "Total movement of the close", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Filter>(),
};

#[derive(Serialize, Deserialize)]
struct Filter {
    highest: SlidingHigh,
    lowest: SlidingLow,
    previous: f64,
    path: RollingSum,
}

impl Build for Filter {
    fn build(p: Args<'_>) -> Self {
        Self {
            highest: SlidingHigh::new(p.bars(0)),
            lowest: SlidingLow::new(p.bars(0)),
            previous: f64::NAN,
            path: RollingSum::new(p.bars(0)),
        }
    }
}

impl Indicator for Filter {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.highest.next(bar.close) - self.lowest.next(bar.close);
        let path = self.path.next((bar.close - self.previous).abs());
        self.previous = bar.close;
        put(lines, [ratio(range, path).clamp(0.0, 1.0), range, path]);
    }
}
