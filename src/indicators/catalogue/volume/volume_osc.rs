use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "volume_osc",
    title: "Volume oscillator",
    family: Family::Volume,
    formula: "short = EMA(v, fast); long = EMA(v, slow); osc = 100 (short - long) / long",
    source: "Described in S. B. Achelis, Technical Analysis from A to Z (1995)",
    params: &[
        Param::bars("fast", "Length of the short average", 5, 1),
        Param::bars("slow", "Length of the long average", 10, 1),
    ],
    lines: &[
        LineSpec::output("osc", "Short above long average, percent", Unit::RATIO, |p| p.bars(0).max(p.bars(1)) - 1),
        LineSpec::internal("short", "Short average of the volume", Unit::VOLUME, |p| p.bars(0) - 1),
        LineSpec::internal("long", "Long average of the volume", Unit::VOLUME, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<VolumeOscillator>(),
};

#[derive(Serialize, Deserialize)]
struct VolumeOscillator {
    short: Ema,
    long: Ema,
}

impl Build for VolumeOscillator {
    fn build(p: Args<'_>) -> Self {
        Self { short: Ema::new(p.bars(0)), long: Ema::new(p.bars(1)) }
    }
}

impl Indicator for VolumeOscillator {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (short, long) = (self.short.next(bar.volume), self.long.next(bar.volume));
        put(lines, [100.0 * ratio(short - long, long), short, long]);
    }
}
