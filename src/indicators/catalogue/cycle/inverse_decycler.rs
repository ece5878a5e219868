use serde::{Deserialize, Serialize};

use super::decycler_osc::{Decycler, OriginalDecycler};
use super::filters::StochasticFisher;
use crate::indicators::blocks::ratio;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "inverse_decycler",
    title: "Inverse Fisher transform of the decycler oscillator",
    family: Family::Cycle,
    formula: "hp, decycle, osc = the decycler oscillator of hp_period, k = 1; place = 10 (osc - LL(osc, 20)) / \
              (HH(osc, 20) - LL(osc, 20)) - 5, 0 on a flat range; idosc = tanh(SMA(place, smooth))",
    source: "BTQuant, with the filters as J. F. Ehlers published them: Decyclers (September 2015), The inverse Fisher \
             transform (May 2004), Technical Analysis of Stocks & Commodities",
    // The roofing filter already shows the high-pass of the original's 48 bars.
    params: &[
        Param::bars("hp_period", "Cut-off of the decycler", 30, 8),
        Param::bars("smooth", "Length of the average before the transform", 2, 1),
    ],
    lines: &[
        LineSpec::output("idosc", "Direction of the trend, compressed", Unit::bounded(-1.0, 1.0), first_inverse),
        LineSpec::internal("osc", "Decycler oscillator, percent of the close", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("decycle", "Close without cycles", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("hp", "Cycles of the close", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Inverse>(),
};

/// The faults of the original's decycler oscillator, started at bar 19; -5 on a flat range.
static ORIGINAL: Definition = Definition {
    formula: "as the standard on the decycler oscillator of the original, its recursion from bar 19 on and shown from \
              there; -5 on a flat range",
    source: "BTQuant, InverseDecyclerOscillator",
    params: &[
        Param::bars("hp_period", "Cut-off of the decycler", 48, 4),
        Param::bars("smooth", "Length of the average before the transform", 2, 1),
    ],
    lines: &[
        LineSpec::output("idosc", "Direction of the trend, compressed", Unit::bounded(-1.0, 1.0), first_of_original),
        LineSpec::internal("osc", "Decycler oscillator", Unit::PRICE_DIFFERENCE, |_| ORIGINAL_START),
        LineSpec::internal("decycle", "Close without cycles", Unit::PRICE, |_| ORIGINAL_START),
        LineSpec::internal("hp", "Cycles of the close", Unit::PRICE_DIFFERENCE, |_| ORIGINAL_START),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// Bars of the range in which the oscillator is placed.
const RANGE: usize = 20;
const SCALING: f64 = 5.0;
/// First bar of the original's recursion.
const ORIGINAL_START: usize = 19;

fn first_inverse(p: Args<'_>) -> usize {
    p.bars(0) + RANGE + p.bars(1) - 3
}

fn first_of_original(p: Args<'_>) -> usize {
    ORIGINAL_START + RANGE + p.bars(1) - 2
}

#[derive(Serialize, Deserialize)]
struct Inverse {
    decycler: Decycler,
    fisher: StochasticFisher<false>,
    period: usize,
    bar: usize,
}

impl Build for Inverse {
    fn build(p: Args<'_>) -> Self {
        Self {
            decycler: Decycler::new(p.real(0)),
            fisher: StochasticFisher::new(RANGE, SCALING, p.bars(1)),
            period: p.bars(0),
            bar: 0,
        }
    }
}

impl Indicator for Inverse {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [hp, decycle, osc] = self.decycler.next(bar.close);
        self.bar += 1;
        if self.bar >= self.period {
            let osc = ratio(100.0 * osc, bar.close);
            put(lines, [self.fisher.next(osc)[2], osc, decycle, hp]);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    decycler: OriginalDecycler,
    fisher: StochasticFisher<true>,
    bar: usize,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self {
            decycler: OriginalDecycler::new(p.real(0), ORIGINAL_START),
            fisher: StochasticFisher::new(RANGE, SCALING, p.bars(1)),
            bar: 0,
        }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [hp, decycle, osc] = self.decycler.next(bar.close);
        self.bar += 1;
        if self.bar > ORIGINAL_START {
            put(lines, [self.fisher.next(osc)[2], osc, decycle, hp]);
        }
    }
}
