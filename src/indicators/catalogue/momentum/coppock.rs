use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Wma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "coppock",
    title: "Coppock curve",
    family: Family::Momentum,
    formula: "roc_sum = 100 (c / c[-long] - 1) + 100 (c / c[-short] - 1); coppock = WMA(roc_sum, period)",
    source: "E. S. C. Coppock, Barron's (1962)",
    params: &[
        Param::bars("period", "Length of the weighted average", 10, 1),
        Param::bars("short", "Bars of the short rate of change", 11, 1),
        Param::bars("long", "Bars of the long rate of change", 14, 1),
    ],
    lines: &[
        LineSpec::output("coppock", "Weighted average of the two rates of change, percent", Unit::RATIO, |p| {
            first(p) + p.bars(0) - 1
        }),
        LineSpec::internal("roc_sum", "Sum of the two rates of change, percent", Unit::RATIO, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Coppock>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(1).max(p.bars(2))
}

#[derive(Serialize, Deserialize)]
struct Coppock {
    before: [Lag; 2],
    average: Wma,
}

impl Build for Coppock {
    fn build(p: Args<'_>) -> Self {
        Self { before: [Lag::new(p.bars(1)), Lag::new(p.bars(2))], average: Wma::new(p.bars(0)) }
    }
}

impl Indicator for Coppock {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mut sum = 0.0;
        for lag in &mut self.before {
            let before = lag.next(bar.close);
            sum += 100.0 * ratio(bar.close - before, before);
        }
        put(lines, [self.average.next(sum), sum]);
    }
}
