use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, median_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "accelerator_oscillator",
    title: "Accelerator oscillator",
    family: Family::Momentum,
    formula: "ao = SMA((h + l) / 2, fast) - SMA((h + l) / 2, slow); ao_average = SMA(ao, signal); ac = ao - ao_average",
    source: "B. Williams, New Trading Dimensions (1998)",
    params: &[
        Param::bars("fast", "Length of the fast average", 5, 1),
        Param::bars("slow", "Length of the slow average", 34, 1),
        Param::bars("signal", "Length of the average of ao", 5, 1),
    ],
    lines: &[
        LineSpec::output("ac", "Awesome oscillator minus its average", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("ao_average", "Average of the awesome oscillator", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Accelerator>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1)) + p.bars(2) - 2
}

#[derive(Serialize, Deserialize)]
struct Accelerator {
    fast: Sma,
    slow: Sma,
    average: Sma,
}

impl Build for Accelerator {
    fn build(p: Args<'_>) -> Self {
        Self { fast: Sma::new(p.bars(0)), slow: Sma::new(p.bars(1)), average: Sma::new(p.bars(2)) }
    }
}

impl Indicator for Accelerator {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = median_price(bar);
        let ao = self.fast.next(price) - self.slow.next(price);
        let average = self.average.next(ao);
        put(lines, [ao - average, average]);
    }
}
