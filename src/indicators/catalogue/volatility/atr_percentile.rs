use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RankWindow, TrueRange, Wilder, ratio};
use crate::indicators::catalogue::put;
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
        Param::bars("period", "Length of Wilder's average", 14, 1),
        Param::bars("lookback", "Values compared", 100, 2),
    ],
    lines: &[
        LineSpec::output("percentile", "Rank of the average range, percent", Unit::PERCENT, first_rank),
        LineSpec::output("over_median", "Average range over its median", Unit::RATIO, first_rank),
        LineSpec::internal("median", "Median of the average range", Unit::PRICE_DIFFERENCE, first_rank),
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
    ranks: RankWindow,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { range: TrueRange::default(), average: Wilder::new(p.bars(0)), ranks: RankWindow::new(p.bars(1)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let atr = self.average.next(self.range.next(bar).range);
        if self.ranks.push(atr) {
            let median = self.ranks.median();
            put(lines, [self.ranks.percentile(), ratio(atr, median), median]);
        }
    }
}
