use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Window, count_below};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "percent_rank",
    title: "Percent rank",
    family: Family::Regime,
    formula: "rank = 100 times the share of the period closes before this one that are below it",
    source: "L. Connors and C. Alvarez, An Introduction to ConnorsRSI (2012), on the close instead of its change",
    params: &[Param::bars("period", "Closes compared with", 100, 2)],
    lines: &[LineSpec::output("rank", "Closes below this one, percent", Unit::PERCENT, |p| p.bars(0))],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<PercentRank>(),
};

#[derive(Serialize, Deserialize)]
struct PercentRank {
    closes: Window,
}

impl Build for PercentRank {
    fn build(p: Args<'_>) -> Self {
        Self { closes: Window::new(p.bars(0)) }
    }
}

impl Indicator for PercentRank {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if self.closes.is_full() {
            let below = count_below(self.closes.as_slice(), bar.close);
            lines[0] = 100.0 * below as f64 / self.closes.len() as f64;
        }
        self.closes.push(bar.close);
    }
}
