use serde::{Deserialize, Serialize};

use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

const PRICE: Unit = Unit::PRICE;
const DIFFERENCE: Unit = Unit::PRICE_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "heiken_ashi",
    title: "Heikin-Ashi candles",
    family: Family::Other,
    formula: "close = (o + h + l + c) / 4; open = (open[-1] + close[-1]) / 2, at first (o + c) / 2; high = max(h, open, close); \
              low = min(l, open, close); signal = sign(close - open); body = close - open; upper = high - max(open, close); \
              lower = min(open, close) - low; run = bars since the sign last changed, itself included",
    source: "D. Valcu, Using the Heikin-Ashi Technique, Technical Analysis of Stocks & Commodities (February 2004)",
    params: &[],
    lines: &[
        LineSpec::output("open", "Open", PRICE, |_| 0),
        LineSpec::output("high", "High", PRICE, |_| 0),
        LineSpec::output("low", "Low", PRICE, |_| 0),
        LineSpec::output("close", "Close", PRICE, |_| 0),
        LineSpec::output("signal", "1 when rising, -1 when falling", Unit::FLAG, |_| 0),
        LineSpec::internal("body", "Close above open", DIFFERENCE, |_| 0),
        LineSpec::internal("upper", "Wick above the body", DIFFERENCE, |_| 0),
        LineSpec::internal("lower", "Wick below the body", DIFFERENCE, |_| 0),
        LineSpec::internal("run", "Bars of the same sign in a row", Unit::BARS, |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<HeikenAshi>(),
};

#[derive(Serialize, Deserialize)]
struct HeikenAshi {
    /// Open and close of the candle before.
    before: Option<(f64, f64)>,
    signal: f64,
    run: f64,
}

impl Build for HeikenAshi {
    fn build(_: Args<'_>) -> Self {
        Self { before: None, signal: 0.0, run: 0.0 }
    }
}

impl Indicator for HeikenAshi {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let close = (bar.open + bar.high + bar.low + bar.close) / 4.0;
        let (first, second) = self.before.unwrap_or((bar.open, bar.close));
        let open = f64::midpoint(first, second);
        self.before = Some((open, close));
        let (top, bottom) = (open.max(close), open.min(close));
        let (high, low) = (bar.high.max(top), bar.low.min(bottom));
        let signal = f64::from(close > open) - f64::from(close < open);
        self.run = if signal == self.signal { self.run + 1.0 } else { 1.0 };
        self.signal = signal;
        let internals = [close - open, high - top, bottom - low, self.run];
        lines[..5].copy_from_slice(&[open, high, low, close, signal]);
        lines[5..].copy_from_slice(&internals);
    }
}

/// The open averages the raw bar before, the close counts c twice and leaves out l, and high and low leave out the
/// smoothed open, so they are those of the bar.
static ORIGINAL: Definition = Definition {
    formula: "open = (o[-1] + c[-1]) / 2; close = (o + c + h + c) / 4; high = h; low = l; signal = -1 if close < open else 1",
    source: "The Python original",
    lines: &[
        LineSpec::output("open", "Middle of the body before", PRICE, |_| 1),
        LineSpec::output("high", "High of the bar", Unit::PRICE_COPY, |_| 0),
        LineSpec::output("low", "Low of the bar", Unit::PRICE_COPY, |_| 0),
        LineSpec::output("close", "Mean of open, high and twice the close", PRICE, |_| 0),
        LineSpec::output("signal", "-1 when close lies below open, else 1", Unit::FLAG, |_| 1),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Original {
    middle: f64,
}

impl Build for Original {
    fn build(_: Args<'_>) -> Self {
        Self { middle: f64::NAN }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let open = std::mem::replace(&mut self.middle, f64::midpoint(bar.open, bar.close));
        let close = (bar.open + bar.close + bar.high + bar.close) / 4.0;
        let signal = if open.is_nan() {
            f64::NAN
        } else if close < open {
            -1.0
        } else {
            1.0
        };
        put(lines, [open, bar.high, bar.low, close, signal]);
    }
}
