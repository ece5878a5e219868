use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{HighLow, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "fisher_transform",
    title: "Fisher transform",
    family: Family::Cycle,
    formula: "p = (h + l) / 2; place = (p - LL(p, period)) / (HH(p, period) - LL(p, period)), 0.5 on a flat range; \
              value = 0.66 (place - 0.5) + 0.67 value[-1], 0.999 above 0.99 and -0.999 below -0.99; fisher = ln((1 + \
              value) / (1 - value)) / 2 + fisher[-1] / 2; both start from 0; trigger = fisher[-1]",
    source: "J. F. Ehlers, Using the Fisher transform, Technical Analysis of Stocks & Commodities (November 2002)",
    params: &[Param::bars("period", "Bars of the range", 10, 2)],
    lines: &[
        LineSpec::output("fisher", "Place in the range, stretched to be normally distributed", Unit::RATIO, |p| {
            p.bars(0) - 1
        }),
        LineSpec::output("trigger", "fisher one bar before", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("value", "Place in the range smoothed, -1 to 1", Unit::bounded(-0.999, 0.999), |p| {
            p.bars(0) - 1
        }),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Fisher>(),
};

#[derive(Serialize, Deserialize)]
struct Fisher {
    extremes: HighLow,
    value: f64,
    /// The last fisher, missing before the first.
    last: f64,
}

impl Build for Fisher {
    fn build(p: Args<'_>) -> Self {
        Self { extremes: HighLow::new(p.bars(0)), value: 0.0, last: f64::NAN }
    }
}

impl Indicator for Fisher {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        let (highest, lowest) = self.extremes.next(p, p);
        let range = highest - lowest;
        if range.is_nan() {
            return;
        }
        let place = if range == 0.0 { 0.5 } else { (p - lowest) / range };
        let value = 0.66 * (place - 0.5) + 0.67 * self.value;
        self.value = if value.abs() > 0.99 { 0.999_f64.copysign(value) } else { value };
        let trigger = self.last;
        let before = if trigger.is_nan() { 0.0 } else { trigger };
        self.last = 0.5 * ((1.0 + self.value) / (1.0 - self.value)).ln() + 0.5 * before;
        put(lines, [self.last, trigger, self.value]);
    }
}
