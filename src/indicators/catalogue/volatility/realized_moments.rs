use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{CompensatedSum, LogReturn, Window};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "realized_moments",
    title: "Realized skewness and kurtosis",
    family: Family::Volatility,
    formula: "over the last n = period returns r = ln(c / c[-1]), Sk = sum r^k: skewness = sqrt(n) S3 / S2^1.5; \
              kurtosis = n S4 / S2^2; signed_variance = (sum of r^2 of rises - of falls) / S2",
    source: "D. Amaya, P. Christoffersen, K. Jacobs and A. Vasquez, Does Realized Skewness Predict the Cross-Section \
             of Equity Returns?, J. Financial Economics 118 (2015); A. J. Patton and K. Sheppard, Good Volatility, Bad \
             Volatility, Review of Economics and Statistics 97 (2015)",
    params: &[Param::bars("period", "Returns considered", 80, 2)],
    lines: &[
        LineSpec::output("skewness", "Asymmetry of the returns", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("kurtosis", "Weight of extreme returns, 3 for normal ones", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("signed_variance", "Rises minus falls in the variance", Unit::bounded(-1.0, 1.0), |p| {
            p.bars(0)
        }),
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
    window: Window,
    n: f64,
    /// Sums of r^2, r^3, r^4 and r |r|.
    sums: [CompensatedSum; 4],
    zeros: usize,
    /// Returns since the sums were added up.
    age: usize,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let window = Window::new(p.bars(0));
        Self { returns: LogReturn::default(), window, n: p.real(0), sums: Default::default(), zeros: 0, age: 0 }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        if change.is_nan() {
            return;
        }
        self.zeros = if change == 0.0 { self.zeros + 1 } else { 0 };
        self.add(change, 1.0);
        if let Some(leaving) = self.window.push(change) {
            self.add(leaving, -1.0);
        }
        // Added up anew now and then, so that no rounding long outlives the returns it came from.
        self.age += 1;
        if self.age >= self.window.len() && self.window.is_full() {
            self.age = 0;
            self.sums = Default::default();
            for i in 0..self.window.len() {
                self.add(self.window.as_slice()[i], 1.0);
            }
        }
        // What removed returns leave behind by rounding is no variance.
        if !self.window.is_full() || self.zeros >= self.window.len() {
            return;
        }
        let [two, three, four, signed] = self.sums.map(|sum| sum.value());
        if two > 0.0 {
            let skewness = self.n.sqrt() * three / (two * two.sqrt());
            let kurtosis = self.n * four / (two * two);
            put(lines, [skewness, kurtosis, (signed / two).clamp(-1.0, 1.0)]);
        }
    }
}

impl State {
    fn add(&mut self, change: f64, sign: f64) {
        let square = change * change;
        let powers = [square, square * change, square * square, change * change.abs()];
        for (sum, power) in self.sums.iter_mut().zip(powers) {
            sum.add(sign * power);
        }
    }
}
