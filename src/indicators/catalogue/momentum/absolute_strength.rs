use serde::{Deserialize, Serialize};

use super::moves::split;
use crate::indicators::blocks::Wma;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "absolute_strength",
    title: "Absolute strength histogram",
    family: Family::Momentum,
    formula: "d = c - c[-1]; bulls = WMA(WMA((|d| + d) / 2, period), smoothing); bears = WMA(WMA((|d| - d) / 2, \
              period), smoothing); ash = bulls - bears",
    source: "A. Kohl, Absolute Strength Histogram (MetaTrader)",
    params: &[
        Param::bars("period", "Length of the first average", 9, 1),
        Param::bars("smoothing", "Length of the second average", 2, 1),
    ],
    lines: &[
        LineSpec::output("ash", "Bulls minus bears", Unit::PRICE_DIFFERENCE, first),
        LineSpec::output("bulls", "Average rise", Unit::PRICE_DIFFERENCE, first),
        LineSpec::output("bears", "Average fall", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Strength<false>>(),
};

/// Halves only the size of the change, not the change itself.
static ORIGINAL: Definition = Definition {
    formula: "d = c - c[-1]; bulls = WMA(WMA(|d| / 2 + d, period), smoothing); bears = WMA(WMA(|d| / 2 - d, period), \
              smoothing); ash = bulls - bears",
    compat: Compat::Same,
    engine: Engine::of::<Strength<true>>(),
    ..DEFINITION
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct Strength<const ORIGINAL: bool> {
    previous: f64,
    bulls: [Wma; 2],
    bears: [Wma; 2],
}

impl<const ORIGINAL: bool> Build for Strength<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let pair = || [Wma::new(p.bars(0)), Wma::new(p.bars(1))];
        Self { previous: f64::NAN, bulls: pair(), bears: pair() }
    }
}

impl<const ORIGINAL: bool> Indicator for Strength<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = bar.close - self.previous;
        self.previous = bar.close;
        let half = 0.5 * change.abs();
        let [up, down] = if ORIGINAL { [half + change, half - change] } else { split(change) };
        let ([bulls, more_bulls], [bears, more_bears]) = (&mut self.bulls, &mut self.bears);
        let (bulls, bears) = (more_bulls.next(bulls.next(up)), more_bears.next(bears.next(down)));
        put(lines, [bulls - bears, bulls, bears]);
    }
}
