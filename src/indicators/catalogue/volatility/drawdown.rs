use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Highest, MaxDrawdown};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "drawdown",
    title: "Drawdown",
    family: Family::Volatility,
    formula: "high = HH(c, period); drawdown = c / high - 1; since_high = bars since it; max_drawdown = smallest c[-i] \
              / c[-j] - 1 with 0 <= i <= j < period",
    source: "M. Magdon-Ismail and A. F. Atiya, Maximum Drawdown, Risk 17 (2004), on a rolling window",
    params: &[Param::bars("period", "Closes considered", 100, 2)],
    lines: &[
        LineSpec::output("drawdown", "Fall from the highest close", Unit::bounded(-1.0, 0.0), first),
        LineSpec::output("since_high", "Bars since the highest close", Unit::BARS, first),
        LineSpec::output("max_drawdown", "Deepest fall between two closes", Unit::bounded(-1.0, 0.0), first),
        LineSpec::internal("high", "Highest close", Unit::PRICE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct State {
    highest: Highest,
    fall: MaxDrawdown,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { highest: Highest::new(p.bars(0)), fall: MaxDrawdown::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let high = self.highest.next(bar.close);
        let max_drawdown = self.fall.next(bar.close);
        put(lines, [bar.close / high - 1.0, self.highest.age(), max_drawdown, high]);
    }
}
