use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "z_score",
    title: "Standard score of the close",
    family: Family::Regime,
    formula: "mean = SMA(c, period); std = population deviation of c over period; z = (c - mean) / std; missing where \
              nothing varies",
    source: "Standard score; as a trading rule: E. P. Chan, Algorithmic Trading (2013), chapter 2",
    // Bollinger bands, the rolling VWAP and Damiani's volatility show 20, 70 and 100 bars.
    params: &[Param::bars("period", "Closes in the window", 80, 2)],
    lines: &[
        LineSpec::output("z", "Deviations of the close from its mean", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("mean", "Mean close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("std", "Deviation of the closes", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Score>(),
};

#[derive(Serialize, Deserialize)]
struct Score(Deviation);

impl Build for Score {
    fn build(p: Args<'_>) -> Self {
        Self(Deviation::new(p.bars(0)))
    }
}

impl Indicator for Score {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let std = self.0.next(bar.close);
        let mean = self.0.mean();
        put(lines, [ratio(bar.close - mean, std), mean, std]);
    }
}
