use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Deviation, TrueRange, TwoMomentDeviation, Wilder, ratio, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "damiani_volatmeter",
    title: "Damiani volatmeter",
    family: Family::Volatility,
    formula: "aF, aS = Wilder ATR over atr_fast, atr_slow; sF, sS = population deviation of (h + l + c) / 3 over \
              std_fast, std_slow; v = aF / aS + lag (v[-1] - v[-3]), the lag term starting at 0; t = threshold - sF / \
              sS; active = v > t",
    source: "L. Damiani, Damiani_volatmeter, MetaTrader 4 (2006)",
    params: &[
        Param::bars("atr_fast", "Length of the fast average range", 13, 1),
        Param::bars("std_fast", "Length of the fast deviation", 20, 2),
        Param::bars("atr_slow", "Length of the slow average range", 40, 1),
        Param::bars("std_slow", "Length of the slow deviation", 100, 2),
        Param::real("threshold", "Level from which the deviations are taken", 1.4, 0.1, 10.0),
        // The feedback v[-1] - v[-3] is unstable from sqrt(1/2) on.
        Param::real("lag", "Suppression of lag", 0.5, 0.0, 0.7),
    ],
    lines: &[
        LineSpec::output("v", "Fast over slow range, lag suppressed", Unit::RATIO, first_v),
        LineSpec::output("t", "Level v must exceed for a market worth trading", Unit::RATIO, first_t),
        LineSpec::output("active", "1 when v exceeds t", Unit::FLAG, |p| first_v(p).max(first_t(p))),
        LineSpec::internal("aF", "Fast average range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("aS", "Slow average range", Unit::PRICE_DIFFERENCE, |p| p.bars(2)),
        LineSpec::internal("sF", "Fast deviation", Unit::PRICE_DIFFERENCE, |p| p.bars(1) - 1),
        LineSpec::internal("sS", "Slow deviation", Unit::PRICE_DIFFERENCE, |p| p.bars(3) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Damiani>(),
};

fn first_v(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(2))
}

fn first_t(p: Args<'_>) -> usize {
    p.bars(1).max(p.bars(3)) - 1
}

#[derive(Serialize, Deserialize)]
struct Damiani {
    range: TrueRange,
    range_fast: Wilder,
    range_slow: Wilder,
    deviation_fast: Deviation,
    deviation_slow: Deviation,
    threshold: f64,
    lag: f64,
    /// The last three values of v, newest first.
    past: [f64; 3],
}

impl Build for Damiani {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            range_fast: Wilder::new(p.bars(0)),
            range_slow: Wilder::new(p.bars(2)),
            deviation_fast: Deviation::new(p.bars(1)),
            deviation_slow: Deviation::new(p.bars(3)),
            threshold: p.real(4),
            lag: p.real(5),
            past: [f64::NAN; 3],
        }
    }
}

impl Indicator for Damiani {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar).range;
        let price = typical_price(bar);
        let (range_fast, range_slow) = (self.range_fast.next(range), self.range_slow.next(range));
        let (fast, slow) = (self.deviation_fast.next(price), self.deviation_slow.next(price));
        let v = self.volatility(ratio(range_fast, range_slow));
        let t = self.threshold - ratio(fast, slow);
        let active = if v.is_nan() || t.is_nan() { f64::NAN } else { f64::from(v > t) };
        put(lines, [v, t, active, range_fast, range_slow, fast, slow]);
    }
}

impl Damiani {
    fn volatility(&mut self, raw: f64) -> f64 {
        if raw.is_nan() {
            return f64::NAN;
        }
        let [one, two, three] = self.past;
        let v = if three.is_nan() { raw } else { raw + self.lag * (one - three) };
        self.past = [v, one, two];
        v
    }
}

/// The original takes deviations of the close instead of the typical price, in a form that cancels digits, holds v at
/// 0.005 until everything is known and lets the lag term start from there.
static ORIGINAL: Definition = Definition {
    formula: "aF, aS = Wilder ATR over atr_fast, atr_slow; sF, sS = two-moment deviation of c over std_fast, std_slow; \
              v = 0.005 until all four are known, then aF / aS + lag (v[-1] - v[-3]); t = threshold - sF / sS; active \
              = v > t",
    source: "The Python original",
    lines: &[
        LineSpec::output("v", "Fast over slow range, lag suppressed", Unit::RATIO, |_| 0),
        LineSpec::output("t", "Level v must exceed for a market worth trading", Unit::RATIO, first_all),
        LineSpec::output("active", "1 when v exceeds t", Unit::FLAG, first_all),
        LineSpec::internal("aF", "Fast average range", Unit::PRICE_DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("aS", "Slow average range", Unit::PRICE_DIFFERENCE, |p| p.bars(2)),
        LineSpec::internal("sF", "Fast deviation", Unit::PRICE_DIFFERENCE, |p| p.bars(1) - 1),
        LineSpec::internal("sS", "Slow deviation", Unit::PRICE_DIFFERENCE, |p| p.bars(3) - 1),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<OriginalDamiani>(),
    ..DEFINITION
};

fn first_all(p: Args<'_>) -> usize {
    first_v(p).max(first_t(p))
}

/// v before it is known.
const PLACEHOLDER: f64 = 0.005;

#[derive(Serialize, Deserialize)]
struct OriginalDamiani {
    range: TrueRange,
    range_fast: Wilder,
    range_slow: Wilder,
    deviation_fast: TwoMomentDeviation,
    deviation_slow: TwoMomentDeviation,
    threshold: f64,
    lag: f64,
    /// The last three values of v, newest first.
    past: [f64; 3],
}

impl Build for OriginalDamiani {
    fn build(p: Args<'_>) -> Self {
        Self {
            range: TrueRange::default(),
            range_fast: Wilder::new(p.bars(0)),
            range_slow: Wilder::new(p.bars(2)),
            deviation_fast: TwoMomentDeviation::new(p.bars(1)),
            deviation_slow: TwoMomentDeviation::new(p.bars(3)),
            threshold: p.real(4),
            lag: p.real(5),
            past: [PLACEHOLDER; 3],
        }
    }
}

impl Indicator for OriginalDamiani {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let range = self.range.next(bar).range;
        let (range_fast, range_slow) = (self.range_fast.next(range), self.range_slow.next(range));
        let (fast, slow) = (self.deviation_fast.next(bar.close), self.deviation_slow.next(bar.close));
        lines[3..].copy_from_slice(&[range_fast, range_slow, fast, slow]);
        let [one, two, three] = self.past;
        if (range_fast + range_slow + fast + slow).is_nan() {
            lines[0] = PLACEHOLDER;
            return;
        }
        // The original stops with an error where a slow figure is zero; here the values are missing.
        let v = ratio(range_fast, range_slow) + self.lag * (one - three);
        let t = self.threshold - ratio(fast, slow);
        if v.is_finite() {
            self.past = [v, one, two];
        }
        if !(v.is_nan() || t.is_nan()) {
            lines[..3].copy_from_slice(&[v, t, f64::from(v > t)]);
        }
    }
}
