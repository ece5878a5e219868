use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "trix",
    title: "TRIX",
    family: Family::Momentum,
    formula: "ema1 = EMA(c, period); ema2 = EMA(ema1, period); ema3 = EMA(ema2, period); trix = 100 (ema3 / ema3[-1] - \
              1); signal = EMA(trix, signal)",
    source: "J. K. Hutson, Good TRIX, Technical Analysis of Stocks & Commodities (1983)",
    params: &[
        Param::bars("period", "Length of each average", 15, 1),
        Param::bars("signal", "Length of the signal average", 9, 1),
    ],
    lines: &[
        LineSpec::output("trix", "Rate of change of ema3, percent", Unit::RATIO, first),
        LineSpec::output("signal", "Average of trix", Unit::RATIO, |p| first(p) + p.bars(1) - 1),
        LineSpec::internal("ema1", "Average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("ema2", "Average of ema1", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("ema3", "Average of ema2", Unit::PRICE, |p| first(p) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Trix>(),
};

fn first(p: Args<'_>) -> usize {
    3 * (p.bars(0) - 1) + 1
}

#[derive(Serialize, Deserialize)]
struct Trix {
    averages: [Ema; 3],
    before: f64,
    signal: Ema,
}

impl Build for Trix {
    fn build(p: Args<'_>) -> Self {
        let averages = std::array::from_fn(|_| Ema::new(p.bars(0)));
        Self { averages, before: f64::NAN, signal: Ema::new(p.bars(1)) }
    }
}

impl Indicator for Trix {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [first, second, third] = &mut self.averages;
        let ema1 = first.next(bar.close);
        let ema2 = second.next(ema1);
        let ema3 = third.next(ema2);
        // The same as ema3 / ema3[-1] - 1 without its cancellation.
        let trix = 100.0 * ratio(ema3 - self.before, self.before);
        self.before = ema3;
        put(lines, [trix, self.signal.next(trix), ema1, ema2, ema3]);
    }
}
