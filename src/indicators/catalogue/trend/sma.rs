use serde::{Deserialize, Serialize};

use crate::indicators::blocks::SlidingSum;
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
struct Mean {
    sum: SlidingSum,
    period: f64,
}

impl Build for Mean {
    fn build(p: Args<'_>) -> Self {
        Self { sum: SlidingSum::new(p.bars(0)), period: p.real(0) }
    }
}

impl Indicator for Mean {
    #[inline]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.sum.next(bar.close) / self.period;
    }
}
