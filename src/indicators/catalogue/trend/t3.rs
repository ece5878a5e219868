use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Cascade;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "t3",
    title: "Tillson's T3 average",
    family: Family::Trend,
    formula: "GD(x) = (1 + v) EMA(x, period) - v EMA(EMA(x, period), period), v = volume; t3 = GD(GD(GD(c))), which is -v^3 e6 \
              + 3 (v^2 + v^3) e5 - 3 (v + 2 v^2 + v^3) e4 + (1 + v)^3 e3 with e1 = EMA(c, period), e2 = EMA(e1, period) and so \
              on, each started from the mean of its first values",
    source: "T. Tillson, Smoothing Techniques for More Accurate Signals, TASC (January 1998)",
    params: &[
        Param::bars("period", "Length of every average", 8, 1),
        Param::real("volume", "How much of the lag is taken back", 0.7, 0.0, 1.0),
    ],
    lines: &[
        LineSpec::output("t3", "Smooth average with little lag", Unit::PRICE, |p| 6 * (p.bars(0) - 1)),
        LineSpec::internal("e1", "Close averaged once", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("e2", "Close averaged twice", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("e3", "Close averaged three times", Unit::PRICE, |p| 3 * (p.bars(0) - 1)),
        LineSpec::internal("e4", "Close averaged four times", Unit::PRICE, |p| 4 * (p.bars(0) - 1)),
        LineSpec::internal("e5", "Close averaged five times", Unit::PRICE, |p| 5 * (p.bars(0) - 1)),
        LineSpec::internal("e6", "Close averaged six times", Unit::PRICE, |p| 6 * (p.bars(0) - 1)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<T3>(),
};

#[derive(Serialize, Deserialize)]
struct T3 {
    averages: Cascade<6>,
    volume: f64,
}

impl Build for T3 {
    fn build(p: Args<'_>) -> Self {
        Self { averages: Cascade::new(p.bars(0)), volume: p.real(1) }
    }
}

impl Indicator for T3 {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [e1, e2, e3, e4, e5, e6] = self.averages.next(bar.close);
        // Differences of the averages, so that a flat market stays flat to the last bit.
        let v = self.volume;
        let lift = |fast: f64, slow: f64| fast + v * (fast - slow);
        let (a, b, c) = (lift(e3, e4), lift(e4, e5), lift(e5, e6));
        put(lines, [lift(lift(a, b), lift(b, c)), e1, e2, e3, e4, e5, e6]);
    }
}
