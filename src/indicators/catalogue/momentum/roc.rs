use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "roc",
    title: "Rate of change",
    family: Family::Momentum,
    formula: "roc = (c - c[-period]) / c[-period]",
    source: "R. D. Edwards and J. Magee, Technical Analysis of Stock Trends (1948)",
    params: &[Param::bars("period", "Bars back", 12, 1)],
    lines: &[LineSpec::output("roc", "Relative change of the close", Unit::RATIO, |p| p.bars(0))],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Roc>(),
};

#[derive(Serialize, Deserialize)]
struct Roc {
    before: Lag,
}

impl Build for Roc {
    fn build(p: Args<'_>) -> Self {
        Self { before: Lag::new(p.bars(0)) }
    }
}

impl Indicator for Roc {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let before = self.before.next(bar.close);
        lines[0] = ratio(bar.close - before, before);
    }
}
