use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, LogReturn, RollingSum, Sma, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "volatility_of_volatility",
    title: "Volatility of volatility",
    family: Family::Volatility,
    formula: "volatility = root mean square of ln(c / c[-1]) over period returns; vov = population deviation of its \
              last window values; relative = vov / their mean",
    source: "S. Corsi, S. Mittnik, C. Pigorsch and U. Pigorsch, The Volatility of Realized Volatility, Econometric \
             Reviews 27 (2008), in rolling form",
    params: &[
        Param::bars("period", "Returns in a volatility", 10, 1),
        Param::bars("window", "Volatilities in the deviation", 60, 2),
    ],
    lines: &[
        LineSpec::output("vov", "Deviation of the volatility", Unit::RATIO, first_deviation),
        LineSpec::output("relative", "Deviation of the volatility over its mean", Unit::RATIO, first_deviation),
        LineSpec::internal("mean", "Mean volatility", Unit::RATIO, first_deviation),
        LineSpec::internal("volatility", "Root mean square of the log returns", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first_deviation(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct State {
    returns: LogReturn,
    squares: RollingSum,
    deviation: Deviation,
    mean: Sma,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self {
            returns: LogReturn::default(),
            squares: RollingSum::new(p.bars(0)),
            deviation: Deviation::new(p.bars(1)),
            mean: Sma::new(p.bars(1)),
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = self.returns.next(bar.close);
        let volatility = self.squares.mean(change * change).sqrt();
        let (vov, mean) = (self.deviation.next(volatility), self.mean.next(volatility));
        put(lines, [vov, ratio(vov, mean), mean, volatility]);
    }
}
