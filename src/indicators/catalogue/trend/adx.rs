use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Blend, Smooth, ratio, ratio_or_zero};
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
    gain: Blend,
    plus: f64,
    minus: f64,
    range: f64,
    average: Smooth,
}

impl<const ORIGINAL: bool> Build for Adx<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self {
            before: [f64::NAN; 3],
            n: p.bars(0),
            count: 0,
            gain: Blend::new(1.0 / p.real(0)),
            plus: 0.0,
            minus: 0.0,
            range: 0.0,
            average: Smooth::wilder(p.bars(0)),
        }
    }
}

impl<const ORIGINAL: bool> Indicator for Adx<ORIGINAL> {
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [high, low, close] = std::mem::replace(&mut self.before, [bar.high, bar.low, bar.close]);
        if close.is_nan() {
            return;
        }
        let (rise, fall) = (bar.high - high, low - bar.low);
        let plus_dm = if rise > fall { rise.max(0.0) } else { 0.0 };
        let minus_dm = if fall > rise { fall.max(0.0) } else { 0.0 };
        let range = bar.high.max(close) - bar.low.min(close);
        [lines[4], lines[5]] = [plus_dm, minus_dm];
        // Wilder's three averages, which come together and so share their count.
        if self.count == self.n {
            self.plus = self.gain.step(self.plus, plus_dm);
            self.minus = self.gain.step(self.minus, minus_dm);
            self.range = self.gain.step(self.range, range);
        } else {
            self.count += 1;
            let count = self.count as f64;
            self.plus += (plus_dm - self.plus) / count;
            self.minus += (minus_dm - self.minus) / count;
            self.range += (range - self.range) / count;
            if self.count < self.n {
                return;
            }
        }
        let over = if ORIGINAL { ratio_or_zero } else { ratio };
        // `clamp` only removes rounding and keeps NaN.
        let percent = |part: f64, whole: f64| (100.0 * over(part, whole)).clamp(0.0, 100.0);
        let (di_plus, di_minus) = (percent(self.plus, self.range), percent(self.minus, self.range));
        let total = di_plus + di_minus;
        // Bars that only move inside one another have range but no direction.
        let dx = if total == 0.0 { 0.0 } else { percent((di_plus - di_minus).abs(), total) };
        let adx = self.average.next(dx);
        [lines[0], lines[1], lines[2], lines[3]] = [adx, di_plus, di_minus, dx];
        [lines[6], lines[7], lines[8]] = [self.plus, self.minus, self.range];
    }
}
