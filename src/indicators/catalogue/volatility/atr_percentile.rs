use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{SortedWindow, TrueRange, Wilder, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "atr_percentile",
    title: "Percentile of the average true range",
    family: Family::Volatility,
    formula: "percentile = 100 (below + equal / 2) / (lookback - 1), counting the other values among the last lookback \
              of atr = ATR(period) that lie below it or equal it; median is theirs; over_median = atr / median",
    source: "Percent rank of J. W. Wilder's average true range (1978); common usage",
    params: &[
        Param::bars("period", "Length of Wilder's average", 21, 1),
        Param::bars("lookback", "Values compared", 100, 2),
    ],
    lines: &[
        LineSpec::output("percentile", "Rank of the average range, percent", Unit::PERCENT, first_rank),
        LineSpec::output("over_median", "Average range over its median", Unit::RATIO, first_rank),
        LineSpec::internal("median", "Median of the average range", Unit::PRICE_DIFFERENCE, first_rank),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first_rank(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct State {
    range: TrueRange,
    average: Wilder,
    sorted: SortedWindow,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { range: TrueRange::default(), average: Wilder::new(p.bars(0)), sorted: SortedWindow::new(p.bars(1)) }
    }
}

impl Indicator for State {
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let atr = self.average.next(self.range.next(bar).range);
        lines[3] = atr;
        if self.sorted.push(atr) {
            let median = self.sorted.median();
            lines[..3].copy_from_slice(&[percent_rank(&self.sorted, atr), ratio(atr, median), median]);
        }
    }
}

/// 100 (below + equal / 2) / (n - 1), counting the values of the window other than `x` itself, which is one of them.
pub(super) fn percent_rank(sorted: &SortedWindow, x: f64) -> f64 {
    let (below, up_to) = (sorted.below(x), sorted.up_to(x));
    100.0 * ((below + up_to - 1) as f64 / (2 * (sorted.as_slice().len() - 1)) as f64)
}
