use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2};

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, log_ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "high_low_spread",
    title: "High-low spread",
    family: Family::Volatility,
    formula: "this bar is first moved to touch the close before it where it lies beyond; beta = ln(h / l)^2 of this \
              bar and of the one before; gamma = ln(h / l)^2 of both together; D = 3 - 2 sqrt(2); alpha = (sqrt(2) - \
              1) sqrt(beta) / D - sqrt(gamma / D); spread_bar = 2 (e^alpha - 1) / (e^alpha + 1), sigma_bar = \
              (sqrt(gamma / D) - (1 - sqrt(1 / 2)) sqrt(beta) / D) / sqrt(8 / pi); spread, sigma = their means over \
              period bars, negative ones as 0",
    source: "S. A. Corwin and P. Schultz, A Simple Way to Estimate Bid-Ask Spreads from Daily High and Low Prices, J. \
             Finance 67 (2012)",
    params: &[Param::bars("period", "Estimates in the means", 20, 1)],
    lines: &[
        LineSpec::output("spread", "Bid-ask spread over price", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("sigma", "Volatility without the spread", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("spread_bar", "Spread of two bars alone", Unit::bounded(-2.0, 2.0), |_| 1),
        LineSpec::internal("sigma_bar", "Volatility of two bars alone", Unit::RATIO, |_| 1),
        LineSpec::internal("beta", "Squared log ranges of two bars, summed", Unit::RATIO, |_| 1),
        LineSpec::internal("gamma", "Squared log range of two bars together", Unit::RATIO, |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

/// 3 - 2 sqrt(2).
const D: f64 = 3.0 - 2.0 * SQRT_2;

#[derive(Serialize, Deserialize)]
struct State {
    /// High, low, close and squared log range of the bar before.
    previous: [f64; 4],
    spreads: RollingSum,
    sigmas: RollingSum,
    /// sqrt(8 / pi).
    k: f64,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let sum = || RollingSum::new(p.bars(0));
        Self { previous: [f64::NAN; 4], spreads: sum(), sigmas: sum(), k: (8.0 / PI).sqrt() }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let square = squared_log_range(bar.high, bar.low);
        let now = [bar.high, bar.low, bar.close, square];
        let [high, low, close, square_before] = std::mem::replace(&mut self.previous, now);
        if square_before.is_nan() {
            return;
        }
        // Up to the close before where that lies above, down where it lies below.
        let shift = (close - bar.high).max(0.0) - (bar.low - close).max(0.0);
        let (moved_high, moved_low) = (bar.high + shift, bar.low + shift);
        let square = if shift == 0.0 { square } else { squared_log_range(moved_high, moved_low) };
        let beta = square + square_before;
        let gamma = squared_log_range(moved_high.max(high), moved_low.min(low));
        let (root_beta, root_gamma) = (beta.sqrt() / D, (gamma / D).sqrt());
        let alpha = (SQRT_2 - 1.0) * root_beta - root_gamma;
        let spread = 2.0 * tanh(0.5 * alpha);
        let sigma = (root_gamma - (1.0 - FRAC_1_SQRT_2) * root_beta) / self.k;
        let (mean_spread, mean_sigma) = (self.spreads.mean(spread.max(0.0)), self.sigmas.mean(sigma.max(0.0)));
        put(lines, [mean_spread, mean_sigma, spread, sigma, beta, gamma]);
    }
}

fn squared_log_range(high: f64, low: f64) -> f64 {
    let range = log_ratio(high, low);
    range * range
}

/// Near 0 a convergent of Lambert's continued fraction, exact to rounding and cheaper than the exponentials.
fn tanh(x: f64) -> f64 {
    if x.abs() > 0.25 {
        return x.tanh();
    }
    let y = x * x;
    x * (10_395.0 + y * (1260.0 + y * 21.0)) / (10_395.0 + y * (4725.0 + y * (210.0 + y)))
}
