use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, TrueRange, ratio, ratio_or_zero};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const SHARE: Unit = Unit::bounded(0.0, 1.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "ultimate_osc",
    title: "Ultimate oscillator",
    family: Family::Momentum,
    formula: "bp = c - min(l, c[-1]); tr = max(h, c[-1]) - min(l, c[-1]); av1, av2, av3 = SUM(bp, n) / SUM(tr, n) for \
              n = short, middle, long; uo = 100 (4 av1 + 2 av2 + av3) / 7",
    source: "L. Williams, The Ultimate Oscillator, Technical Analysis of Stocks & Commodities (1985)",
    params: &[
        Param::bars("short", "Bars of the first sums", 7, 1),
        Param::bars("middle", "Bars of the second sums", 14, 1),
        Param::bars("long", "Bars of the third sums", 28, 1),
    ],
    lines: &[
        LineSpec::output("uo", "Weighted mean of three buying shares, percent", Unit::PERCENT, |p| {
            p.bars(0).max(p.bars(1)).max(p.bars(2))
        }),
        LineSpec::internal("bp", "Buying pressure: close above the true low", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("av1", "Buying share of the range, short", SHARE, |p| p.bars(0)),
        LineSpec::internal("av2", "Buying share of the range, middle", SHARE, |p| p.bars(1)),
        LineSpec::internal("av3", "Buying share of the range, long", SHARE, |p| p.bars(2)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Ultimate<false>>(),
};

/// A share of no range is 0.
static ORIGINAL: Definition = Definition {
    formula: "As the published form; a share is 0 where the range is 0",
    compat: Compat::Same,
    engine: Engine::of::<Ultimate<true>>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Ultimate<const ORIGINAL: bool> {
    range: TrueRange,
    pressures: [RollingSum; 3],
    ranges: [RollingSum; 3],
}

impl<const ORIGINAL: bool> Build for Ultimate<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let sums = || std::array::from_fn(|i| RollingSum::new(p.bars(i)));
        Self { range: TrueRange::default(), pressures: sums(), ranges: sums() }
    }
}

impl<const ORIGINAL: bool> Indicator for Ultimate<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar);
        let pressure = bar.close - range.low;
        let mut shares = [0.0; 3];
        for ((share, pressures), ranges) in shares.iter_mut().zip(&mut self.pressures).zip(&mut self.ranges) {
            let (part, whole) = (pressures.next(pressure), ranges.next(range.range));
            *share = if ORIGINAL { ratio_or_zero(part, whole) } else { ratio(part, whole) };
            *share = share.clamp(0.0, 1.0);
        }
        let [av1, av2, av3] = shares;
        let uo = (100.0 / 7.0 * (4.0 * av1 + 2.0 * av2 + av3)).clamp(0.0, 100.0);
        put(lines, [uo, pressure, av1, av2, av3]);
    }
}
