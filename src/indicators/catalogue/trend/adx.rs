use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Blend, Wilder, ratio, ratio_or_zero};
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
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Adx<false>>(),
};

/// 0 without range.
static ORIGINAL: Definition = Definition { compat: Compat::Absent, engine: Engine::of::<Adx<true>>(), ..DEFINITION };

#[derive(Serialize, Deserialize)]
struct Adx<const ORIGINAL: bool> {
    /// High, low and close of the bar before.
    before: [f64; 3],
    n: usize,
    count: usize,
    blend: Blend,
    plus: f64,
    minus: f64,
    range: f64,
    average: Wilder,
}

impl<const ORIGINAL: bool> Build for Adx<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self {
            before: [f64::NAN; 3],
            n: p.bars(0),
            count: 0,
            blend: Blend::new(1.0 / p.real(0)),
            plus: 0.0,
            minus: 0.0,
            range: 0.0,
            average: Wilder::new(p.bars(0)),
        }
    }
}

impl<const ORIGINAL: bool> Indicator for Adx<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [high, low, close] = std::mem::replace(&mut self.before, [bar.high, bar.low, bar.close]);
        if close.is_nan() {
            return;
        }
        let (rise, fall) = (bar.high - high, low - bar.low);
        let plus_dm = if rise > fall { rise.max(0.0) } else { 0.0 };
        let minus_dm = if fall > rise { fall.max(0.0) } else { 0.0 };
        let range = bar.high.max(close) - bar.low.min(close);
        // Wilder's three averages, which come together and so share their count.
        if self.count == self.n {
            self.plus = self.blend.step(self.plus, plus_dm);
            self.minus = self.blend.step(self.minus, minus_dm);
            self.range = self.blend.step(self.range, range);
        } else {
            self.count += 1;
            let count = self.count as f64;
            self.plus += (plus_dm - self.plus) / count;
            self.minus += (minus_dm - self.minus) / count;
            self.range += (range - self.range) / count;
            if self.count < self.n {
                [lines[4], lines[5]] = [plus_dm, minus_dm];
                return;
            }
        }
        let percent = if ORIGINAL { ratio_or_zero(100.0, self.range) } else { ratio(100.0, self.range) };
        // Rounding may lift a share above the whole; `min` would turn missing into 100.
        let share = |part: f64| if part * percent > 100.0 { 100.0 } else { part * percent };
        let (di_plus, di_minus) = (share(self.plus), share(self.minus));
        // Both share their denominator; bars that only move inside one another have range but no direction.
        let (net, total) = ((self.plus - self.minus).abs(), self.plus + self.minus);
        let dx = if total == 0.0 { 0.0 * percent } else { 100.0 * (net / total) };
        let adx = self.average.next(dx);
        let averages = [self.plus, self.minus, self.range];
        put(lines, [adx, di_plus, di_minus, dx, plus_dm, minus_dm, averages[0], averages[1], averages[2]]);
    }
}
