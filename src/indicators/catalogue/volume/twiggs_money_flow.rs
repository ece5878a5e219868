use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{TrueRange, Wilder, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "twiggs_money_flow",
    title: "Twiggs money flow",
    family: Family::Volume,
    formula: "trh = max(h, c[-1]); trl = min(l, c[-1]); adv = (2 c - trl - trh) / (trh - trl) v, 0 where trh = trl; \
              tmf = W(adv) / W(v), W Wilder's average over period",
    source: "C. Twiggs, Twiggs Money Flow, Incredible Charts (2002)",
    params: &[Param::bars("period", "Length of Wilder's averages", 21, 1)],
    lines: &[
        LineSpec::output("tmf", "Average share of volume closing high less low", Unit::bounded(-1.0, 1.0), |p| {
            p.bars(0)
        }),
        LineSpec::internal("adv", "Volume by the place of the close in the true range", Unit::VOLUME_DIFFERENCE, |_| 1),
        LineSpec::internal("adv_avg", "Average of adv", Unit::VOLUME_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("volume_avg", "Average volume", Unit::VOLUME, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<TwiggsMoneyFlow>(),
};

#[derive(Serialize, Deserialize)]
struct TwiggsMoneyFlow {
    range: TrueRange,
    flow: Wilder,
    volume: Wilder,
}

impl Build for TwiggsMoneyFlow {
    fn build(p: Args<'_>) -> Self {
        Self { range: TrueRange::default(), flow: Wilder::new(p.bars(0)), volume: Wilder::new(p.bars(0)) }
    }
}

impl Indicator for TwiggsMoneyFlow {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let whole = self.range.next(bar);
        if whole.range.is_nan() {
            return;
        }
        let place = if whole.range > 0.0 { (2.0 * bar.close - whole.low - whole.high) / whole.range } else { 0.0 };
        let adv = place.clamp(-1.0, 1.0) * bar.volume;
        let (flow, volume) = (self.flow.next(adv), self.volume.next(bar.volume));
        put(lines, [ratio(flow, volume).clamp(-1.0, 1.0), adv, flow, volume]);
    }
}
