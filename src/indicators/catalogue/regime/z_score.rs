use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, Sma, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "z_score",
    title: "Standard score of the close",
    family: Family::Regime,
    formula: "mean = SMA(c, period); std = population deviation of c over period; z = (c - mean) / std; missing where nothing \
              varies",
    source: "Standard score; as a trading rule: E. P. Chan, Algorithmic Trading (2013), chapter 2",
    // The Bollinger bands show 20 bars.
    params: &[Param::bars("period", "Closes in the window", 60, 2)],
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
struct Score {
    mean: Sma,
    deviation: Deviation,
}

impl Build for Score {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), deviation: Deviation::new(p.bars(0)) }
    }
}

impl Indicator for Score {
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (mean, std) = (self.mean.next(bar.close), self.deviation.next(bar.close));
        lines.copy_from_slice(&[ratio(bar.close - mean, std), mean, std]);
    }
}
