use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ppo",
    title: "Percentage price oscillator",
    family: Family::Momentum,
    formula: "ppo = 100 (EMA(c, fast) - EMA(c, slow)) / EMA(c, slow); signal = EMA(ppo, signal); hist = ppo - signal",
    source: "After G. Appel's MACD (1979), divided by the slow average",
    params: &[
        Param::bars("fast", "Length of the fast average", 5, 1),
        Param::bars("slow", "Length of the slow average", 35, 1),
        Param::bars("signal", "Length of the signal average", 5, 1),
    ],
    lines: &[
        LineSpec::output("ppo", "Fast over slow average, percent above 100", Unit::RATIO, first),
        LineSpec::output("signal", "Average of ppo", Unit::RATIO, first_signal),
        LineSpec::output("hist", "ppo minus signal", Unit::RATIO, first_signal),
        LineSpec::internal("fast_ema", "Fast average of the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("slow_ema", "Slow average of the close", Unit::PRICE, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Ppo>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1)) - 1
}

fn first_signal(p: Args<'_>) -> usize {
    first(p) + p.bars(2) - 1
}

#[derive(Serialize, Deserialize)]
struct Ppo {
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Build for Ppo {
    fn build(p: Args<'_>) -> Self {
        Self { fast: Ema::new(p.bars(0)), slow: Ema::new(p.bars(1)), signal: Ema::new(p.bars(2)) }
    }
}

impl Indicator for Ppo {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (fast, slow) = (self.fast.next(bar.close), self.slow.next(bar.close));
        let ppo = 100.0 * ratio(fast - slow, slow);
        let signal = self.signal.next(ppo);
        put(lines, [ppo, signal, ppo - signal, fast, slow]);
    }
}
