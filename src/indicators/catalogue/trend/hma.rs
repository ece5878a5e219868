use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Wma;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "hma",
    title: "Hull moving average",
    family: Family::Trend,
    formula: "half = WMA(c, period / 2); full = WMA(c, period); raw = 2 half - full; hma = WMA(raw, sqrt(period)); both \
              lengths rounded down",
    source: "A. Hull, How to reduce lag in a moving average (2005)",
    params: &[Param::bars("period", "Length of the slow average", 20, 2)],
    lines: &[
        LineSpec::output("hma", "Smoothed average with little lag", Unit::PRICE, |p| {
            p.bars(0) - 1 + p.bars(0).isqrt() - 1
        }),
        LineSpec::internal("half", "Weighted average over half the period", Unit::PRICE, |p| p.bars(0) / 2 - 1),
        LineSpec::internal("full", "Weighted average over the period", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("raw", "Average with its lag removed", Unit::PRICE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Hull>(),
};

#[derive(Serialize, Deserialize)]
struct Hull {
    half: Wma,
    full: Wma,
    smooth: Wma,
}

impl Build for Hull {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        Self { half: Wma::new(period / 2), full: Wma::new(period), smooth: Wma::new(period.isqrt()) }
    }
}

impl Indicator for Hull {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (half, full) = (self.half.next(bar.close), self.full.next(bar.close));
        let raw = 2.0 * half - full;
        put(lines, [self.smooth.next(raw), half, full, raw]);
    }
}
