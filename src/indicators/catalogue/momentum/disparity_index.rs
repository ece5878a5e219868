use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "disparity_index",
    title: "Disparity index",
    family: Family::Momentum,
    formula: "disparity = 100 (c - SMA(c, period)) / SMA(c, period)",
    source: "S. Nison, Beyond Candlesticks (1994)",
    params: &[Param::bars("period", "Length of the mean", 25, 2)],
    lines: &[
        LineSpec::output("disparity", "Distance from the mean, percent", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("mean", "Mean close", Unit::PRICE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Disparity>(),
};

#[derive(Serialize, Deserialize)]
struct Disparity {
    mean: Sma,
}

impl Build for Disparity {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)) }
    }
}

impl Indicator for Disparity {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mean = self.mean.next(bar.close);
        put(lines, [100.0 * ratio(bar.close - mean, mean), mean]);
    }
}
