use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Window;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "alma",
    title: "Arnaud Legoux moving average",
    family: Family::Trend,
    formula: "alma = sum of w_i c_i / sum of w_i over the last period closes, oldest i = 0, w_i = exp(-(i - m)^2 / (2 s^2)), m = \
              offset (period - 1), s = period / sigma; costs a product per close of the window",
    source: "A. Legoux and D. Kouzis-Loukas, Arnaud Legoux Moving Average (2009)",
    params: &[
        Param::whole("period", "Closes in the average", 9, 1, 1000),
        Param::real("offset", "Place of the greatest weight: 0 oldest, 1 newest", 0.85, 0.0, 1.0),
        Param::real("sigma", "Period over the deviation of the weights", 6.0, 0.1, 100.0),
    ],
    lines: &[LineSpec::output("alma", "Gaussian average", Unit::PRICE, |p| p.bars(0) - 1)],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Alma>(),
};

/// Partial sums that are added side by side.
const LANES: usize = 8;

#[derive(Serialize, Deserialize)]
struct Alma {
    closes: Window,
    weights: Vec<f64>,
}

impl Build for Alma {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let (centre, deviation) = (p.real(1) * (period - 1) as f64, period as f64 / p.real(2));
        let weight = |i: usize| (-0.5 * ((i as f64 - centre) / deviation).powi(2)).exp();
        let weights: Vec<f64> = (0..period).map(weight).collect();
        let total: f64 = weights.iter().sum();
        Self { closes: Window::new(period), weights: weights.iter().map(|w| w / total).collect() }
    }
}

impl Indicator for Alma {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.closes.push(bar.close);
        if !self.closes.is_full() {
            return;
        }
        // About the newest close, so that a flat window gives it to the last bit.
        let closes = self.closes.as_slice();
        let mut sums = [0.0; LANES];
        let (chunks, weights) = (closes.chunks_exact(LANES), self.weights.chunks_exact(LANES));
        let rest = chunks.remainder().iter().zip(weights.remainder());
        for (sum, (close, weight)) in sums.iter_mut().zip(rest) {
            *sum = weight * (close - bar.close);
        }
        for (chunk, weights) in chunks.zip(weights) {
            for k in 0..LANES {
                sums[k] += weights[k] * (chunk[k] - bar.close);
            }
        }
        lines[0] = bar.close + sums.iter().sum::<f64>();
    }
}
