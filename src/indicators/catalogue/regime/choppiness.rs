use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{HighLow, RollingSum, TrueRange, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "choppiness",
    title: "Choppiness index",
    family: Family::Regime,
    formula: "path = sum(true range, period); range = HH(h, period) - LL(l, period); chop = 100 ln(path / range) / ln \
              period; missing on a flat range",
    source: "E. W. Dreiss, Choppiness index (1993)",
    params: &[Param::bars("period", "Bars in the window", 14, 2)],
    lines: &[
        // A gap at the window's start can lift it above 100.
        LineSpec::output("chop", "About 0 straight, 100 going nowhere", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("path", "Sum of the true ranges", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("range", "Highest high less lowest low", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Choppiness>(),
};

#[derive(Serialize, Deserialize)]
struct Choppiness {
    range: TrueRange,
    path: RollingSum,
    extremes: HighLow,
    /// 100 / ln period.
    gain: f64,
}

impl Build for Choppiness {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            path: RollingSum::new(p.bars(0)),
            extremes: HighLow::new(p.bars(0)),
            gain: 100.0 / p.real(0).ln(),
        }
    }
}

impl Indicator for Choppiness {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let path = self.path.next(self.range.next(bar).range);
        let (highest, lowest) = self.extremes.next(bar.high, bar.low);
        let range = highest - lowest;
        // The path is no shorter than the range; anything less is rounding.
        let chop = self.gain * ratio(path, range).ln();
        put(lines, [if chop < 0.0 { 0.0 } else { chop }, path, range]);
    }
}
