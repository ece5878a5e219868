use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::filters::HighPass;
use crate::indicators::blocks::ratio;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "decycler_osc",
    title: "Decycler oscillator",
    family: Family::Cycle,
    formula: "H(x, n): (1 - a/2)^2 (x - 2 x[-1] + x[-2]) + 2 (1 - a) H[-1] - (1 - a)^2 H[-2], a = (cos b + sin b - 1) \
              / cos b, b = sqrt 2 pi / n, at rest on the first x; hp = H(c, hp_period); decycle = c - hp; osc = 100 k \
              H(decycle, hp_period / 2) / c; fast = the same with fast_period and fast_k",
    source: "J. F. Ehlers, Decyclers, Technical Analysis of Stocks & Commodities (September 2015)",
    params: &[
        Param::bars("hp_period", "Cut-off of the decycler", 125, 8),
        Param::real("k", "Multiplier", 1.0, 0.01, 100.0),
        Param::bars("fast_period", "Cut-off of the fast decycler", 100, 8),
        Param::real("fast_k", "Multiplier of the fast oscillator", 1.2, 0.01, 100.0),
    ],
    lines: &[
        LineSpec::output("osc", "Trend without cycles, percent of the close", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::output("fast", "The same with the shorter cut-off", Unit::RATIO, |p| p.bars(2) - 1),
        LineSpec::internal("decycle", "Close without cycles", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("hp", "Cycles of the close", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Oscillator>(),
};

/// Squares 1 - a instead of 1 - a/2 in the gain, and gives the second filter twice instead of half the period, divided
/// by the wrong cosine; one period only; neither multiplier nor division by the close.
static ORIGINAL: Definition = Definition {
    formula: "F(x, a): (1 - a)^2 (x - 2 x[-1] + x[-2]) + 2 (1 - a) F[-1] - (1 - a)^2 F[-2], b = 0.707 2 pi / \
              hp_period; hp = F(c, (cos b + sin b - 1) / cos b); decycle = c - hp; osc = F(decycle, (cos b/2 + sin b/2 \
              - 1) / cos b); before bar hp_period - 1: 0, c[-1] and 0",
    source: "BTQuant, ElhersDecyclerOscillator",
    params: &[Param::bars("hp_period", "Cut-off of the decycler", 37, 4)],
    lines: &[
        LineSpec::output("osc", "Trend without cycles", Unit::PRICE_DIFFERENCE, |_| 0),
        LineSpec::internal("decycle", "Close without cycles", Unit::PRICE, |_| 1),
        LineSpec::internal("hp", "Cycles of the close", Unit::PRICE_DIFFERENCE, |_| 0),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// High-pass of the close and of what it leaves.
#[derive(Serialize, Deserialize)]
pub(super) struct Decycler {
    high_pass: HighPass,
    second: HighPass,
}

impl Decycler {
    /// Cut-off at `period` bars, at least 6.
    pub(super) fn new(period: f64) -> Self {
        Self { high_pass: HighPass::new(period), second: HighPass::new(0.5 * period) }
    }

    /// Cycles, close without them, and the oscillation of that.
    pub(super) fn next(&mut self, close: f64) -> [f64; 3] {
        let hp = self.high_pass.next(close);
        let decycle = close - hp;
        [hp, decycle, self.second.next(decycle)]
    }
}

/// The decycler of the Python original, whose recursion starts at bar `start`.
#[derive(Serialize, Deserialize)]
pub(super) struct OriginalDecycler {
    high_pass: HighPass,
    second: HighPass,
    previous: f64,
    bar: usize,
    start: usize,
}

impl OriginalDecycler {
    pub(super) fn new(period: f64, start: usize) -> Self {
        let b = 0.707 * TAU / period;
        let first = HighPass::alpha(b);
        let second = ((b / 2.0).cos() + (b / 2.0).sin() - 1.0) / b.cos();
        Self {
            high_pass: HighPass::damped(first, 1.0 - first),
            second: HighPass::damped(second, 1.0 - second),
            previous: f64::NAN,
            bar: 0,
            start,
        }
    }

    /// As [`Decycler::next`].
    pub(super) fn next(&mut self, close: f64) -> [f64; 3] {
        let previous = std::mem::replace(&mut self.previous, close);
        self.bar += 1;
        if self.bar > self.start {
            let hp = self.high_pass.next(close);
            let decycle = close - hp;
            return [hp, decycle, self.second.next(decycle)];
        }
        self.high_pass.hold(close, 0.0);
        self.second.hold(previous, 0.0);
        [0.0, previous, 0.0]
    }
}

#[derive(Serialize, Deserialize)]
struct Oscillator {
    slow: Decycler,
    fast: Decycler,
    gains: [f64; 2],
    periods: [usize; 2],
    bar: usize,
}

impl Build for Oscillator {
    fn build(p: Args<'_>) -> Self {
        Self {
            slow: Decycler::new(p.real(0)),
            fast: Decycler::new(p.real(2)),
            gains: [100.0 * p.real(1), 100.0 * p.real(3)],
            periods: [p.bars(0), p.bars(2)],
            bar: 0,
        }
    }
}

impl Indicator for Oscillator {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [hp, decycle, slow] = self.slow.next(bar.close);
        let fast = self.fast.next(bar.close)[2];
        self.bar += 1;
        if self.bar >= self.periods[0] {
            lines[0] = ratio(self.gains[0] * slow, bar.close);
            lines[2..].copy_from_slice(&[decycle, hp]);
        }
        if self.bar >= self.periods[1] {
            lines[1] = ratio(self.gains[1] * fast, bar.close);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Original(OriginalDecycler);

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self(OriginalDecycler::new(p.real(0), p.bars(0) - 1))
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [hp, decycle, osc] = self.0.next(bar.close);
        put(lines, [osc, decycle, hp]);
    }
}
