use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Laguerre, SlidingHigh, SlidingLow, SortedWindow, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "adaptive_laguerre",
    title: "Adaptive Laguerre filter",
    family: Family::Trend,
    formula: "p = (h + l) / 2; error = |p - filter[-1]|; rank = (error - LL(error, length)) / (HH(error, length) - LL(error, \
              length)); alpha = median of the last 5 ranks; a bar whose errors are all alike adds no rank; L0 to L3 and \
              filter as in laguerre_filter with a = alpha; all of them p until alpha is known",
    source: "J. F. Ehlers, adaptive form of the filter of Time Warp - Without Space Travel (2002)",
    params: &[Param::bars("length", "Errors compared", 20, 2)],
    lines: &[
        LineSpec::output("filter", "Median price, smoother the better it fits", Unit::PRICE, first),
        LineSpec::output("alpha", "Gain in use", Unit::bounded(0.0, 1.0), first),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("error", "Distance from the filter of the bar before", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("rank", "Place of the error in its range", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
        LineSpec::internal("L0", "First stage: exponential average", Unit::PRICE, first),
        LineSpec::internal("L1", "Second stage, later", Unit::PRICE, first),
        LineSpec::internal("L2", "Third stage, later still", Unit::PRICE, first),
        LineSpec::internal("L3", "Fourth stage, latest", Unit::PRICE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Adaptive>(),
};

/// Takes the median of all ranks of the window instead of the last five; stopped on a flat one, where we keep the gain.
static ORIGINAL: Definition = Definition {
    formula: "p = (h + l) / 2; error = |p - filter[-1]|; alpha = median over the last length errors of (error - LL) / (HH - \
              LL); L0 to L3 and filter as in laguerre_filter with a = alpha; before bar 59 filter = L0 = p, L1 = p[-1], L2 = \
              L3 = p[-2]",
    lines: &[
        LineSpec::output("filter", "Median price, smoother the better it fits", Unit::PRICE, |_| 0),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("L0", "First stage: exponential average", Unit::PRICE, |_| 0),
        LineSpec::internal("L1", "Second stage, later", Unit::PRICE, |_| 0),
        LineSpec::internal("L2", "Third stage, later still", Unit::PRICE, |_| 0),
        LineSpec::internal("L3", "Fourth stage, latest", Unit::PRICE, |_| 0),
    ],
    params: &[Param::whole("length", "Errors compared", 20, 2, 59)],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// Ranks in the median.
const RANKS: usize = 5;

fn first(p: Args<'_>) -> usize {
    p.bars(0) + RANKS - 1
}

#[derive(Serialize, Deserialize)]
struct Adaptive {
    filter: f64,
    highest: SlidingHigh,
    lowest: SlidingLow,
    /// The last ranks in a ring.
    ranks: [f64; RANKS],
    place: usize,
    alpha: f64,
    stages: Laguerre,
}

impl Build for Adaptive {
    fn build(p: Args<'_>) -> Self {
        Self {
            filter: f64::NAN,
            highest: SlidingHigh::new(p.bars(0)),
            lowest: SlidingLow::new(p.bars(0)),
            ranks: [f64::NAN; RANKS],
            place: 0,
            alpha: f64::NAN,
            stages: Laguerre::default(),
        }
    }
}

impl Indicator for Adaptive {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        let error = (p - self.filter).abs();
        let lowest = self.lowest.next(error);
        let range = self.highest.next(error) - lowest;
        let rank = if range > 0.0 { ((error - lowest) / range).clamp(0.0, 1.0) } else { f64::NAN };
        if !rank.is_nan() {
            self.ranks[self.place] = rank;
            self.place = (self.place + 1) % RANKS;
            self.alpha = median(self.ranks);
        }
        [lines[2], lines[3], lines[4]] = [p, error, rank];
        if self.alpha.is_nan() {
            self.stages.set([p; 4]);
            self.filter = p;
            return;
        }
        self.stages.next(p, self.alpha);
        self.filter = self.stages.filter();
        [lines[0], lines[1]] = [self.filter, self.alpha];
        lines[5..].copy_from_slice(&self.stages.levels());
    }
}

/// Missing until all are known.
fn median([a, b, c, d, e]: [f64; RANKS]) -> f64 {
    if (a + b + c + d + e).is_nan() {
        return f64::NAN;
    }
    // The largest and the smallest of the first four are not the median.
    let (low, high) = (a.min(b).max(c.min(d)), a.max(b).min(c.max(d)));
    low.min(high).max(low.max(high).min(e))
}

/// Bars before the original's recursion.
const START: usize = 59;

#[derive(Serialize, Deserialize)]
struct Original {
    wait: usize,
    /// Median prices of this bar and the two before; the first stands for those that are missing.
    prices: [f64; 3],
    filter: f64,
    errors: SortedWindow,
    alpha: f64,
    stages: Laguerre,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self {
            wait: START,
            prices: [f64::NAN; 3],
            filter: f64::NAN,
            errors: SortedWindow::new(p.bars(0)),
            alpha: 0.0,
            stages: Laguerre::default(),
        }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        let [p1, p2, _] = self.prices.map(|past| if past.is_nan() { p } else { past });
        self.prices = [p, p1, p2];
        if self.errors.push((p - self.filter).abs()) {
            let errors = self.errors.as_slice();
            let (lowest, highest) = (errors[0], errors[errors.len() - 1]);
            if highest > lowest {
                // The median keeps its place when all ranks are shifted and scaled alike.
                self.alpha = (self.errors.median() - lowest) / (highest - lowest);
            }
        }
        if self.wait > 0 {
            self.wait -= 1;
            self.stages.set([p, p1, p2, p2]);
            self.filter = p;
        } else {
            self.stages.next(p, self.alpha);
            self.filter = self.stages.filter();
        }
        let [l0, l1, l2, l3] = self.stages.levels();
        put(lines, [self.filter, p, l0, l1, l2, l3]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_five_is_the_third() {
        for code in 0..5_usize.pow(5) {
            let values = [1, 5, 25, 125, 625].map(|unit| (code / unit % 5) as f64);
            let mut sorted = values;
            sorted.sort_by(f64::total_cmp);
            assert_eq!(median(values), sorted[2], "{values:?}");
        }
        assert!(median([1.0, f64::NAN, 1.0, 1.0, 1.0]).is_nan());
    }
}
