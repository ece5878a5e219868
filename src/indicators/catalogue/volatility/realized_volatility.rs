use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{LogReturn, RollingSum};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "realized_volatility",
    title: "Realized volatility",
    family: Family::Volatility,
    formula: "log_return = ln(c / c[-1]); volatility = sqrt(mean(log_return^2)) over period returns, per bar",
    source: "T. G. Andersen, T. Bollerslev, F. X. Diebold and P. Labys, The Distribution of Realized Exchange Rate \
             Volatility, J. American Statistical Association 96 (2001)",
    params: &[Param::bars("period", "Returns in the mean", 30, 1)],
    lines: &[
        LineSpec::output("volatility", "Root mean square of the log returns", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("log_return", "Logarithm of the close over the one before", Unit::RATIO, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    returns: LogReturn,
    squares: RollingSum,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { returns: LogReturn::default(), squares: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        put(lines, [self.squares.mean(change * change).sqrt(), change]);
    }
}
