use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Lag;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "momentum",
    title: "Momentum",
    family: Family::Momentum,
    formula: "momentum = c - c[-period]",
    source: "H. M. Gartley, Profits in the Stock Market (1935)",
    params: &[Param::bars("period", "Bars back", 12, 1)],
    lines: &[LineSpec::output("momentum", "Change of the close", Unit::PRICE_DIFFERENCE, |p| p.bars(0))],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Momentum>(),
};

#[derive(Serialize, Deserialize)]
struct Momentum {
    before: Lag,
}

impl Build for Momentum {
    fn build(p: Args<'_>) -> Self {
        Self { before: Lag::new(p.bars(0)) }
    }
}

impl Indicator for Momentum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = bar.close - self.before.next(bar.close);
    }
}
