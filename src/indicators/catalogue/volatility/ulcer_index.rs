use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Highest, RollingSum};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ulcer_index",
    title: "Ulcer index",
    family: Family::Volatility,
    formula: "drawdown = 100 (c - HH(c, period)) / HH(c, period); ui = sqrt(mean(drawdown^2)) over period bars",
    source: "P. G. Martin and B. B. McCann, The Investor's Guide to Fidelity Funds (1989)",
    params: &[Param::bars("period", "Bars of the high and of the mean", 14, 2)],
    lines: &[
        LineSpec::output("ui", "Root mean square of the drawdowns, percent", Unit::PERCENT, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("drawdown", "Distance below the high, percent", Unit::bounded(-100.0, 0.0), first_high),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first_high(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct State {
    highest: Highest,
    squares: RollingSum,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self { highest: Highest::new(p.bars(0)), squares: RollingSum::new(p.bars(0)) }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let high = self.highest.next(bar.close);
        let drawdown = 100.0 * ((bar.close - high) / high);
        put(lines, [self.squares.mean(drawdown * drawdown).sqrt(), drawdown]);
    }
}
