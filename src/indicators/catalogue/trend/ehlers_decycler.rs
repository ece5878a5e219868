use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ehlers_decycler",
    title: "Simple decycler",
    family: Family::Trend,
    formula: "a = (cos w + sin w - 1) / cos w, w = 2 pi / period; decycler = decycler[-1] + a ((c + c[-1]) / 2 - decycler[-1]), \
              starting from the first c; side = 1 when c is above decycler (1 + width / 100), -1 below decycler (1 - width / \
              100), else 0",
    source: "J. F. Ehlers, Decyclers, TASC (September 2015)",
    params: &[
        Param::bars("period", "Longest period taken out", 250, 5),
        Param::real("width", "Percent from the line to a band", 0.5, 0.0, 50.0),
    ],
    lines: &[
        LineSpec::output("decycler", "Close without its cycles", Unit::PRICE, |_| 1),
        LineSpec::output(
            "side",
            "1 when the close is above the upper band, -1 below the lower, else 0",
            Unit::FLAG,
            |_| 1,
        ),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Decycler>(),
};

#[derive(Serialize, Deserialize)]
struct Decycler {
    gain: f64,
    share: f64,
    previous: f64,
    value: f64,
}

impl Build for Decycler {
    fn build(p: Args<'_>) -> Self {
        let (sin, cos) = (TAU / p.real(0)).sin_cos();
        Self { gain: (cos + sin - 1.0) / cos, share: p.real(1) / 100.0, previous: f64::NAN, value: f64::NAN }
    }
}

impl Indicator for Decycler {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let previous = std::mem::replace(&mut self.previous, bar.close);
        if previous.is_nan() {
            self.value = bar.close;
            return;
        }
        self.value += self.gain * (f64::midpoint(bar.close, previous) - self.value);
        let band = self.share * self.value;
        let side = i8::from(bar.close > self.value + band) - i8::from(bar.close < self.value - band);
        put(lines, [self.value, f64::from(side)]);
    }
}
