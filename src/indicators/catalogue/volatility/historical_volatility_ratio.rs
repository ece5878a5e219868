use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, LogReturn, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "historical_volatility_ratio",
    title: "Historical volatility ratio",
    family: Family::Volatility,
    formula: "hv_short, hv_long = sample deviation of ln(c / c[-1]) over short, long returns, per bar; ratio = \
              hv_short / hv_long",
    source: "L. A. Connors and L. B. Raschke, Street Smarts (1995), where 6 over 100 days below 0.5 is calm before \
             movement",
    params: &[
        Param::bars("short", "Returns in the short deviation", 6, 2),
        Param::bars("long", "Returns in the long deviation", 100, 2),
    ],
    lines: &[
        LineSpec::output("ratio", "Short over long volatility", Unit::RATIO, |p| p.bars(0).max(p.bars(1))),
        LineSpec::internal("hv_short", "Short volatility", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("hv_long", "Long volatility", Unit::RATIO, |p| p.bars(1)),
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
    short: Deviation,
    long: Deviation,
    /// Roots of n / (n - 1).
    of_sample: [f64; 2],
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        let of_sample = [p.real(0), p.real(1)].map(|n| (n / (n - 1.0)).sqrt());
        Self {
            returns: LogReturn::default(),
            short: Deviation::new(p.bars(0)),
            long: Deviation::new(p.bars(1)),
            of_sample,
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        let short = self.of_sample[0] * self.short.next(change);
        let long = self.of_sample[1] * self.long.next(change);
        put(lines, [ratio(short, long), short, long]);
    }
}
