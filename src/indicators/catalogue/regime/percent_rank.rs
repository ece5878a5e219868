use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Window};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "percent_rank",
    title: "Percent rank",
    family: Family::Regime,
    formula: "R(x) = 100 times the share of the period values before x that are less than x; rank = R(c); range_rank = \
              R(true range)",
    source: "L. Connors and C. Alvarez, An Introduction to ConnorsRSI (2012), on close and range instead of the change",
    params: &[Param::bars("period", "Values compared with", 100, 2)],
    lines: &[
        LineSpec::output("rank", "Closes below this one, percent", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::output("range_rank", "True ranges below this one, percent", Unit::PERCENT, |p| p.bars(0) + 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<PercentRank>(),
};

#[derive(Serialize, Deserialize)]
struct PercentRank {
    closes: Window,
    range: TrueRange,
    ranges: Window,
}

impl Build for PercentRank {
    fn build(p: Args<'_>) -> Self {
        let window = || Window::new(p.bars(0));
        Self { closes: window(), range: TrueRange::default(), ranges: window() }
    }
}

impl Indicator for PercentRank {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = rank(&mut self.closes, bar.close);
        let range = self.range.next(bar).range;
        if !range.is_nan() {
            lines[1] = rank(&mut self.ranges, range);
        }
    }
}

/// Percent of the window below `x`, which then enters it. Comparing with every value takes less time than keeping a
/// hundred of them in order.
#[inline(always)]
fn rank(window: &mut Window, x: f64) -> f64 {
    let below = window.as_slice().iter().filter(|v| **v < x).count();
    let rank = if window.is_full() { 100.0 * below as f64 / window.len() as f64 } else { f64::NAN };
    window.push(x);
    rank
}
