use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Wilder};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "natr",
    title: "Normalized average true range",
    family: Family::Volatility,
    formula: "natr = 100 ATR(period) / c",
    source: "J. Forman, Cross-Market Evaluations with Normalized Average True Range, Technical Analysis of Stocks & \
             Commodities (May 2006)",
    params: &[Param::bars("period", "Length of Wilder's average", 14, 1)],
    lines: &[LineSpec::output("natr", "Average range in percent of the close", Unit::RATIO, |p| p.bars(0))],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    range: TrueRange,
    average: Wilder,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { range: TrueRange::default(), average: Wilder::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let average = self.average.next(self.range.next(bar).range);
        lines[0] = 100.0 * (average / bar.close);
    }
}
