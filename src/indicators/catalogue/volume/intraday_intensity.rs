use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, close_location, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "intraday_intensity",
    title: "Intraday intensity",
    family: Family::Volume,
    formula: "ii = (2 c - h - l) / (h - l) v, 0 where h = l; intensity = 100 SUM(ii, period) / SUM(v, period), over three \
              months of days (Chaikin money flow is the same over one); impulse = ii / SMA(v, period)",
    source: "D. Bostian, intraday intensity index, described in J. Bollinger, Bollinger on Bollinger Bands (2001), ch. 18",
    params: &[Param::bars("period", "Bars summed", 63, 1)],
    lines: &[
        LineSpec::output("intensity", "Volume closing high less low, percent", Unit::bounded(-100.0, 100.0), first),
        LineSpec::output("impulse", "The bar's intensity in average volumes", Unit::RATIO, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<IntradayIntensity>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct IntradayIntensity {
    flow: RollingSum,
    volume: RollingSum,
    period: f64,
}

impl Build for IntradayIntensity {
    fn build(p: Args<'_>) -> Self {
        Self { flow: RollingSum::new(p.bars(0)), volume: RollingSum::new(p.bars(0)), period: p.real(0) }
    }
}

impl Indicator for IntradayIntensity {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ii = close_location(bar) * bar.volume;
        let (flow, volume) = (self.flow.next(ii), self.volume.next(bar.volume));
        lines[0] = (100.0 * ratio(flow, volume)).clamp(-100.0, 100.0);
        lines[1] = ratio(ii, volume / self.period);
    }
}
