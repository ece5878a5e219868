use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Correlation, Lag, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const CORRELATION: Unit = Unit::bounded(-1.0, 1.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "price_volume_correlation",
    title: "Correlation of price and volume",
    family: Family::Volume,
    formula: "r = c / c[-1] - 1; level = corr(c, v); change = corr(r, v); size = corr(|r|, v), each Pearson's over period \
              bars; missing when one side does not vary",
    source: "Pearson's coefficient; the relation is surveyed in J. M. Karpoff, Journal of Financial and Quantitative \
             Analysis 22 (1987)",
    params: &[Param::bars("period", "Bars correlated", 40, 3)],
    lines: &[
        LineSpec::output("level", "Correlation of close and volume", CORRELATION, |p| p.bars(0) - 1),
        LineSpec::output("change", "Correlation of return and volume", CORRELATION, |p| p.bars(0)),
        LineSpec::output("size", "Correlation of size of return and volume", CORRELATION, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<PriceVolumeCorrelation>(),
};

#[derive(Serialize, Deserialize)]
struct PriceVolumeCorrelation {
    previous: Lag,
    level: Correlation,
    change: Correlation,
    size: Correlation,
}

impl Build for PriceVolumeCorrelation {
    fn build(p: Args<'_>) -> Self {
        let correlation = || Correlation::new(p.bars(0));
        Self { previous: Lag::new(1), level: correlation(), change: correlation(), size: correlation() }
    }
}

impl Indicator for PriceVolumeCorrelation {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let before = self.previous.next(bar.close);
        let r = ratio(bar.close - before, before);
        lines[0] = self.level.next(bar.close, bar.volume);
        lines[1] = self.change.next(r, bar.volume);
        lines[2] = self.size.next(r.abs(), bar.volume);
    }
}
