use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Sma;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ssma",
    title: "Smoothed sensitive moving average",
    family: Family::Trend,
    formula: "ma = SMA(c, period); smooth = smooth[-1] + smoothing (ma - smooth[-1]), starting from ma; ssma = smooth + \
              sensitivity (c - smooth), at first ma",
    source: "BTQuant, the Python original",
    params: &[
        Param::bars("period", "Closes in the mean", 20, 1),
        Param::real("smoothing", "Gain of the smoothing of the mean", 0.5, 0.01, 1.0),
        Param::real("sensitivity", "Share of the close", 0.3, 0.0, 1.0),
    ],
    lines: &[
        LineSpec::output("ssma", "Smoothed mean drawn towards the close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("ma", "Mean close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("smooth", "Mean close smoothed", Unit::PRICE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Sensitive>(),
};

#[derive(Serialize, Deserialize)]
struct Sensitive {
    mean: Sma,
    smoothing: f64,
    sensitivity: f64,
    smooth: f64,
}

impl Build for Sensitive {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), smoothing: p.real(1), sensitivity: p.real(2), smooth: f64::NAN }
    }
}

impl Indicator for Sensitive {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ma = self.mean.next(bar.close);
        if self.smooth.is_nan() {
            self.smooth = ma;
            lines.fill(ma);
            return;
        }
        self.smooth += self.smoothing * (ma - self.smooth);
        let ssma = self.smooth + self.sensitivity * (bar.close - self.smooth);
        put(lines, [ssma, ma, self.smooth]);
    }
}
