use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Sma};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "dpo",
    title: "Detrended price oscillator",
    family: Family::Trend,
    formula: "average = SMA(c, period)[-(period / 2 + 1)], the half rounded down; dpo = c - average",
    source: "S. B. Achelis, Technical Analysis from A to Z (1995)",
    params: &[Param::bars("period", "Closes in the mean", 20, 3)],
    lines: &[LineSpec::output("dpo", "Close over the mean of half a period ago", Unit::PRICE_DIFFERENCE, first)],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Detrended<false>>(),
};

/// Shifts by half the period rounded up less one: an error of precedence.
static ORIGINAL: Definition = Definition {
    formula: "average = SMA(c, period)[-(period / 2 - 1)], the half rounded up; dpo = c - average",
    lines: &[LineSpec::output(
        "dpo",
        "Close over the mean of nearly half a period ago",
        Unit::PRICE_DIFFERENCE,
        first_original,
    )],
    compat: Compat::Absent,
    engine: Engine::of::<Detrended<true>>(),
    ..DEFINITION
};

const fn shift(period: usize, original: bool) -> usize {
    if original { period.div_ceil(2) - 1 } else { period / 2 + 1 }
}

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1 + shift(p.bars(0), false)
}

fn first_original(p: Args<'_>) -> usize {
    p.bars(0) - 1 + shift(p.bars(0), true)
}

#[derive(Serialize, Deserialize)]
struct Detrended<const ORIGINAL: bool> {
    mean: Sma,
    past: Lag,
}

impl<const ORIGINAL: bool> Build for Detrended<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), past: Lag::new(shift(p.bars(0), ORIGINAL)) }
    }
}

impl<const ORIGINAL: bool> Indicator for Detrended<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let average = self.past.next(self.mean.next(bar.close));
        lines[0] = bar.close - average;
    }
}
