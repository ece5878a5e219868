use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Total, close_location};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "accumulation_distribution",
    title: "Accumulation/distribution line",
    family: Family::Volume,
    formula: "clv = (2 c - l - h) / (h - l), 0 where h = l; ad = running sum of clv v",
    source: "M. Chaikin; described in R. W. Colby and T. A. Meyers, The Encyclopedia of Technical Market Indicators (1988)",
    params: &[],
    lines: &[
        LineSpec::output("ad", "Volume by the place of the close, so far", Unit::CUMULATIVE_VOLUME, |_| 0),
        LineSpec::internal("clv", "Place of the close between low and high", Unit::bounded(-1.0, 1.0), |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<AccumulationDistribution>(),
};

#[derive(Serialize, Deserialize)]
struct AccumulationDistribution {
    total: Total,
}

impl Build for AccumulationDistribution {
    fn build(_: Args<'_>) -> Self {
        Self { total: Total::default() }
    }
}

impl Indicator for AccumulationDistribution {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let clv = close_location(bar);
        put(lines, [self.total.next(clv * bar.volume), clv]);
    }
}
