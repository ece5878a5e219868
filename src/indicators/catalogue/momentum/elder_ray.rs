use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Ema;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "elder_ray",
    title: "Elder-ray index",
    family: Family::Momentum,
    formula: "ema = EMA(c, period); bull_power = h - ema; bear_power = l - ema",
    source: "A. Elder, Trading for a Living (1993)",
    params: &[Param::bars("period", "Length of the average", 13, 1)],
    lines: &[
        LineSpec::output("bull_power", "High above the average", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::output("bear_power", "Low above the average", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<ElderRay>(),
};

#[derive(Serialize, Deserialize)]
struct ElderRay {
    average: Ema,
}

impl Build for ElderRay {
    fn build(p: Args<'_>) -> Self {
        Self { average: Ema::new(p.bars(0)) }
    }
}

impl Indicator for ElderRay {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ema = self.average.next(bar.close);
        put(lines, [bar.high - ema, bar.low - ema]);
    }
}
