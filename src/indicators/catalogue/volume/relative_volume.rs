use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, RollingSum, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "relative_volume",
    title: "Relative volume",
    family: Family::Volume,
    formula: "average = SMA(v, period); relative = v / average[-1]; change = average / average[-period], the volume of a \
              stretch against the stretch of the same length before it",
    source: "Common market practice",
    params: &[Param::bars("period", "Bars averaged", 24, 1)],
    lines: &[
        LineSpec::output("relative", "Volume in averages of the bars before", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("change", "Average volume against the stretch before", Unit::RATIO, |p| 2 * p.bars(0) - 1),
        LineSpec::internal("average", "Average volume", Unit::VOLUME, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<RelativeVolume>(),
};

#[derive(Serialize, Deserialize)]
struct RelativeVolume {
    sum: RollingSum,
    period: f64,
    last: f64,
    stretch: Lag,
}

impl Build for RelativeVolume {
    fn build(p: Args<'_>) -> Self {
        Self { sum: RollingSum::new(p.bars(0)), period: p.real(0), last: f64::NAN, stretch: Lag::new(p.bars(0)) }
    }
}

impl Indicator for RelativeVolume {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let average = self.sum.next(bar.volume) / self.period;
        let before = std::mem::replace(&mut self.last, average);
        let change = ratio(average, self.stretch.next(average));
        put(lines, [ratio(bar.volume, before), change, average]);
    }
}
