use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Sma;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "qstick",
    title: "Qstick",
    family: Family::Trend,
    formula: "qstick = SMA(c - o, period)",
    source: "T. S. Chande and S. Kroll, The New Technical Trader (1994)",
    params: &[Param::bars("period", "Bars in the mean", 8, 1)],
    lines: &[LineSpec::output("qstick", "Mean body of the candles", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1)],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Qstick>(),
};

#[derive(Serialize, Deserialize)]
struct Qstick(Sma);

impl Build for Qstick {
    fn build(p: Args<'_>) -> Self {
        Self(Sma::new(p.bars(0)))
    }
}

impl Indicator for Qstick {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.0.next(bar.close - bar.open);
    }
}
