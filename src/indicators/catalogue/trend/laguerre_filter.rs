use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Laguerre, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "laguerre_filter",
    title: "Laguerre filter",
    family: Family::Trend,
    formula: "p = (h + l) / 2; a = 1 - gamma; L0 = a p + (1 - a) L0[-1]; L1 = -(1 - a) L0 + L0[-1] + (1 - a) L1[-1], L2 from \
              L1 and L3 from L2 alike, all starting from the first p; filter = (L0 + 2 L1 + 2 L2 + L3) / 6",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 14",
    params: &[Param::real("gamma", "Damping of every stage", 0.8, 0.0, 0.999)],
    lines: &[
        LineSpec::output("filter", "Smooth median price", Unit::PRICE, |_| START),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("L0", "First stage: exponential average", Unit::PRICE, |_| START),
        LineSpec::internal("L1", "Second stage, later", Unit::PRICE, |_| START),
        LineSpec::internal("L2", "Third stage, later still", Unit::PRICE, |_| START),
        LineSpec::internal("L3", "Fourth stage, latest", Unit::PRICE, |_| START),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Filter>(),
};

/// Holds the price for period - 1 bars, with a gain of its own making. (The form that does not crash on the first bar.)
static ORIGINAL: Definition = Definition {
    formula: "p = (h + l) / 2; a = 2 / (period + 1); L0 = a p + (1 - a) L0[-1]; L1 = -(1 - a) L0 + L0[-1] + (1 - a) L1[-1], \
              L2 from L1 and L3 from L2 alike; filter = (L0 + 2 L1 + 2 L2 + L3) / 6; before bar period - 1 all are p",
    params: &[Param::bars("period", "Length that sets the gain, and bars of the start", 48, 1)],
    lines: &[
        LineSpec::output("filter", "Smooth median price", Unit::PRICE, |_| 0),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("L0", "First stage: exponential average", Unit::PRICE, |_| 0),
        LineSpec::internal("L1", "Second stage, later", Unit::PRICE, |_| 0),
        LineSpec::internal("L2", "Third stage, later still", Unit::PRICE, |_| 0),
        LineSpec::internal("L3", "Fourth stage, latest", Unit::PRICE, |_| 0),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// First bar by which a price has come through every stage.
const START: usize = 3;

#[derive(Serialize, Deserialize)]
struct Filter {
    gain: f64,
    wait: usize,
    stages: Laguerre,
}

impl Build for Filter {
    fn build(p: Args<'_>) -> Self {
        Self { gain: 1.0 - p.real(0), wait: START, stages: Laguerre::default() }
    }
}

impl Indicator for Filter {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        self.stages.next(p, self.gain);
        lines[1] = p;
        if self.wait > 0 {
            self.wait -= 1;
            return;
        }
        lines[0] = self.stages.filter();
        lines[2..].copy_from_slice(&self.stages.levels());
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    gain: f64,
    wait: usize,
    stages: Laguerre,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { gain: 2.0 / (p.real(0) + 1.0), wait: p.bars(0) - 1, stages: Laguerre::default() }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        if self.wait > 0 {
            self.wait -= 1;
            self.stages.set([p; 4]);
        } else {
            self.stages.next(p, self.gain);
        }
        let [l0, l1, l2, l3] = self.stages.levels();
        put(lines, [self.stages.filter(), p, l0, l1, l2, l3]);
    }
}
