use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{LogReturn, RollingSum, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "downside_deviation",
    title: "Downside deviation",
    family: Family::Volatility,
    formula: "r = ln(c / c[-1]); downside = sqrt(mean(min(r, 0)^2)); upside = sqrt(mean(max(r, 0)^2)) over period \
              returns; downside_share = downside^2 / (downside^2 + upside^2)",
    source: "F. A. Sortino and R. van der Meer, Downside Risk, J. Portfolio Management 17 (1991); the share after O. \
             E. Barndorff-Nielsen, S. Kinnebrock and N. Shephard, Measuring Downside Risk: Realised Semivariance \
             (2010)",
    params: &[Param::bars("period", "Returns in the means", 40, 1)],
    lines: &[
        LineSpec::output("downside", "Root mean square of the falls", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("upside", "Root mean square of the rises", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("downside_share", "Falls' share of the variance", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
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
    falls: RollingSum,
    rises: RollingSum,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { returns: LogReturn::default(), falls: RollingSum::new(p.bars(0)), rises: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        if change.is_nan() {
            return;
        }
        let (fall, rise) = (change.min(0.0), change.max(0.0));
        let (down, up) = (self.falls.mean(fall * fall), self.rises.mean(rise * rise));
        put(lines, [down.sqrt(), up.sqrt(), ratio(down, down + up)]);
    }
}
