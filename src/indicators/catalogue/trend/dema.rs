use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Cascade;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "dema",
    title: "Double exponential moving average",
    family: Family::Trend,
    formula: "e1 = EMA(c, period); e2 = EMA(e1, period); dema = 2 e1 - e2; each EMA starts from the mean of its first \
              values",
    source: "P. G. Mulloy, Smoothing Data with Faster Moving Averages, TASC (January 1994)",
    params: &[Param::bars("period", "Length of the averages", 20, 1)],
    lines: &[
        LineSpec::output("dema", "Average with its lag removed once", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("e1", "Average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("e2", "Average of e1", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Dema>(),
};

#[derive(Serialize, Deserialize)]
struct Dema(Cascade<2>);

impl Build for Dema {
    fn build(p: Args<'_>) -> Self {
        Self(Cascade::new(p.bars(0)))
    }
}

impl Indicator for Dema {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [e1, e2] = self.0.next(bar.close);
        put(lines, [2.0 * e1 - e2, e1, e2]);
    }
}
