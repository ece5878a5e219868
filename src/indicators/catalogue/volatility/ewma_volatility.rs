use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{LogReturn, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ewma_volatility",
    title: "Exponentially weighted volatility",
    family: Family::Volatility,
    formula: "r = ln(c / c[-1]); v = mean(r^2) of the first seed returns, then decay v[-1] + (1 - decay) r^2; \
              volatility = sqrt(v); surprise = r / volatility[-1], the return in the deviations forecast for it",
    source: "J. P. Morgan and Reuters, RiskMetrics Technical Document, 4th edition (1996)",
    params: &[
        Param::real("decay", "Weight of the past", 0.94, 0.1, 0.9999),
        Param::bars("seed", "Returns in the starting mean", 20, 1),
    ],
    lines: &[
        LineSpec::output("volatility", "Weighted root mean square of the log returns", Unit::RATIO, |p| p.bars(1)),
        LineSpec::output("surprise", "Return over the volatility before it", Unit::RATIO, |p| p.bars(1) + 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    returns: LogReturn,
    gain: f64,
    seed: usize,
    count: usize,
    variance: f64,
    volatility: f64,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let gain = 1.0 - p.real(0);
        Self { returns: LogReturn::default(), gain, seed: p.bars(1), count: 0, variance: 0.0, volatility: f64::NAN }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        if change.is_nan() {
            return;
        }
        let gain = if self.count < self.seed {
            self.count += 1;
            1.0 / self.count as f64
        } else {
            self.gain
        };
        let surprise = ratio(change, self.volatility);
        self.variance += gain * (change * change - self.variance);
        if self.count == self.seed {
            self.volatility = self.variance.sqrt();
        }
        put(lines, [self.volatility, surprise]);
    }
}
