use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, TrueRange, Wilder, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "adx",
    title: "Average directional index",
    family: Family::Trend,
    formula: "rise = h - h[-1]; fall = l[-1] - l; plus_dm = rise if rise > fall and rise > 0 else 0, minus_dm mirrored; \
              DIplus = 100 W(plus_dm) / atr, DIminus alike; dx = 100 |DIplus - DIminus| / (DIplus + DIminus); \
              adx = W(dx), W Wilder's average",
    source: "J. W. Wilder, New Concepts in Technical Trading Systems (1978)",
    params: &[Param::bars("period", "Length of Wilder's averages", 14, 1)],
    lines: &[
        LineSpec::output("adx", "Strength of the trend, percent", Unit::PERCENT, |p| 2 * p.bars(0) - 1),
        LineSpec::internal("DIplus", "Upward movement in percent of range", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::internal("DIminus", "Downward movement in percent of range", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::internal("dx", "Directional index before averaging, percent", Unit::PERCENT, |p| p.bars(0)),
        LineSpec::internal("plus_dm", "Upward directional movement", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("minus_dm", "Downward directional movement", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("plus_dm_avg", "Average upward movement", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("minus_dm_avg", "Average downward movement", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("atr", "Average true range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Adx>(),
};

#[derive(Serialize, Deserialize)]
struct Adx {
    high: Lag,
    low: Lag,
    range: TrueRange,
    plus: Wilder,
    minus: Wilder,
    atr: Wilder,
    average: Wilder,
}

impl Build for Adx {
    fn build(p: Args<'_>) -> Self {
        let wilder = || Wilder::new(p.bars(0));
        Self {
            high: Lag::new(1),
            low: Lag::new(1),
            range: TrueRange::default(),
            plus: wilder(),
            minus: wilder(),
            atr: wilder(),
            average: wilder(),
        }
    }
}

impl Indicator for Adx {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let rise = bar.high - self.high.next(bar.high);
        let fall = self.low.next(bar.low) - bar.low;
        let range = self.range.next(bar).range;
        if range.is_nan() {
            return;
        }
        let plus_dm = if rise > fall && rise > 0.0 { rise } else { 0.0 };
        let minus_dm = if fall > rise && fall > 0.0 { fall } else { 0.0 };
        let (plus, minus, atr) = (self.plus.next(plus_dm), self.minus.next(minus_dm), self.atr.next(range));
        let di_plus = percent(plus, atr);
        let di_minus = percent(minus, atr);
        // Bars that only move inside one another have range but no direction.
        let total = di_plus + di_minus;
        let dx = if total == 0.0 { 0.0 } else { percent((di_plus - di_minus).abs(), total) };
        let adx = self.average.next(dx);
        put(lines, [adx, di_plus, di_minus, dx, plus_dm, minus_dm, plus, minus, atr]);
    }
}

/// 100 part / whole; `clamp` only removes rounding and keeps NaN.
fn percent(part: f64, whole: f64) -> f64 {
    (100.0 * ratio(part, whole)).clamp(0.0, 100.0)
}
