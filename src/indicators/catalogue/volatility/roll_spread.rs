use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Covariance, LogReturn};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "roll_spread",
    title: "Roll spread",
    family: Family::Volatility,
    formula: "r = ln(c / c[-1]); covariance = population covariance of r and r[-1] over period pairs; spread = 2 \
              sqrt(-covariance) where it is negative, else 0",
    source: "R. Roll, A Simple Implicit Measure of the Effective Bid-Ask Spread in an Efficient Market, J. Finance 39 \
             (1984)",
    params: &[Param::bars("period", "Pairs of returns", 50, 2)],
    lines: &[
        LineSpec::output("spread", "Effective spread over price", Unit::RATIO, |p| p.bars(0) + 1),
        LineSpec::internal("covariance", "Covariance of successive returns", Unit::RATIO, |p| p.bars(0) + 1),
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
    previous: f64,
    covariance: Covariance,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { returns: LogReturn::default(), previous: f64::NAN, covariance: Covariance::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        let previous = std::mem::replace(&mut self.previous, change);
        let covariance = self.covariance.next(change, previous);
        if !covariance.is_nan() {
            put(lines, [2.0 * (-covariance).max(0.0).sqrt(), covariance]);
        }
    }
}
