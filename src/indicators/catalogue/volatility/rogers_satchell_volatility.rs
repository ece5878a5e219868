use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, log_ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "rogers_satchell_volatility",
    title: "Rogers-Satchell volatility",
    family: Family::Volatility,
    formula: "term = ln(h / o) ln(h / c) + ln(l / o) ln(l / c), free of drift; volatility = sqrt(mean(term)) over \
              period bars, per bar",
    source: "L. C. G. Rogers and S. E. Satchell, Estimating Variance from High, Low and Closing Prices, Annals of \
             Applied Probability 1 (1991)",
    params: &[Param::bars("period", "Bars in the mean", 50, 2)],
    lines: &[
        LineSpec::output("volatility", "Volatility around the drift", Unit::RATIO, |p| p.bars(0) - 1),
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
        let term = rogers_satchell(bar);
        put(lines, [self.terms.mean(term).sqrt(), term]);
    }
}

/// Variance of a bar around its own drift.
pub(super) fn rogers_satchell(bar: &Bar) -> f64 {
    let (up, down, body) =
        (log_ratio(bar.high, bar.open), log_ratio(bar.low, bar.open), log_ratio(bar.close, bar.open));
    (up * (up - body) + down * (down - body)).max(0.0)
}
