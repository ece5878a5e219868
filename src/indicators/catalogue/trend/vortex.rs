use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{RollingSum, TrueRange, ratio, ratio_or_zero};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "vortex",
    title: "Vortex indicator",
    family: Family::Trend,
    formula: "vm_plus = SUM(|h - l[-1]|, period); vm_minus = SUM(|l - h[-1]|, period); trs = SUM(tr, period); vi_plus, \
              vi_minus = vm_plus / trs, vm_minus / trs",
    source: "E. Botes and D. Siepman, The Vortex Indicator, TASC (January 2010)",
    params: &[Param::bars("period", "Bars of the sums", 14, 1)],
    lines: &[
        LineSpec::output("vi_plus", "Upward movement over true range", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("vi_minus", "Downward movement over true range", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("vm_plus", "From lows up to the next highs, summed", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("vm_minus", "From highs down to the next lows, summed", Unit::PRICE_DIFFERENCE, |p| {
            p.bars(0)
        }),
        LineSpec::internal("trs", "True ranges, summed", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Vortex<false>>(),
};

/// 0 without range.
static ORIGINAL: Definition = Definition { compat: Compat::Absent, engine: Engine::of::<Vortex<true>>(), ..DEFINITION };

#[derive(Serialize, Deserialize)]
struct Vortex<const ORIGINAL: bool> {
    /// High and low of the bar before.
    before: Option<(f64, f64)>,
    range: TrueRange,
    plus: RollingSum,
    minus: RollingSum,
    total: RollingSum,
}

impl<const ORIGINAL: bool> Build for Vortex<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let sum = || RollingSum::new(p.bars(0));
        Self { before: None, range: TrueRange::default(), plus: sum(), minus: sum(), total: sum() }
    }
}

impl<const ORIGINAL: bool> Indicator for Vortex<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar).range;
        let Some((high, low)) = self.before.replace((bar.high, bar.low)) else { return };
        let plus = self.plus.next((bar.high - low).abs());
        let minus = self.minus.next((bar.low - high).abs());
        let total = self.total.next(range);
        let over = if ORIGINAL { ratio_or_zero } else { ratio };
        put(lines, [over(plus, total), over(minus, total), plus, minus, total]);
    }
}
