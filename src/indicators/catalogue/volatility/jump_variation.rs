use std::f64::consts::{FRAC_PI_2, PI};

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{LogReturn, RollingSum, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "jump_variation",
    title: "Jump variation",
    family: Family::Volatility,
    formula: "over the last n = period returns r = ln(c / c[-1]): realized_variance RV = sum r^2; bipower_variance BV \
              = pi / 2 n / (n - 1) sum |r r[-1]|; quarticity QP = (pi / 2)^2 n^2 / (n - 3) sum |r r[-1] r[-2] r[-3]|; \
              jump_share = max(1 - BV / RV, 0); jump_z = (1 - BV / RV) / sqrt((pi^2 / 4 + pi - 5) / n max(1, QP / \
              BV^2)), about standard normal without jumps",
    source: "O. E. Barndorff-Nielsen and N. Shephard, Power and Bipower Variation with Stochastic Volatility and \
             Jumps, J. Financial Econometrics 2 (2004); Econometrics of Testing for Jumps, same journal 4 (2006)",
    params: &[Param::bars("period", "Returns considered", 60, 4)],
    lines: &[
        LineSpec::output("jump_share", "Share of jumps in the variance", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
        LineSpec::output("jump_z", "Ratio statistic of the test for jumps", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("realized_variance", "Sum of squared returns", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("bipower_variance", "Variance robust to jumps", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("quarticity", "Fourth-power variation robust to jumps", Unit::RATIO, |p| p.bars(0)),
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
    n: f64,
    /// Sizes of the last three returns, newest first.
    past: [f64; 3],
    squares: RollingSum,
    pairs: RollingSum,
    fours: RollingSum,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let n = p.bars(0);
        Self {
            returns: LogReturn::default(),
            n: n as f64,
            past: [f64::NAN; 3],
            squares: RollingSum::new(n),
            pairs: RollingSum::new(n - 1),
            fours: RollingSum::new(n - 3),
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let size = self.returns.next(bar.close).abs();
        if size.is_nan() {
            return;
        }
        let [one, two, three] = self.past;
        self.past = [size, one, two];
        let realized = self.squares.next(size * size);
        let n = self.n;
        let bipower = FRAC_PI_2 * n / (n - 1.0) * self.pairs.next(size * one);
        let quarticity = FRAC_PI_2 * FRAC_PI_2 * n * n / (n - 3.0) * self.fours.next(size * one * (two * three));
        if realized.is_nan() {
            return;
        }
        let jump = 1.0 - ratio(bipower, realized);
        // `max` takes 1 where both are 0 and their quotient is missing.
        let spread = (0.25 * PI * PI + PI - 5.0) / n * ratio(quarticity, bipower * bipower).max(1.0);
        put(lines, [jump.clamp(0.0, 1.0), jump / spread.sqrt(), realized, bipower, quarticity]);
    }
}
