use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, RollingSum, log_ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

use super::rogers_satchell_volatility::rogers_satchell;

pub(super) static DEFINITION: Definition = Definition {
    id: "yang_zhang_volatility",
    title: "Yang-Zhang volatility",
    family: Family::Volatility,
    formula: "overnight, open_close = sample deviation of ln(o / c[-1]), ln(c / o); inside = root of the mean \
              Rogers-Satchell variance; volatility = sqrt(overnight^2 + k open_close^2 + (1 - k) inside^2), k = 0.34 / \
              (1.34 + (period + 1) / (period - 1)); all over period bars, per bar",
    source: "D. Yang and Q. Zhang, Drift-Independent Volatility Estimation Based on High, Low, Open, and Close Prices, \
             J. Business 73 (2000)",
    params: &[Param::bars("period", "Bars in the deviations and the mean", 14, 2)],
    lines: &[
        LineSpec::output("volatility", "Volatility, drift and opening jumps considered", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("overnight", "Deviation of the opening jumps", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("open_close", "Deviation of open to close", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

#[derive(Serialize, Deserialize)]
struct State {
    // 0 before the first bar, which makes its opening jump missing.
    previous_close: f64,
    overnight: Deviation,
    open_close: Deviation,
    inside: RollingSum,
    k: f64,
    /// Root of n / (n - 1).
    of_sample: f64,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let n = p.real(0);
        Self {
            previous_close: 0.0,
            overnight: Deviation::new(p.bars(0)),
            open_close: Deviation::new(p.bars(0)),
            inside: RollingSum::new(p.bars(0)),
            k: 0.34 / (1.34 + (n + 1.0) / (n - 1.0)),
            of_sample: (n / (n - 1.0)).sqrt(),
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let jump = log_ratio(bar.open, std::mem::replace(&mut self.previous_close, bar.close));
        if jump.is_nan() {
            return;
        }
        let overnight = self.of_sample * self.overnight.next(jump);
        let open_close = self.of_sample * self.open_close.next(log_ratio(bar.close, bar.open));
        let inside = self.inside.mean(rogers_satchell(bar));
        let of_day = self.k * open_close * open_close + (1.0 - self.k) * inside;
        let volatility = (overnight * overnight + of_day).sqrt();
        put(lines, [volatility, overnight, open_close]);
    }
}
