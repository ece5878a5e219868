use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, log_ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "parkinson_volatility",
    title: "Parkinson volatility",
    family: Family::Volatility,
    formula: "log_range = ln(h / l); volatility = sqrt(mean(log_range^2) / (4 ln 2)) over period bars, per bar",
    source: "M. Parkinson, The Extreme Value Method for Estimating the Variance of the Rate of Return, J. Business 53 \
             (1980)",
    params: &[Param::bars("period", "Bars in the mean", 10, 1)],
    lines: &[
        LineSpec::output("volatility", "Volatility from the range", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("log_range", "Logarithm of high over low", Unit::RATIO, |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    squares: RollingSum,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { squares: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = log_ratio(bar.high, bar.low);
        let variance = self.squares.mean(range * range) / (4.0 * LN_2);
        put(lines, [variance.sqrt(), range]);
    }
}
