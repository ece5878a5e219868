use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Cascade;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "tema",
    title: "Triple exponential moving average",
    family: Family::Trend,
    formula: "e1 = EMA(c, period); e2 = EMA(e1, period); e3 = EMA(e2, period); tema = 3 (e1 - e2) + e3; each EMA starts \
              from the mean of its first values",
    source: "P. G. Mulloy, Smoothing Data with Less Lag, TASC (February 1994)",
    params: &[Param::bars("period", "Length of the averages", 20, 1)],
    lines: &[
        LineSpec::output("tema", "Average with its lag removed twice", Unit::PRICE, |p| 3 * (p.bars(0) - 1)),
        LineSpec::internal("e1", "Average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("e2", "Average of e1", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("e3", "Average of e2", Unit::PRICE, |p| 3 * (p.bars(0) - 1)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Tema>(),
};

#[derive(Serialize, Deserialize)]
struct Tema(Cascade<3>);

impl Build for Tema {
    fn build(p: Args<'_>) -> Self {
        Self(Cascade::new(p.bars(0)))
    }
}

impl Indicator for Tema {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [e1, e2, e3] = self.0.next(bar.close);
        put(lines, [3.0 * (e1 - e2) + e3, e1, e2, e3]);
    }
}
