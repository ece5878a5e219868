use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Ema;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "macd",
    title: "Moving average convergence divergence",
    family: Family::Momentum,
    formula: "macd = EMA(c, fast) - EMA(c, slow); signal = EMA(macd, signal); hist = macd - signal; each EMA starts \
              from the mean of its first values",
    source: "G. Appel, The Moving Average Convergence-Divergence Trading Method (1979)",
    params: &[
        Param::bars("fast", "Length of the fast average", 12, 1),
        Param::bars("slow", "Length of the slow average", 26, 1),
        Param::bars("signal", "Length of the signal average", 9, 1),
    ],
    lines: &[
        LineSpec::output("macd", "Fast minus slow average", Unit::PRICE_DIFFERENCE, first),
        LineSpec::output("signal", "Average of macd", Unit::PRICE_DIFFERENCE, first_signal),
        LineSpec::output("hist", "macd minus signal", Unit::PRICE_DIFFERENCE, first_signal),
        LineSpec::internal("fast_ema", "Fast average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("slow_ema", "Slow average of the close", Unit::PRICE, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Macd>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1)) - 1
}

fn first_signal(p: Args<'_>) -> usize {
    first(p) + p.bars(2) - 1
}

#[derive(Serialize, Deserialize)]
struct Macd {
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Build for Macd {
    fn build(p: Args<'_>) -> Self {
        Self { fast: Ema::new(p.bars(0)), slow: Ema::new(p.bars(1)), signal: Ema::new(p.bars(2)) }
    }
}

impl Indicator for Macd {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (fast, slow) = (self.fast.next(bar.close), self.slow.next(bar.close));
        let macd = fast - slow;
        let signal = self.signal.next(macd);
        put(lines, [macd, signal, macd - signal, fast, slow]);
    }
}
