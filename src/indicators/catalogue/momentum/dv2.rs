use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, Window, count_below, median_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const AVERAGE: Param = Param::bars("ma", "Length of the average", 2, 1);

pub(super) static DEFINITION: Definition = Definition {
    id: "dv2",
    title: "DV2",
    family: Family::Momentum,
    formula: "chl = c / ((h + l) / 2); dvu = SMA(chl, ma); dv2 = 100 times the share of the last period values of dvu \
              that are below the current one",
    source: "D. Varadi, CSS Analytics (2009)",
    params: &[Param::bars("period", "Values among which the current one is ranked", 252, 2), AVERAGE],
    lines: &[
        LineSpec::output("dv2", "Rank of dvu, percent", Unit::PERCENT, |p| p.bars(1) + p.bars(0) - 2),
        LineSpec::internal("chl", "Close over the middle of the bar", Unit::RATIO, |_| 0),
        LineSpec::internal("dvu", "Average of chl", Unit::RATIO, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Dv2>(),
};

/// Ranks among two values, so that only 0 and 50 occur.
static ORIGINAL: Definition = Definition {
    params: &[Param::bars("period", "Values among which the current one is ranked", 2, 2), AVERAGE],
    compat: Compat::Same,
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Dv2 {
    average: Sma,
    values: Window,
    n: f64,
}

impl Build for Dv2 {
    fn build(p: Args<'_>) -> Self {
        Self { average: Sma::new(p.bars(1)), values: Window::new(p.bars(0)), n: p.real(0) }
    }
}

impl Indicator for Dv2 {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let chl = bar.close / median_price(bar);
        let dvu = self.average.next(chl);
        lines[1..3].copy_from_slice(&[chl, dvu]);
        if dvu.is_nan() {
            return;
        }
        self.values.push(dvu);
        if self.values.is_full() {
            lines[0] = 100.0 * count_below(self.values.as_slice(), dvu) as f64 / self.n;
        }
    }
}
