use serde::{Deserialize, Serialize};

use super::moves::Moves;
use crate::indicators::blocks::{HighLow, Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "stoch_rsi",
    title: "Stochastic RSI",
    family: Family::Momentum,
    formula: "rsi = RSI(c, rsi_period); stoch = 100 (rsi - LL(rsi, period)) / (HH(rsi, period) - LL(rsi, period)); k = \
              SMA(stoch, smooth); d = SMA(k, signal)",
    source: "T. S. Chande and S. Kroll, The New Technical Trader (1994)",
    params: &[
        Param::bars("rsi_period", "Length of the relative strength index", 14, 2),
        Param::bars("period", "Bars of its range", 14, 2),
        Param::bars("smooth", "Length of the average of stoch", 3, 1),
        Param::bars("signal", "Length of the average of k", 3, 1),
    ],
    lines: &[
        LineSpec::output("k", "Average of stoch", Unit::PERCENT, first_average),
        LineSpec::output("d", "Average of k", Unit::PERCENT, |p| first_average(p) + p.bars(3) - 1),
        LineSpec::internal("stoch", "Place of the index in its range, percent", Unit::PERCENT, first),
        LineSpec::internal("highest", "Highest index", Unit::PERCENT, first),
        LineSpec::internal("lowest", "Lowest index", Unit::PERCENT, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<StochRsi>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

fn first_average(p: Args<'_>) -> usize {
    first(p) + p.bars(2) - 1
}

#[derive(Serialize, Deserialize)]
struct StochRsi {
    close: f64,
    moves: Moves,
    range: HighLow,
    average: Sma,
    signal: Sma,
}

impl Build for StochRsi {
    fn build(p: Args<'_>) -> Self {
        Self {
            close: f64::NAN,
            moves: Moves::new(p.bars(0)),
            range: HighLow::new(p.bars(1)),
            average: Sma::new(p.bars(2)),
            signal: Sma::new(p.bars(3)),
        }
    }
}

impl Indicator for StochRsi {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let rsi = self.moves.next(bar.close - self.close).index();
        self.close = bar.close;
        let (highest, lowest) = self.range.next(rsi, rsi);
        let stoch = 100.0 * ratio(rsi - lowest, highest - lowest);
        let k = self.average.next(stoch).clamp(0.0, 100.0);
        let d = self.signal.next(k).clamp(0.0, 100.0);
        put(lines, [k, d, stoch, highest, lowest]);
    }
}
