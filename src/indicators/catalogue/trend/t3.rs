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
    formula: "e1 = EMA(c, period), e2 = EMA(e1, period) and so on to e6, each started from the mean of its first values; with \
              L(x, y) = (1 + volume) x - volume y: gd1 = L(e1, e2); gd2 = L(L(e2, e3), L(e3, e4)); t3 = L thrice over e3 to e6, \
              the generalised double average applied three times",
    source: "T. Tillson, Smoothing Techniques for More Accurate Signals, TASC (January 1998)",
    params: &[
        Param::bars("period", "Length of every average", 8, 1),
        Param::real("volume", "How much of the lag is taken back", 0.7, 0.0, 1.0),
    ],
    lines: &[
        LineSpec::output("t3", "Smooth average with little lag", Unit::PRICE, |p| 6 * (p.bars(0) - 1)),
        LineSpec::internal("gd1", "Generalised double average", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("gd2", "Generalised double average of gd1", Unit::PRICE, |p| 4 * (p.bars(0) - 1)),
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
        let (a, b, c, d) = (lift(e2, e3), lift(e3, e4), lift(e4, e5), lift(e5, e6));
        let (e, f) = (lift(b, c), lift(c, d));
        put(lines, [lift(e, f), lift(e1, e2), lift(a, b)]);
    }
}
