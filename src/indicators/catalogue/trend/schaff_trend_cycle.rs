use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, SlidingHigh, SlidingLow};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "schaff_trend_cycle",
    title: "Schaff trend cycle",
    family: Family::Trend,
    formula: "macd = EMA(c, fast) - EMA(c, slow); f1 = 100 (macd - v1) / v2 with v1 = LL(macd, cycle), v2 = HH(macd, \
              cycle) - v1; pf = pf[-1] + factor (f1 - pf[-1]); f2 and schaff repeat both steps on pf; f1 and f2 keep their \
              value while the range is 0, starting from 50 and pf; each smoothing starts from its first value",
    source: "D. Schaff, Schaff Trend Cycle (1999)",
    params: &[
        Param::bars("cycle", "Bars of the two stochastics", 10, 2),
        Param::bars("fast", "Length of the fast average", 23, 1),
        Param::bars("slow", "Length of the slow average", 50, 1),
        Param::real("factor", "Smoothing gain", 0.5, 0.01, 1.0),
    ],
    lines: &[
        LineSpec::output("schaff", "Twice smoothed cycle of the MACD, percent", Unit::PERCENT, first_second),
        LineSpec::internal("macd", "Fast minus slow average", Unit::PRICE_DIFFERENCE, first_macd),
        LineSpec::internal("fast_ema", "Fast average of the close", Unit::PRICE, |p| p.bars(1) - 1),
        LineSpec::internal("slow_ema", "Slow average of the close", Unit::PRICE, |p| p.bars(2) - 1),
        LineSpec::internal("v1", "Lowest MACD of the cycle", Unit::PRICE_DIFFERENCE, first_first),
        LineSpec::internal("v2", "Range of the MACD over the cycle", Unit::PRICE_DIFFERENCE, first_first),
        LineSpec::internal("f1", "Stochastic of the MACD, percent", Unit::PERCENT, first_first),
        LineSpec::internal("pf", "f1 smoothed", Unit::PERCENT, first_first),
        LineSpec::internal("v3", "Lowest pf of the cycle", Unit::PERCENT, first_second),
        LineSpec::internal("v4", "Range of pf over the cycle", Unit::PERCENT, first_second),
        LineSpec::internal("f2", "Stochastic of pf, percent", Unit::PERCENT, first_second),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Schaff>(),
};

/// Starts from raw prices, which it takes long to forget.
static ORIGINAL: Definition = Definition {
    formula: "macd = EMA(c, fast) - EMA(c, slow); f1 = 100 (macd - v1) / v2 with v1 = LL(macd, cycle), v2 = HH(macd, \
              cycle) - v1; pf = pf[-1] + factor (f1 - pf[-1]); f2 and schaff repeat both steps on pf; f1 and f2 keep their \
              value while the range is 0 or not known; for 8 bars after the first macd, and before, f1 = c, pf = o, f2 = h \
              and schaff = l",
    lines: &[
        LineSpec::output("schaff", "Twice smoothed cycle of the MACD, percent", Unit::RATIO, |_| 0),
        LineSpec::internal("macd", "Fast minus slow average", Unit::PRICE_DIFFERENCE, first_macd),
        LineSpec::internal("fast_ema", "Fast average of the close", Unit::PRICE, |p| p.bars(1) - 1),
        LineSpec::internal("slow_ema", "Slow average of the close", Unit::PRICE, |p| p.bars(2) - 1),
        LineSpec::internal("f1", "Stochastic of the MACD, percent", Unit::RATIO, |_| 0),
        LineSpec::internal("pf", "f1 smoothed", Unit::RATIO, |_| 0),
        LineSpec::internal("f2", "Stochastic of pf, percent", Unit::RATIO, |_| 0),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// Bars the original waits after its first MACD, those of a signal line it does not use.
const SIGNAL: usize = 8;

fn first_macd(p: Args<'_>) -> usize {
    p.bars(1).max(p.bars(2)) - 1
}

fn first_first(p: Args<'_>) -> usize {
    first_macd(p) + p.bars(0) - 1
}

fn first_second(p: Args<'_>) -> usize {
    first_first(p) + p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct Schaff {
    fast: Ema,
    slow: Ema,
    of_macd: Stochastic,
    of_pf: Stochastic,
}

impl Build for Schaff {
    fn build(p: Args<'_>) -> Self {
        let stochastic = || Stochastic::new(p.bars(0), p.real(3));
        Self { fast: Ema::new(p.bars(1)), slow: Ema::new(p.bars(2)), of_macd: stochastic(), of_pf: stochastic() }
    }
}

impl Indicator for Schaff {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (fast, slow) = (self.fast.next(bar.close), self.slow.next(bar.close));
        let macd = fast - slow;
        let [v1, v2, f1, pf] = self.of_macd.next(macd, 50.0);
        let [v3, v4, f2, schaff] = self.of_pf.next(pf, pf);
        put(lines, [schaff, macd, fast, slow, v1, v2, f1, pf, v3, v4, f2]);
    }
}

/// Where a value stands in its own range, smoothed.
#[derive(Serialize, Deserialize)]
struct Stochastic {
    lowest: SlidingLow,
    highest: SlidingHigh,
    factor: f64,
    raw: f64,
    smooth: f64,
}

impl Stochastic {
    fn new(n: usize, factor: f64) -> Self {
        Self { lowest: SlidingLow::new(n), highest: SlidingHigh::new(n), factor, raw: f64::NAN, smooth: f64::NAN }
    }

    /// Lowest, range, percent of range and its smoothing; a flat range keeps the percent it had, at first `start`.
    fn next(&mut self, x: f64, start: f64) -> [f64; 4] {
        let (lowest, range) = self.range(x);
        if range.is_nan() {
            return [f64::NAN; 4];
        }
        if self.raw.is_nan() {
            self.raw = start;
        }
        self.smooth(x, lowest, range);
        [lowest, range, self.raw, self.smooth]
    }

    fn range(&mut self, x: f64) -> (f64, f64) {
        let lowest = self.lowest.next(x);
        (lowest, self.highest.next(x) - lowest)
    }

    fn smooth(&mut self, x: f64, lowest: f64, range: f64) {
        if range > 0.0 {
            self.raw = 100.0 * ((x - lowest) / range);
        }
        let before = if self.smooth.is_nan() { self.raw } else { self.smooth };
        self.smooth = before + self.factor * (self.raw - before);
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    wait: usize,
    fast: Ema,
    slow: Ema,
    of_macd: Stochastic,
    of_pf: Stochastic,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        let stochastic = || Stochastic::new(p.bars(0), p.real(3));
        let wait = first_macd(p) + SIGNAL;
        Self { wait, fast: Ema::new(p.bars(1)), slow: Ema::new(p.bars(2)), of_macd: stochastic(), of_pf: stochastic() }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (fast, slow) = (self.fast.next(bar.close), self.slow.next(bar.close));
        let macd = fast - slow;
        let (lowest, range) = self.of_macd.range(macd);
        if self.wait > 0 {
            self.wait -= 1;
            (self.of_macd.raw, self.of_macd.smooth) = (bar.close, bar.open);
            (self.of_pf.raw, self.of_pf.smooth) = (bar.high, bar.low);
            self.of_pf.range(bar.open);
        } else {
            self.of_macd.smooth(macd, lowest, range);
            let pf = self.of_macd.smooth;
            let (lowest, range) = self.of_pf.range(pf);
            self.of_pf.smooth(pf, lowest, range);
        }
        let (first, second) = (&self.of_macd, &self.of_pf);
        put(lines, [second.smooth, macd, fast, slow, first.raw, first.smooth, second.raw]);
    }
}
