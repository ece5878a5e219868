use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, Window};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "efficiency_ratio",
    title: "Efficiency ratio",
    family: Family::Regime,
    formula: "path = sum(|c - c[-1]|, period); directed = (c - c[-period]) / path; er = |directed|; 0 when nothing \
              moved",
    source: "P. J. Kaufman, Smarter Trading (1995)",
    params: &[Param::bars("period", "Changes in the window", 10, 1)],
    lines: &[
        LineSpec::output("er", "1 straight, 0 going nowhere", Unit::bounded(0.0, 1.0), |p| p.bars(0)),
        LineSpec::output("directed", "er with the sign of the change", Unit::bounded(-1.0, 1.0), |p| p.bars(0)),
        LineSpec::internal("path", "Way the close went", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Efficiency>(),
};

#[derive(Serialize, Deserialize)]
struct Efficiency {
    closes: Window,
    path: RollingSum,
}

impl Build for Efficiency {
    fn build(p: Args<'_>) -> Self {
        Self { closes: Window::new(p.bars(0) + 1), path: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for Efficiency {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.closes.push(bar.close);
        let &[.., before, close] = self.closes.as_slice() else {
            return;
        };
        let path = self.path.next((close - before).abs());
        if self.closes.is_full() {
            let change = close - self.closes.as_slice()[0];
            let directed = if change == 0.0 { 0.0 } else { (change / path).clamp(-1.0, 1.0) };
            put(lines, [directed.abs(), directed, path.max(0.0)]);
        }
    }
}
