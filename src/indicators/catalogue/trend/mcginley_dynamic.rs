use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Sma;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "mcginley_dynamic",
    title: "McGinley dynamic",
    family: Family::Trend,
    formula: "gain = 1 / (0.6 period (c / md[-1])^4), at most 1; md = md[-1] + gain (c - md[-1]), starting from the mean of \
              period closes",
    source: "J. R. McGinley, McGinley Dynamic (1990)",
    params: &[Param::bars("period", "Length of the average it stands for", 14, 2)],
    lines: &[
        LineSpec::output("md", "Average that falls faster than it rises", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("gain", "Gain in use", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<McGinley>(),
};

#[derive(Serialize, Deserialize)]
struct McGinley {
    mean: Sma,
    length: f64,
    value: f64,
}

impl Build for McGinley {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), length: 0.6 * p.real(0), value: f64::NAN }
    }
}

impl Indicator for McGinley {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if self.value.is_nan() {
            self.value = self.mean.next(bar.close);
            lines[0] = self.value;
            return;
        }
        let square = (bar.close / self.value) * (bar.close / self.value);
        // f64::min takes the 1 where a price of 0 makes the quotient undefined.
        let gain = (1.0 / (self.length * square * square)).min(1.0);
        self.value += gain * (bar.close - self.value);
        put(lines, [self.value, gain]);
    }
}
