use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Total, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "price_volume_trend",
    title: "Price and volume trend",
    family: Family::Volume,
    formula: "flow = v (c - c[-1]) / c[-1]; pvt = running sum of flow",
    source: "Described in R. W. Colby and T. A. Meyers, The Encyclopedia of Technical Market Indicators (1988)",
    params: &[],
    lines: &[
        LineSpec::output("pvt", "Volume by the size of each change, so far", Unit::CUMULATIVE_VOLUME, |_| 1),
        LineSpec::internal("flow", "Volume by the size of the bar's change", Unit::VOLUME_DIFFERENCE, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<PriceVolumeTrend>(),
};

#[derive(Serialize, Deserialize)]
struct PriceVolumeTrend {
    previous: Lag,
    total: Total,
}

impl Build for PriceVolumeTrend {
    fn build(_: Args<'_>) -> Self {
        Self { previous: Lag::new(1), total: Total::default() }
    }
}

impl Indicator for PriceVolumeTrend {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let before = self.previous.next(bar.close);
        let flow = bar.volume * ratio(bar.close - before, before);
        if !flow.is_nan() {
            put(lines, [self.total.next(flow), flow]);
        }
    }
}
