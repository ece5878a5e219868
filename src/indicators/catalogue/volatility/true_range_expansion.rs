use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, Sma, TrueRange, Wilder, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "true_range_expansion",
    title: "True range expansion",
    family: Family::Volatility,
    formula: "expansion = tr / ATR(period)[-1]; z = (tr - mean) / std, mean and std (population) over the last window \
              true ranges",
    source: "J. W. Wilder's true range (1978) against its own past; T. Crabel, Day Trading with Short Term Price \
             Patterns and Opening Range Breakout (1990) on expansion after contraction",
    params: &[
        Param::bars("period", "Length of Wilder's average", 10, 1),
        Param::bars("window", "True ranges in mean and deviation", 100, 2),
    ],
    lines: &[
        LineSpec::output("expansion", "True range over the average before it", Unit::RATIO, |p| p.bars(0) + 1),
        LineSpec::output("z", "True range in deviations from its mean", Unit::RATIO, |p| p.bars(1)),
        LineSpec::internal("mean", "Mean true range", Unit::PRICE_DIFFERENCE, |p| p.bars(1)),
        LineSpec::internal("std", "Deviation of the true range", Unit::PRICE_DIFFERENCE, |p| p.bars(1)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    range: TrueRange,
    average: Wilder,
    last_average: f64,
    mean: Sma,
    deviation: Deviation,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            average: Wilder::new(p.bars(0)),
            last_average: f64::NAN,
            mean: Sma::new(p.bars(1)),
            deviation: Deviation::new(p.bars(1)),
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar).range;
        let expansion = ratio(range, self.last_average);
        self.last_average = self.average.next(range);
        let (mean, std) = (self.mean.next(range), self.deviation.next(range));
        put(lines, [expansion, ratio(range - mean, std), mean, std]);
    }
}
