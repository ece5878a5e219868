use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Wma;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "wma",
    title: "Linearly weighted moving average",
    family: Family::Trend,
    formula: "wma = sum of j c[j - period] for j from 1 to period, the newest close weighing period, over period \
              (period + 1) / 2",
    source: "P. J. Kaufman, Trading Systems and Methods (1978); as TA-Lib's WMA",
    params: &[Param::bars("period", "Closes in the average", 30, 1)],
    lines: &[LineSpec::output("wma", "Weighted mean close", Unit::PRICE, |p| p.bars(0) - 1)],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Weighted>(),
};

#[derive(Serialize, Deserialize)]
struct Weighted(Wma);

impl Build for Weighted {
    fn build(p: Args<'_>) -> Self {
        Self(Wma::new(p.bars(0)))
    }
}

impl Indicator for Weighted {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.0.next(bar.close);
    }
}
