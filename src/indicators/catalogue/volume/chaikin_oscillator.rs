use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Total, close_location};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "chaikin_oscillator",
    title: "Chaikin oscillator",
    family: Family::Volume,
    formula: "ad = running sum of (2 c - l - h) / (h - l) v, 0 where h = l; fast_ema = EMA(ad, fast); slow_ema = EMA(ad, \
              slow); osc = fast_ema - slow_ema",
    source: "M. Chaikin; described in R. W. Colby, The Encyclopedia of Technical Market Indicators, 2nd ed. (2002)",
    params: &[
        Param::bars("fast", "Length of the fast average", 3, 1),
        Param::bars("slow", "Length of the slow average", 10, 1),
    ],
    lines: &[
        LineSpec::output("osc", "Fast minus slow average", Unit::VOLUME_DIFFERENCE, |p| p.bars(0).max(p.bars(1)) - 1),
        LineSpec::internal("fast_ema", "Fast average of the line", Unit::CUMULATIVE_VOLUME, |p| p.bars(0) - 1),
        LineSpec::internal("slow_ema", "Slow average of the line", Unit::CUMULATIVE_VOLUME, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ChaikinOscillator>(),
};

#[derive(Serialize, Deserialize)]
struct ChaikinOscillator {
    total: Total,
    fast: Ema,
    slow: Ema,
}

impl Build for ChaikinOscillator {
    fn build(p: Args<'_>) -> Self {
        Self { total: Total::default(), fast: Ema::new(p.bars(0)), slow: Ema::new(p.bars(1)) }
    }
}

impl Indicator for ChaikinOscillator {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ad = self.total.next(close_location(bar) * bar.volume);
        let (fast, slow) = (self.fast.next(ad), self.slow.next(ad));
        put(lines, [fast - slow, fast, slow]);
    }
}
