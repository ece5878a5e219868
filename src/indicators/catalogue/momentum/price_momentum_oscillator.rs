use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "price_momentum_oscillator",
    title: "Price momentum oscillator",
    family: Family::Momentum,
    formula: "a smoothing S(x, n) is y = y[-1] + 2 / n (x - y[-1]), started from the mean of its first n - 1 values; \
              roc_smooth = 10 S(100 (c / c[-1] - 1), first); pmo = S(roc_smooth, second); signal = EMA(pmo, signal); \
              hist = pmo - signal",
    source: "C. Swenlin, DecisionPoint",
    params: &[
        Param::bars("first", "Length of the first smoothing", 35, 2),
        Param::bars("second", "Length of the second smoothing", 20, 2),
        Param::bars("signal", "Length of the signal average", 10, 1),
    ],
    lines: &[
        LineSpec::output("pmo", "Rate of change, smoothed twice", Unit::RATIO, first),
        LineSpec::output("signal", "Average of pmo", Unit::RATIO, first_signal),
        LineSpec::output("hist", "pmo minus signal", Unit::RATIO, first_signal),
        LineSpec::internal("roc_smooth", "Ten times the rate of change in percent, smoothed once", Unit::RATIO, |p| {
            p.bars(0) - 1
        }),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<PriceMomentum>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 3
}

fn first_signal(p: Args<'_>) -> usize {
    first(p) + p.bars(2) - 1
}

#[derive(Serialize, Deserialize)]
struct PriceMomentum {
    close: f64,
    first: Ema,
    second: Ema,
    signal: Ema,
}

impl Build for PriceMomentum {
    fn build(p: Args<'_>) -> Self {
        // The gain 2 / n is that of an ordinary average of length n - 1.
        Self {
            close: f64::NAN,
            first: Ema::new(p.bars(0) - 1),
            second: Ema::new(p.bars(1) - 1),
            signal: Ema::new(p.bars(2)),
        }
    }
}

impl Indicator for PriceMomentum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let rate = 100.0 * ratio(bar.close - self.close, self.close);
        self.close = bar.close;
        let roc_smooth = 10.0 * self.first.next(rate);
        let pmo = self.second.next(roc_smooth);
        let signal = self.signal.next(pmo);
        put(lines, [pmo, signal, pmo - signal, roc_smooth]);
    }
}
