use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Smooth;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ema",
    title: "Exponential moving average",
    family: Family::Trend,
    formula: "ema = ema[-1] + 2 / (period + 1) (c - ema[-1]), starting from the mean of period closes",
    source: "P. N. Haurlan, Measuring Trend Values (1968)",
    params: &[Param::bars("period", "Length of the average", 12, 1)],
    lines: &[LineSpec::output("ema", "Exponential average of the close", Unit::PRICE, |p| p.bars(0) - 1)],
    numbered: true,
    also: &[&[26.0]],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Exponential>(),
};

#[derive(Serialize, Deserialize)]
struct Exponential(Smooth);

impl Build for Exponential {
    fn build(p: Args<'_>) -> Self {
        Self(Smooth::ema(p.bars(0)))
    }
}

impl Indicator for Exponential {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.0.next(bar.close);
    }
}
