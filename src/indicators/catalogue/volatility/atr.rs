use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "atr",
    title: "Average true range",
    family: Family::Volatility,
    formula: "tr = max(h, c[-1]) - min(l, c[-1]); atr = W(tr), W Wilder's average",
    source: "J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
    params: &[Param::bars("period", "Length of Wilder's average", 14, 1)],
    lines: &[
        LineSpec::output("atr", "Average true range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("tr", "True range", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("true_high", "The higher of high and previous close", Unit::PRICE, |_| 1),
        LineSpec::internal("true_low", "The lower of low and previous close", Unit::PRICE, |_| 1),
    ],
    numbered: true,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Atr>(),
};

#[derive(Serialize, Deserialize)]
struct Atr {
    range: TrueRange,
    average: Wilder,
}

impl Build for Atr {
    fn build(p: Args<'_>) -> Self {
        Self { range: TrueRange::default(), average: Wilder::new(p.bars(0)) }
    }
}

impl Indicator for Atr {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar);
        put(lines, [self.average.next(range.range), range.range, range.high, range.low]);
    }
}
