use serde::{Deserialize, Serialize};

use crate::indicators::blocks::median_price;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "cyber_cycle",
    title: "Cyber cycle",
    family: Family::Cycle,
    formula: "p = (h + l) / 2; smooth = (p + 2 p[-1] + 2 p[-2] + p[-3]) / 6; cycle = (1 - a/2)^2 (smooth - 2 \
              smooth[-1] + smooth[-2]) + 2 (1 - a) cycle[-1] - (1 - a)^2 cycle[-2], a = alpha, started on bars 2 to 5 \
              from (p - 2 p[-1] + p[-2]) / 4; trigger = cycle[-1]",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 4",
    params: &[Param::real("alpha", "Damping of the high-pass filter", 0.07, 0.001, 0.999)],
    lines: &[
        LineSpec::output("cycle", "Cyclic part of the price", Unit::PRICE_DIFFERENCE, |_| START),
        LineSpec::output("trigger", "The cycle one bar before", Unit::PRICE_DIFFERENCE, |_| START + 1),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("smooth", "Median price smoothed over four bars", Unit::PRICE, |_| 3),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<CyberCycle>(),
};

/// Reads the close, starts the recursion only at bar period - 1 and shows what stands in for it before.
static ORIGINAL: Definition = Definition {
    formula: "as the standard with p = c and a = 2 / (period + 1); (p - 2 p[-1] + p[-2]) / 4 before bar period - 1",
    source: "BTQuant, CyberCycle",
    params: &[Param::bars("period", "Sets the damping and the start of the recursion", 20, 6)],
    lines: &[
        LineSpec::output("cycle", "Cyclic part of the close", Unit::PRICE_DIFFERENCE, |_| 2),
        LineSpec::output("trigger", "The cycle one bar before", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("smooth", "Close smoothed over four bars", Unit::PRICE, |_| 3),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// First bar of the recursion.
pub(super) const START: usize = 6;

/// Four-bar smoothing of a price and its curvature; missing until enough prices came.
#[derive(Serialize, Deserialize)]
pub(super) struct Smoothing {
    prices: [f64; 3],
    smooths: [f64; 2],
}

/// What [`Smoothing`] gives.
pub(super) struct Smoothed {
    pub(super) smooth: f64,
    /// Second difference of the smoothed price.
    curve: f64,
    /// A quarter of the second difference of the price itself.
    rough: f64,
}

impl Smoothing {
    pub(super) fn new() -> Self {
        Self { prices: [f64::NAN; 3], smooths: [f64::NAN; 2] }
    }

    pub(super) fn next(&mut self, p: f64) -> Smoothed {
        let [b, c, d] = self.prices;
        let smooth = (p + 2.0 * b + 2.0 * c + d) / 6.0;
        let curve = smooth - 2.0 * self.smooths[0] + self.smooths[1];
        self.prices = [p, b, c];
        self.smooths = [smooth, self.smooths[0]];
        Smoothed { smooth, curve, rough: (p - 2.0 * b + c) / 4.0 }
    }
}

/// The high-pass recursion on the smoothed price, from bar `start` on; the rough cycle before.
#[derive(Serialize, Deserialize)]
pub(super) struct Cycle {
    start: usize,
    bar: usize,
    /// Cycle of the last bar and of the one before.
    y: [f64; 2],
}

impl Cycle {
    /// `start` is at least 5, so that all of the recursion's inputs are known.
    pub(super) fn new(start: usize) -> Self {
        Self { start, bar: 0, y: [f64::NAN; 2] }
    }

    pub(super) fn next(&mut self, price: &Smoothed, alpha: f64) -> f64 {
        let (gain, keep) = (1.0 - alpha / 2.0, 1.0 - alpha);
        let y = if self.is_started() {
            gain * gain * price.curve + 2.0 * keep * self.y[0] - keep * keep * self.y[1]
        } else {
            price.rough
        };
        self.y = [y, self.y[0]];
        self.bar += 1;
        y
    }

    /// True when the next bar is one of the recursion.
    pub(super) fn is_started(&self) -> bool {
        self.bar >= self.start
    }

    pub(super) fn last(&self) -> f64 {
        self.y[0]
    }
}

#[derive(Serialize, Deserialize)]
struct CyberCycle {
    alpha: f64,
    smoothing: Smoothing,
    cycle: Cycle,
    previous: f64,
}

impl Build for CyberCycle {
    fn build(p: Args<'_>) -> Self {
        Self { alpha: p.real(0), smoothing: Smoothing::new(), cycle: Cycle::new(START), previous: f64::NAN }
    }
}

impl Indicator for CyberCycle {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        let price = self.smoothing.next(p);
        let is_started = self.cycle.is_started();
        let cycle = self.cycle.next(&price, self.alpha);
        let cycle = if is_started { cycle } else { f64::NAN };
        put(lines, [cycle, self.previous, p, price.smooth]);
        self.previous = cycle;
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    alpha: f64,
    smoothing: Smoothing,
    cycle: Cycle,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { alpha: 2.0 / (p.real(0) + 1.0), smoothing: Smoothing::new(), cycle: Cycle::new(p.bars(0) - 1) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = self.smoothing.next(bar.close);
        let trigger = if self.cycle.is_started() { self.cycle.last() } else { f64::NAN };
        put(lines, [self.cycle.next(&price, self.alpha), trigger, price.smooth]);
    }
}
