use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "awesome_osc",
    title: "Awesome oscillator",
    family: Family::Momentum,
    formula: "p = (h + l) / 2; ao = SMA(p, fast) - SMA(p, slow)",
    source: "B. Williams, New Trading Dimensions (1998)",
    params: &[
        Param::bars("fast", "Length of the fast average", 5, 1),
        Param::bars("slow", "Length of the slow average", 34, 1),
    ],
    lines: &[
        LineSpec::output("ao", "Fast minus slow average", Unit::PRICE_DIFFERENCE, |p| p.bars(0).max(p.bars(1)) - 1),
        LineSpec::internal("fast_sma", "Fast average of the middle price", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("slow_sma", "Slow average of the middle price", Unit::PRICE, |p| p.bars(1) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Same,
    engine: Engine::of::<Awesome>(),
};

#[derive(Serialize, Deserialize)]
struct Awesome {
    fast: Sma,
    slow: Sma,
}

impl Build for Awesome {
    fn build(p: Args<'_>) -> Self {
        Self { fast: Sma::new(p.bars(0)), slow: Sma::new(p.bars(1)) }
    }
}

impl Indicator for Awesome {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = median_price(bar);
        let (fast, slow) = (self.fast.next(price), self.slow.next(price));
        put(lines, [fast - slow, fast, slow]);
    }
}
