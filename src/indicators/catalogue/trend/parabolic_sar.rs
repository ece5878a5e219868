use serde::{Deserialize, Serialize};

use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "parabolic_sar",
    title: "Parabolic stop and reverse",
    family: Family::Trend,
    formula: "up: psar[+1] = psar + af (ep - psar) but at most the lows of this bar and the one before; ep = highest h of the \
              trend; af grows by step on every new ep up to max; a low at or below psar turns the trend down: psar = the old \
              ep but at least the highs of this bar and the one before, ep = l, af = step; down is the mirror image; starts \
              on bar 1, down if l fell by more than h rose, from the opposite extreme of bar 0",
    source: "J. W. Wilder, New Concepts in Technical Trading Systems (1978); start as in TA-Lib, which takes bar 1 for its own \
             predecessor",
    params: &[
        Param::real("step", "First acceleration and its growth", 0.02, 0.001, 1.0),
        Param::real("max", "Greatest acceleration", 0.2, 0.001, 1.0),
    ],
    lines: &[
        LineSpec::output("psar", "Stop: below the price when up", Unit::PRICE, |_| 1),
        LineSpec::output("trend", "1 when up, -1 when down", Unit::FLAG, |_| 1),
        LineSpec::internal("ep", "Extreme price of the trend", Unit::PRICE, |_| 1),
        LineSpec::internal("af", "Acceleration", Unit::bounded(0.0, 1.0), |_| 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Stop>(),
};

/// Starts from a made-up trend against the first close, and a stop just turned may lie within the last two bars.
static ORIGINAL: Definition = Definition {
    formula: "up: psar[+1] = psar + af (ep - psar) but at most the lows of this bar and the one before; ep = highest h of the \
              trend; af grows by step on every new ep up to max; a low at or below psar turns the trend down: psar = the old \
              ep, ep = l, af = step; down is the mirror image; starts on bar 1 from (h + l) / 2, as if the trend before had \
              been down with ep = l[-1] if c >= c[-1], else up with ep = h[-1]",
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// A trend seen as if it went up: of a falling one all prices are negative.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Trend {
    sign: f64,
    sar: f64,
    ep: f64,
    af: f64,
}

impl Trend {
    /// High and low of a bar as this trend sees them.
    #[inline(always)]
    fn see(&self, high: f64, low: f64) -> (f64, f64) {
        let (a, b) = (self.sign * high, self.sign * low);
        (a.max(b), a.min(b))
    }

    /// The trend the other way, whose stop is the extreme of this one.
    #[inline(always)]
    fn turned(&self, low: f64, step: f64) -> Self {
        Self { sign: -self.sign, sar: -self.ep, ep: -low, af: step }
    }

    #[inline(always)]
    fn advance(&mut self, high: f64, step: f64, max: f64) {
        self.af = if high > self.ep { (self.af + step).min(max) } else { self.af };
        self.ep = self.ep.max(high);
    }

    #[inline(always)]
    fn follow(&mut self, lowest: f64) {
        self.sar = (self.sar + self.af * (self.ep - self.sar)).min(lowest);
    }
}

#[derive(Serialize, Deserialize)]
struct Stop {
    /// Acceleration at the start of a trend.
    first: f64,
    max: f64,
    high: f64,
    low: f64,
    /// Its sign is 0 before the first.
    trend: Trend,
}

impl Build for Stop {
    fn build(p: Args<'_>) -> Self {
        Self {
            first: p.real(0).min(p.real(1)),
            max: p.real(1),
            high: f64::NAN,
            low: f64::NAN,
            trend: Trend { sign: 0.0, sar: 0.0, ep: 0.0, af: 0.0 },
        }
    }
}

impl Indicator for Stop {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        if let Some(values) = self.step(bar.high, bar.low) {
            put(lines, values);
        }
    }
}

/// The stop on every bar, and nothing else.
#[inline(always)]
pub(in crate::indicators) fn stops(p: Args<'_>, high: &[f64], low: &[f64], out: &mut Vec<f64>) {
    let mut stop = Stop::build(p);
    for (high, low) in high.iter().zip(low) {
        out.push(stop.step(*high, *low).map_or(f64::NAN, |values| values[0]));
    }
}

impl Stop {
    /// Stop, direction, extreme price and acceleration, once there are two bars.
    #[inline(always)]
    fn step(&mut self, bar_high: f64, bar_low: f64) -> Option<[f64; 4]> {
        let (mut high, mut low) = (self.high, self.low);
        (self.high, self.low) = (bar_high, bar_low);
        let mut trend = self.trend;
        if trend.sign == 0.0 {
            if high.is_nan() {
                return None;
            }
            let fall = low - bar_low;
            trend = if fall > 0.0 && fall > bar_high - high {
                Trend { sign: -1.0, sar: -high, ep: -bar_low, af: self.first }
            } else {
                Trend { sign: 1.0, sar: low, ep: bar_high, af: self.first }
            };
            (high, low) = (bar_high, bar_low);
        }
        let (top, bottom) = trend.see(bar_high, bar_low);
        let (_, before) = trend.see(high, low);
        let mut lowest = before.min(bottom);
        let mut shown = trend.sar;
        if bottom <= trend.sar {
            let (before, _) = trend.see(high, low);
            lowest = -before.max(top);
            trend = trend.turned(bottom, self.first);
            trend.sar = trend.sar.min(lowest);
            shown = trend.sar;
        } else {
            trend.advance(top, self.first, self.max);
        }
        let values = [trend.sign * shown, trend.sign, trend.sign * trend.ep, trend.af];
        trend.follow(lowest);
        self.trend = trend;
        Some(values)
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    step: f64,
    max: f64,
    before: Option<Bar3>,
    trend: Option<Trend>,
}

/// High, low and close.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Bar3(f64, f64, f64);

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { step: p.real(0), max: p.real(1), before: None, trend: None }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let Some(Bar3(high, low, close)) = self.before.replace(Bar3(bar.high, bar.low, bar.close)) else { return };
        let middle = f64::midpoint(bar.high, bar.low);
        let mut trend = self.trend.unwrap_or(if bar.close >= close {
            Trend { sign: -1.0, sar: -middle, ep: -low, af: self.step }
        } else {
            Trend { sign: 1.0, sar: middle, ep: high, af: self.step }
        });
        let (mut top, mut bottom) = trend.see(bar.high, bar.low);
        if bottom <= trend.sar {
            trend = trend.turned(bottom, self.step);
            (top, bottom) = (-bottom, -top);
        }
        let shown = trend.sar;
        trend.advance(top, self.step, self.max);
        put(lines, [trend.sign * shown, trend.sign, trend.sign * trend.ep, trend.af]);
        let (_, before) = trend.see(high, low);
        trend.follow(before.min(bottom));
        self.trend = Some(trend);
    }
}
