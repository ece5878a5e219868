use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Blend, Lag, RollingSum, Sma};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "kama",
    title: "Kaufman's adaptive moving average",
    family: Family::Trend,
    formula: "change = c - c[-period]; volatility = SUM(|c - c[-1]|, period); er = |change| / volatility, 0 when nothing \
              moved; sc = (er (2/(fast+1) - 2/(slow+1)) + 2/(slow+1))^2; kama = kama[-1] + sc (c - kama[-1]), starting \
              from the mean of period closes",
    source: "P. J. Kaufman, Smarter Trading (1995)",
    params: &[
        Param::bars("period", "Bars of the efficiency ratio", 30, 1),
        Param::bars("fast", "Length of the average in a perfect trend", 2, 1),
        Param::bars("slow", "Length of the average without trend", 30, 1),
    ],
    lines: &[
        LineSpec::output("kama", "Adaptive average of the close", Unit::PRICE, |p| p.bars(0)),
        LineSpec::internal("er", "Efficiency: net over total movement", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
        LineSpec::internal("sc", "Smoothing constant in use", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
        LineSpec::internal("change", "Net movement", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("volatility", "Total movement", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Kama>(),
};

#[derive(Serialize, Deserialize)]
struct Kama {
    previous: f64,
    start: Lag,
    volatility: RollingSum,
    mean: Sma,
    fast: f64,
    slow: f64,
    value: f64,
}

impl Build for Kama {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let gain = |n: usize| 2.0 / (n as f64 + 1.0);
        Self {
            previous: f64::NAN,
            start: Lag::new(period),
            volatility: RollingSum::new(period),
            mean: Sma::new(period),
            fast: gain(p.bars(1)),
            slow: gain(p.bars(2)),
            value: f64::NAN,
        }
    }
}

impl Indicator for Kama {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let close = bar.close;
        let change = close - self.start.next(close);
        let volatility = self.volatility.next((close - self.previous).abs());
        self.previous = close;
        let er = if change == 0.0 { 0.0 } else { (change.abs() / volatility).min(1.0) };
        let gain = er * (self.fast - self.slow) + self.slow;
        let sc = gain * gain;
        if self.value.is_nan() {
            let mean = self.mean.next(close);
            if change.is_nan() {
                return;
            }
            self.value = mean;
        } else {
            self.value = Blend::new(sc).step(self.value, close);
        }
        put(lines, [self.value, er, sc, change, volatility]);
    }
}
