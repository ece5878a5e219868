use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Correlation, RollingScore, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, FlowIndicator, Kind, LineSpec, Param, Unit};
use crate::market::{Bar, Extra, Flow};

const COUNT: Unit = Unit { kind: Kind::Level, price: 0, volume: 0 };

pub(super) static DEFINITION: Definition = Definition {
    id: "trade_intensity",
    title: "Trade intensity",
    family: Family::Volume,
    formula: "average and std of the number of trades over the last period bars, population; relative = trades / average; z = \
              (trades - average) / std; crowd = Pearson's corr(trades, v) over period",
    source: "Trade counts as in C. M. Jones, G. Kaul and M. L. Lipson, Transactions, Volume, and Volatility, Review of \
             Financial Studies 7 (1994)",
    params: &[Param::bars("period", "Bars averaged", 40, 3)],
    lines: &[
        LineSpec::output("relative", "Number of trades in averages", Unit::RATIO, first),
        LineSpec::output("z", "Deviations of the number of trades from its mean", Unit::RATIO, first),
        LineSpec::output("crowd", "Correlation of number of trades and volume", Unit::bounded(-1.0, 1.0), first),
        LineSpec::internal("average", "Average number of trades", COUNT, first),
        LineSpec::internal("std", "Deviation of the number of trades", COUNT, first),
    ],
    numbered: false,
    also: &[],
    needs: &[Extra::Trades],
    compat: Compat::Absent,
    engine: Engine::of_flow::<TradeIntensity>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct TradeIntensity {
    score: RollingScore,
    crowd: Correlation,
}

impl Build for TradeIntensity {
    fn build(p: Args<'_>) -> Self {
        Self { score: RollingScore::new(p.bars(0)), crowd: Correlation::new(p.bars(0)) }
    }
}

impl FlowIndicator for TradeIntensity {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        let trades = flow.trades;
        if trades.is_finite() {
            let (score, crowd) = (self.score.next(trades), self.crowd.next(trades, bar.volume));
            put(lines, [ratio(trades, score.mean), score.z, crowd, score.mean, score.deviation]);
        }
    }
}
