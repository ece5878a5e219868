use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingScore, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, FlowIndicator, LineSpec, Param, Unit};
use crate::market::{Bar, Extra, Flow};

pub(super) static DEFINITION: Definition = Definition {
    id: "trade_size",
    title: "Average trade size",
    family: Family::Volume,
    formula: "size = v / trades, missing without trades; average and std over the last period sizes, population; relative = \
              size / average; z = (size - average) / std",
    source: "Common market practice on exchanges that count trades",
    params: &[Param::bars("period", "Bars averaged", 60, 2)],
    lines: &[
        LineSpec::output("size", "Volume per trade", Unit::VOLUME, |_| 0),
        LineSpec::output("relative", "Volume per trade in averages", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::output("z", "Deviations of the volume per trade from its mean", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("average", "Average volume per trade", Unit::VOLUME, |p| p.bars(0) - 1),
        LineSpec::internal("std", "Deviation of the volume per trade", Unit::VOLUME_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[Extra::Trades],
    compat: Compat::Absent,
    engine: Engine::of_flow::<TradeSize>(),
};

#[derive(Serialize, Deserialize)]
struct TradeSize {
    score: RollingScore,
}

impl Build for TradeSize {
    fn build(p: Args<'_>) -> Self {
        Self { score: RollingScore::new(p.bars(0)) }
    }
}

impl FlowIndicator for TradeSize {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        let size = ratio(bar.volume, flow.trades);
        if size.is_finite() {
            let score = self.score.next(size);
            put(lines, [size, ratio(size, score.mean), score.z, score.mean, score.deviation]);
        }
    }
}
