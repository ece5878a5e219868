use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, SlidingHigh, SlidingLow, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "trend_trigger_factor",
    title: "Trend trigger factor",
    family: Family::Trend,
    formula: "highest = HH(h, period); lowest = LL(l, period); bp = highest - lowest[-period]; sp = highest[-period] - \
              lowest; ttf = 100 (bp - sp) / ((bp + sp) / 2)",
    source: "M. H. Pee, Trend Trigger Factor, TASC (December 2004)",
    params: &[Param::bars("period", "Bars of either window", 15, 1)],
    lines: &lines(first),
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Trigger<0>>(),
};

/// One bar lies between the two windows and in neither.
static ORIGINAL: Definition = Definition {
    formula: "highest = HH(h, period); lowest = LL(l, period); bp = highest - lowest[-period - 1]; sp = highest[-period - 1] \
              - lowest; ttf = 100 (bp - sp) / ((bp + sp) / 2)",
    lines: &lines(first_original),
    compat: Compat::Absent,
    engine: Engine::of::<Trigger<1>>(),
    ..DEFINITION
};

const fn lines(first: fn(Args<'_>) -> usize) -> [LineSpec; 7] {
    [
        LineSpec::output("ttf", "Buying over selling power, percent of their mean", Unit::RATIO, first),
        LineSpec::internal("bp", "Buying power: highest over the lowest of before", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("sp", "Selling power: highest of before over the lowest", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("highest", "Highest high", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("lowest", "Lowest low", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("highest_before", "Highest high of the window before", Unit::PRICE, first),
        LineSpec::internal("lowest_before", "Lowest low of the window before", Unit::PRICE, first),
    ]
}

fn first(p: Args<'_>) -> usize {
    2 * p.bars(0) - 1
}

fn first_original(p: Args<'_>) -> usize {
    2 * p.bars(0)
}

/// `GAP`: bars between the windows.
#[derive(Serialize, Deserialize)]
struct Trigger<const GAP: usize> {
    highest: SlidingHigh,
    lowest: SlidingLow,
    highest_before: Lag,
    lowest_before: Lag,
}

impl<const GAP: usize> Build for Trigger<GAP> {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        Self {
            highest: SlidingHigh::new(period),
            lowest: SlidingLow::new(period),
            highest_before: Lag::new(period + GAP),
            lowest_before: Lag::new(period + GAP),
        }
    }
}

impl<const GAP: usize> Indicator for Trigger<GAP> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (highest, lowest) = (self.highest.next(bar.high), self.lowest.next(bar.low));
        let (highest_before, lowest_before) = (self.highest_before.next(highest), self.lowest_before.next(lowest));
        let (bp, sp) = (highest - lowest_before, highest_before - lowest);
        let ttf = 100.0 * ratio(bp - sp, 0.5 * (bp + sp));
        put(lines, [ttf, bp, sp, highest, lowest, highest_before, lowest_before]);
    }
}
