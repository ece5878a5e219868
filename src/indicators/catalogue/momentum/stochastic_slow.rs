use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{HighLow, Sma, ratio, ratio_or_zero};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "stochastic_slow",
    title: "Slow stochastic",
    family: Family::Momentum,
    formula: "k = 100 (c - LL(l, period)) / (HH(h, period) - LL(l, period)); percK = SMA(k, dfast); percD = SMA(percK, \
              dslow)",
    source: "G. C. Lane, Lane's Stochastics, Technical Analysis of Stocks & Commodities (1984)",
    params: &[
        Param::bars("period", "Bars of the range", 14, 1),
        Param::bars("dfast", "Length of the average of k", 3, 1),
        Param::bars("dslow", "Length of the average of percK", 3, 1),
    ],
    lines: LINES.split_at(LINES.len() - 1).0,
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Stochastic<false>>(),
};

/// 0 where there is no range; d is percK again.
static ORIGINAL: Definition = Definition {
    formula: "As the published form; k = 0 where there is no range; d = percK",
    lines: &LINES,
    compat: Compat::Same,
    engine: Engine::of::<Stochastic<true>>(),
    ..DEFINITION
};

static LINES: [LineSpec; 6] = [
    LineSpec::output("percK", "Place of the close in the range, averaged, percent", Unit::PERCENT, first_slow),
    LineSpec::output("percD", "Average of percK", Unit::PERCENT, |p| first_slow(p) + p.bars(2) - 1),
    LineSpec::internal("k", "Place of the close in the range, percent", Unit::PERCENT, |p| p.bars(0) - 1),
    LineSpec::internal("highest", "Highest high", Unit::PRICE, |p| p.bars(0) - 1),
    LineSpec::internal("lowest", "Lowest low", Unit::PRICE, |p| p.bars(0) - 1),
    LineSpec::internal("d", "percK again", Unit::PERCENT, first_slow),
];

fn first_slow(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 2
}

#[derive(Serialize, Deserialize)]
struct Stochastic<const ORIGINAL: bool> {
    range: HighLow,
    fast: Sma,
    slow: Sma,
}

impl<const ORIGINAL: bool> Build for Stochastic<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { range: HighLow::new(p.bars(0)), fast: Sma::new(p.bars(1)), slow: Sma::new(p.bars(2)) }
    }
}

impl<const ORIGINAL: bool> Indicator for Stochastic<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (highest, lowest) = self.range.next(bar.high, bar.low);
        let (part, whole) = (bar.close - lowest, highest - lowest);
        let k = 100.0 * if ORIGINAL { ratio_or_zero(part, whole) } else { ratio(part, whole) };
        let perc_k = self.fast.next(k).clamp(0.0, 100.0);
        let perc_d = self.slow.next(perc_k).clamp(0.0, 100.0);
        put(lines, [perc_k, perc_d, k, highest, lowest]);
        if ORIGINAL {
            lines[5] = perc_k;
        }
    }
}
