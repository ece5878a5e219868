use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{HighLow, ratio, ratio_or_zero};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "williams_r",
    title: "Williams %R",
    family: Family::Momentum,
    formula: "percR = -100 (HH(h, period) - c) / (HH(h, period) - LL(l, period))",
    source: "L. Williams, How I Made One Million Dollars Last Year Trading Commodities (1973)",
    params: &[Param::bars("period", "Bars of the range", 14, 1)],
    lines: &[LineSpec::output(
        "percR",
        "Distance of the close from the top of the range, percent",
        Unit::bounded(-100.0, 0.0),
        |p| p.bars(0) - 1,
    )],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<WilliamsR<false>>(),
};

/// 0 where there is no range.
static ORIGINAL: Definition = Definition {
    formula: "percR = -100 (HH(h, period) - c) / (HH(h, period) - LL(l, period)), 0 where there is no range",
    compat: Compat::Same,
    engine: Engine::of::<WilliamsR<true>>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct WilliamsR<const ORIGINAL: bool> {
    range: HighLow,
}

impl<const ORIGINAL: bool> Build for WilliamsR<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { range: HighLow::new(p.bars(0)) }
    }
}

impl<const ORIGINAL: bool> Indicator for WilliamsR<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (highest, lowest) = self.range.next(bar.high, bar.low);
        let (part, whole) = (highest - bar.close, highest - lowest);
        lines[0] = -100.0 * if ORIGINAL { ratio_or_zero(part, whole) } else { ratio(part, whole) };
    }
}
