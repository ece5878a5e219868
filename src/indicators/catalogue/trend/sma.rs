use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Sma;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "sma",
    title: "Simple moving average",
    family: Family::Trend,
    formula: "sma = SUM(c, period) / period",
    source: "R. H. Hooker, Journal of the Royal Statistical Society 64 (1901)",
    params: &[Param::bars("period", "Closes in the mean", 20, 1)],
    lines: &[LineSpec::output("sma", "Mean close", Unit::PRICE, |p| p.bars(0) - 1)],
    numbered: true,
    also: &[&[50.0], &[200.0]],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Mean>(),
};

#[derive(Serialize, Deserialize)]
struct Mean(Sma);

impl Build for Mean {
    fn build(p: Args<'_>) -> Self {
        Self(Sma::new(p.bars(0)))
    }
}

impl Indicator for Mean {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.0.next(bar.close);
    }
}
