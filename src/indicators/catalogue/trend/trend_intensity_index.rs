use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, Sma};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "trend_intensity_index",
    title: "Trend intensity index",
    family: Family::Trend,
    formula: "deviation = c - SMA(c, period); above, below = sums of positive and of negative deviations of the last window \
              bars; tii = 100 above / (above + below), 50 when both are 0",
    source: "M. H. Pee, Trend Intensity Index, TASC (June 2002)",
    params: &[
        Param::bars("period", "Closes in the mean", 60, 2),
        Param::bars("window", "Deviations in the sums", 30, 1),
    ],
    lines: &[
        LineSpec::output("tii", "Share of the deviations above the mean, percent", Unit::PERCENT, first),
        LineSpec::internal("deviation", "Close over its mean", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("above", "Deviations above the mean, summed", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("below", "Deviations below the mean, summed", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Intensity>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1 + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct Intensity {
    mean: Sma,
    above: RollingSum,
    below: RollingSum,
}

impl Build for Intensity {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), above: RollingSum::new(p.bars(1)), below: RollingSum::new(p.bars(1)) }
    }
}

impl Indicator for Intensity {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let deviation = bar.close - self.mean.next(bar.close);
        if deviation.is_nan() {
            return;
        }
        lines[1] = deviation;
        let (above, below) = (self.above.next(deviation.max(0.0)), self.below.next((-deviation).max(0.0)));
        if above.is_nan() {
            return;
        }
        // What summing leaves of values gone by may lie just below 0.
        let (above, below) = (above.max(0.0), below.max(0.0));
        let total = above + below;
        let tii = if total == 0.0 { 50.0 } else { 100.0 * (above / total) };
        [lines[0], lines[2], lines[3]] = [tii, above, below];
    }
}
