use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, RankWindow, Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "bandwidth_percentile",
    title: "Percentile of the Bollinger bandwidth",
    family: Family::Volatility,
    formula: "bandwidth = 4 STD(c, period) / SMA(c, period); lowest, highest = its extremes over lookback bars; \
              percentile = 100 (below + equal / 2) / (lookback - 1), counting the other values that lie below the \
              bandwidth or equal it; relative = (bandwidth - lowest) / (highest - lowest); squeeze, bulge = bandwidth \
              at the lowest, the highest, unless these are equal",
    source: "J. Bollinger, Bollinger on Bollinger Bands (2001): the Squeeze, the lowest bandwidth of 125 days, and the \
             Bulge",
    params: &[
        Param::bars("period", "Closes in the bands", 20, 2),
        Param::bars("lookback", "Bandwidths compared", 125, 2),
    ],
    lines: &[
        LineSpec::output("percentile", "Rank of the bandwidth, percent", Unit::PERCENT, first_rank),
        LineSpec::output("relative", "Bandwidth between its extremes", Unit::bounded(0.0, 1.0), first_rank),
        LineSpec::output("squeeze", "1 at the lowest bandwidth", Unit::FLAG, first_rank),
        LineSpec::output("bulge", "1 at the highest bandwidth", Unit::FLAG, first_rank),
        LineSpec::internal("lowest", "Lowest bandwidth", Unit::RATIO, first_rank),
        LineSpec::internal("highest", "Highest bandwidth", Unit::RATIO, first_rank),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first_rank(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 2
}

#[derive(Serialize, Deserialize)]
struct State {
    mean: Sma,
    deviation: Deviation,
    ranks: RankWindow,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        Self { mean: Sma::new(period), deviation: Deviation::new(period), ranks: RankWindow::new(p.bars(1)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let bandwidth = ratio(4.0 * self.deviation.next(bar.close), self.mean.next(bar.close));
        if !self.ranks.push(bandwidth) {
            return;
        }
        let &[lowest, .., highest] = self.ranks.as_slice() else { return };
        let span = highest - lowest;
        let relative = ratio(bandwidth - lowest, span);
        let squeeze = f64::from(bandwidth == lowest && span > 0.0);
        let bulge = f64::from(bandwidth == highest && span > 0.0);
        let percentile = self.ranks.percentile();
        put(lines, [percentile, relative, squeeze, bulge, lowest, highest]);
    }
}
