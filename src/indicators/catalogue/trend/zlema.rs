use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Lag};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "zlema",
    title: "Zero-lag exponential moving average",
    family: Family::Trend,
    formula: "data = 2 c - c[-lag], lag = (period - 1) / 2 rounded down; zlema = EMA(data, period), starting from the mean \
              of its first values",
    source: "J. F. Ehlers and R. Way, Zero Lag (Well, Almost), TASC (November 2010)",
    params: &[Param::bars("period", "Length of the average", 20, 3)],
    lines: &[
        LineSpec::output("zlema", "Average of the close carried on by its own change", Unit::PRICE, |p| {
            lag(p) + p.bars(0) - 1
        }),
        LineSpec::internal("data", "Close carried on by its change over the lag", Unit::PRICE, lag),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<ZeroLag>(),
};

fn lag(p: Args<'_>) -> usize {
    (p.bars(0) - 1) / 2
}

#[derive(Serialize, Deserialize)]
struct ZeroLag {
    past: Lag,
    average: Ema,
}

impl Build for ZeroLag {
    fn build(p: Args<'_>) -> Self {
        Self { past: Lag::new(lag(p)), average: Ema::new(p.bars(0)) }
    }
}

impl Indicator for ZeroLag {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let data = 2.0 * bar.close - self.past.next(bar.close);
        put(lines, [self.average.next(data), data]);
    }
}
