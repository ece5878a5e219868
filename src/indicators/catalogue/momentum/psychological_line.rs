use serde::{Deserialize, Serialize};

use crate::indicators::blocks::RollingSum;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "psychological_line",
    title: "Psychological line",
    family: Family::Momentum,
    formula: "psy = 100 times the share of the last period closes that lie above the one before",
    source: "Traditional in Japan, as in Technical Analysis of Stocks & Commodities (2000)",
    params: &[Param::bars("period", "Closes counted", 12, 1)],
    lines: &[LineSpec::output("psy", "Share of rising closes, percent", Unit::PERCENT, |p| p.bars(0))],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Psychological>(),
};

#[derive(Serialize, Deserialize)]
struct Psychological {
    close: f64,
    rises: RollingSum,
    n: f64,
}

impl Build for Psychological {
    fn build(p: Args<'_>) -> Self {
        Self { close: f64::NAN, rises: RollingSum::new(p.bars(0)), n: p.real(0) }
    }
}

impl Indicator for Psychological {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if !self.close.is_nan() {
            lines[0] = 100.0 * self.rises.next(f64::from(bar.close > self.close)) / self.n;
        }
        self.close = bar.close;
    }
}
