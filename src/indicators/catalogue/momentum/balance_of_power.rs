use serde::{Deserialize, Serialize};

use crate::indicators::blocks::Sma;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "balance_of_power",
    title: "Balance of power",
    family: Family::Momentum,
    formula: "bop = (c - o) / (h - l), 0 for a bar without range; smooth = SMA(bop, period)",
    source: "I. Livshin, Balance of Power, Technical Analysis of Stocks & Commodities (2001)",
    params: &[Param::bars("period", "Length of the average", 14, 1)],
    lines: &[
        LineSpec::output("smooth", "Average of bop", Unit::bounded(-1.0, 1.0), |p| p.bars(0) - 1),
        LineSpec::output("bop", "Body of the bar over its range", Unit::bounded(-1.0, 1.0), |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<BalanceOfPower>(),
};

#[derive(Serialize, Deserialize)]
struct BalanceOfPower {
    average: Sma,
}

impl Build for BalanceOfPower {
    fn build(p: Args<'_>) -> Self {
        Self { average: Sma::new(p.bars(0)) }
    }
}

impl Indicator for BalanceOfPower {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = bar.high - bar.low;
        let bop = if range > 0.0 { ((bar.close - bar.open) / range).clamp(-1.0, 1.0) } else { 0.0 };
        put(lines, [self.average.next(bop).clamp(-1.0, 1.0), bop]);
    }
}
