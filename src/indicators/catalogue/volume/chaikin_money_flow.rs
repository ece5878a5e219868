use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, close_location, ratio, ratio_or_zero};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chaikin_money_flow",
    title: "Chaikin money flow",
    family: Family::Volume,
    formula: "ad = (2 c - l - h) / (h - l) v, 0 where h = l; money_flow = SUM(ad, period) / SUM(v, period)",
    source: "M. Chaikin; described in R. W. Colby, The Encyclopedia of Technical Market Indicators, 2nd ed. (2002)",
    params: &[Param::bars("period", "Bars summed", 20, 1)],
    lines: &[
        LineSpec::output("money_flow", "Share of volume closing high less low", Unit::bounded(-1.0, 1.0), |p| {
            p.bars(0) - 1
        }),
        LineSpec::internal("ad", "Volume by the place of the close", Unit::VOLUME_DIFFERENCE, |_| 0),
        LineSpec::internal("ad_sum", "Sum of ad", Unit::VOLUME_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<ChaikinMoneyFlow<false>>(),
};

/// 0 instead of missing while nothing is traded.
static ORIGINAL: Definition =
    Definition { compat: Compat::Absent, engine: Engine::of::<ChaikinMoneyFlow<true>>(), ..DEFINITION };

#[derive(Serialize, Deserialize)]
struct ChaikinMoneyFlow<const ORIGINAL: bool> {
    flow: RollingSum,
    volume: RollingSum,
}

impl<const ORIGINAL: bool> Build for ChaikinMoneyFlow<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { flow: RollingSum::new(p.bars(0)), volume: RollingSum::new(p.bars(0)) }
    }
}

impl<const ORIGINAL: bool> Indicator for ChaikinMoneyFlow<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ad = close_location(bar) * bar.volume;
        let (flow, volume) = (self.flow.next(ad), self.volume.next(bar.volume));
        let share = if ORIGINAL { ratio_or_zero(flow, volume) } else { ratio(flow, volume) };
        put(lines, [share.clamp(-1.0, 1.0), ad, flow]);
    }
}
