use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, Kind, LineSpec, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "market_facilitation_index",
    title: "Market facilitation index",
    family: Family::Volume,
    formula: "mfi = (h - l) / v; green = mfi and v rise; fade = both fall; fake = mfi rises, v falls; squat = mfi falls, v \
              rises; change = (mfi - mfi[-1]) / (mfi + mfi[-1])",
    source: "B. Williams, Trading Chaos (1995)",
    params: &[],
    lines: &[
        LineSpec::output("mfi", "Range per volume", Unit { kind: Kind::Level, price: 1, volume: -1 }, |_| 0),
        LineSpec::output("green", "1 when range per volume and volume rise", Unit::FLAG, |_| 1),
        LineSpec::output("fade", "1 when range per volume and volume fall", Unit::FLAG, |_| 1),
        LineSpec::output("fake", "1 when range per volume rises on falling volume", Unit::FLAG, |_| 1),
        LineSpec::output("squat", "1 when range per volume falls on rising volume", Unit::FLAG, |_| 1),
        LineSpec::internal("change", "Change of range per volume in its sum", Unit::bounded(-1.0, 1.0), |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<MarketFacilitation>(),
};

#[derive(Serialize, Deserialize)]
struct MarketFacilitation {
    index: Lag,
    volume: Lag,
}

impl Build for MarketFacilitation {
    fn build(_: Args<'_>) -> Self {
        Self { index: Lag::new(1), volume: Lag::new(1) }
    }
}

impl Indicator for MarketFacilitation {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let mfi = ratio(bar.high - bar.low, bar.volume);
        lines[0] = mfi;
        if mfi.is_nan() {
            return;
        }
        let (before, volume) = (self.index.next(mfi), self.volume.next(bar.volume));
        if before.is_nan() {
            return;
        }
        let (rises, falls) = (mfi > before, mfi < before);
        let (more, less) = (bar.volume > volume, bar.volume < volume);
        let states = [rises && more, falls && less, rises && less, falls && more];
        for (line, state) in lines[1..5].iter_mut().zip(states) {
            *line = f64::from(state);
        }
        lines[5] = ratio(mfi - before, mfi + before).clamp(-1.0, 1.0);
    }
}
