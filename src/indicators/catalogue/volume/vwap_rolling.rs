use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{WeightedDeviation, ratio, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "vwap_rolling",
    title: "Rolling volume-weighted average price",
    family: Family::Volume,
    formula: "p = (h + l + c) / 3; vwap and std = mean and deviation of p over period bars weighted by v; top and bot = vwap \
              +- deviations std; z = (c - vwap) / std; missing while nothing is traded",
    source: "S. A. Berkowitz, D. E. Logue and E. A. Noser, The Total Cost of Transactions on the NYSE, Journal of Finance \
             43 (1988), over a rolling window",
    params: &[
        Param::bars("period", "Bars averaged", 70, 2),
        Param::real("deviations", "Deviations from the mean to a band", 2.0, 0.1, 20.0),
    ],
    lines: &[
        LineSpec::output("vwap", "Volume-weighted average price", Unit::PRICE, first),
        LineSpec::output("top", "Upper band", Unit::PRICE, first),
        LineSpec::output("bot", "Lower band", Unit::PRICE, first),
        LineSpec::output("z", "Deviations of the close from the average", Unit::RATIO, first),
        LineSpec::internal("std", "Volume-weighted deviation", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<RollingVwap>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct RollingVwap {
    moments: WeightedDeviation,
    deviations: f64,
}

impl Build for RollingVwap {
    fn build(p: Args<'_>) -> Self {
        Self { moments: WeightedDeviation::new(p.bars(0)), deviations: p.real(1) }
    }
}

impl Indicator for RollingVwap {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (vwap, std) = self.moments.next(typical_price(bar), bar.volume);
        let half = self.deviations * std;
        put(lines, [vwap, vwap + half, vwap - half, ratio(bar.close - vwap, std), std]);
    }
}
