use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingScore, RollingSum, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, FlowIndicator, LineSpec, Param, Unit};
use crate::market::{Bar, Extra, Flow};

pub(super) static DEFINITION: Definition = Definition {
    id: "taker_imbalance",
    title: "Taker imbalance",
    family: Family::Volume,
    formula: "share = buy / v, buy the volume bought by takers; delta = 2 buy - v; imbalance = SUM(delta, period) / SUM(v, \
              period); z = (share - mean) / std of the last score_period shares, population; bars without volume have no \
              share and count in no window of shares",
    source: "Order imbalance as in T. Chordia, R. Roll and A. Subrahmanyam, Journal of Financial Economics 65 (2002)",
    params: &[
        Param::bars("period", "Bars of the imbalance", 12, 1),
        Param::bars("score_period", "Bars of the score", 100, 2),
    ],
    lines: &[
        LineSpec::output("share", "Share of volume bought by takers", Unit::bounded(0.0, 1.0), |_| 0),
        LineSpec::output("delta", "Volume bought less sold by takers", Unit::VOLUME_DIFFERENCE, |_| 0),
        LineSpec::output("imbalance", "Delta as a share of volume", Unit::bounded(-1.0, 1.0), |p| p.bars(0) - 1),
        LineSpec::output("z", "Deviations of the share from its mean", Unit::RATIO, |p| p.bars(1) - 1),
        LineSpec::internal("mean", "Mean share", Unit::bounded(0.0, 1.0), |p| p.bars(1) - 1),
        LineSpec::internal("std", "Deviation of the share", Unit::bounded(0.0, 1.0), |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[Extra::TakerBuyVolume],
    compat: Compat::Absent,
    engine: Engine::of_flow::<TakerImbalance>(),
};

#[derive(Serialize, Deserialize)]
struct TakerImbalance {
    delta: RollingSum,
    volume: RollingSum,
    score: RollingScore,
}

impl Build for TakerImbalance {
    fn build(p: Args<'_>) -> Self {
        Self {
            delta: RollingSum::new(p.bars(0)),
            volume: RollingSum::new(p.bars(0)),
            score: RollingScore::new(p.bars(1)),
        }
    }
}

impl FlowIndicator for TakerImbalance {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, flow: &Flow, lines: &mut [f64]) {
        let buy = flow.taker_buy_volume;
        if !buy.is_finite() {
            return;
        }
        let share = ratio(buy, bar.volume).clamp(0.0, 1.0);
        let delta = 2.0 * buy - bar.volume;
        let (sum, volume) = (self.delta.next(delta), self.volume.next(bar.volume));
        let score = self.score.next(share);
        let [mean, std] = [score.mean, score.deviation].map(|v| v.clamp(0.0, 1.0));
        put(lines, [share, delta, ratio(sum, volume).clamp(-1.0, 1.0), score.z, mean, std]);
    }
}
