use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, log_ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "garman_klass_volatility",
    title: "Garman-Klass volatility",
    family: Family::Volatility,
    formula: "term = ln(h / l)^2 / 2 - (2 ln 2 - 1) ln(c / o)^2; volatility = sqrt(mean(term)) over period bars, per \
              bar",
    source: "M. B. Garman and M. J. Klass, On the Estimation of Security Price Volatilities from Historical Data, J. \
             Business 53 (1980), their practical estimator",
    params: &[Param::bars("period", "Bars in the mean", 20, 1)],
    lines: &[
        LineSpec::output("volatility", "Volatility from range and body", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("term", "Variance of the bar alone", Unit::RATIO, |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    terms: RollingSum,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { terms: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (range, body) = (log_ratio(bar.high, bar.low), log_ratio(bar.close, bar.open));
        // Not negative, as the body lies within the range.
        let term = 0.5 * range * range - (2.0 * LN_2 - 1.0) * body * body;
        put(lines, [self.terms.mean(term).sqrt(), term]);
    }
}
