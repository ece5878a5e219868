use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, Wilder};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ssl_channel",
    title: "SSL channel",
    family: Family::Trend,
    formula: "hma_hi = SMA(h, period); hma_lo = SMA(l, period); direction turns up on a close above hma_hi and down on one \
              below hma_lo, starting on the close's side of their middle; up: sslu = hma_hi, ssld = hma_lo; down: the other \
              way round",
    source: "SSL channel (Semaphore Signal Level), MetaTrader 4; on TradingView by ErwinBeckers",
    params: &[Param::bars("period", "Length of both averages", 10, 1)],
    lines: &[
        LineSpec::output("ssld", "Low average when up, high average when down", Unit::PRICE, first),
        LineSpec::output("sslu", "High average when up, low average when down", Unit::PRICE, first),
        LineSpec::output("direction", "1 when up, -1 when down", Unit::FLAG, first),
        LineSpec::internal("hma_lo", "Mean low", Unit::PRICE, first),
        LineSpec::internal("hma_hi", "Mean high", Unit::PRICE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Channel>(),
};

/// Wilder's averages, and down whenever the close is not above the higher one.
static ORIGINAL: Definition = Definition {
    formula: "hma_hi = W(h, period); hma_lo = W(l, period), W Wilder's average; close above hma_hi: sslu = hma_hi, ssld = \
              hma_lo; else the other way round",
    lines: &[
        LineSpec::output("ssld", "Low average when up, high average when down", Unit::PRICE, first),
        LineSpec::output("sslu", "High average when up, low average when down", Unit::PRICE, first),
        LineSpec::internal("hma_lo", "Average low", Unit::PRICE, first),
        LineSpec::internal("hma_hi", "Average high", Unit::PRICE, first),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct Channel {
    low: Sma,
    high: Sma,
    up: Option<bool>,
}

impl Build for Channel {
    fn build(p: Args<'_>) -> Self {
        Self { low: Sma::new(p.bars(0)), high: Sma::new(p.bars(0)), up: None }
    }
}

impl Indicator for Channel {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (low, high) = (self.low.next(bar.low), self.high.next(bar.high));
        if low.is_nan() {
            return;
        }
        let up = match self.up {
            None => bar.close > f64::midpoint(low, high),
            Some(up) => bar.close > high || up && bar.close >= low,
        };
        self.up = Some(up);
        let (down_line, up_line, direction) = if up { (low, high, 1.0) } else { (high, low, -1.0) };
        put(lines, [down_line, up_line, direction, low, high]);
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    low: Wilder,
    high: Wilder,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { low: Wilder::new(p.bars(0)), high: Wilder::new(p.bars(0)) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (low, high) = (self.low.next(bar.low), self.high.next(bar.high));
        let (down_line, up_line) = if bar.close > high { (low, high) } else { (high, low) };
        put(lines, [down_line, up_line, low, high]);
    }
}
