use serde::{Deserialize, Serialize};

use super::wave::flag;
use crate::indicators::blocks::{Sma, TrueRange, Wilder, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "madr",
    title: "Moving average deviation rate",
    family: Family::Other,
    formula: "m = SMA(c, window); madr = (c - m) / m; threshold = mult ATR(atr_window) / m; buy_signal = madr < -threshold; \
              sell_signal = madr > 0.95 threshold",
    source: "Deviation rate of common practice; signals of the Python original with the range as a share of the mean",
    params: &[
        Param::bars("window", "Length of the mean", 10, 2),
        Param::bars("atr_window", "Length of the average true range", 14, 1),
        Param::real("mult", "Ranges from the mean to a signal", 0.45, 0.0, 100.0),
    ],
    lines: &[
        LineSpec::output("madr", "Close above its mean, fraction", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::output("buy_signal", "1 when the close lies far below its mean", Unit::FLAG, first_signal),
        LineSpec::output("sell_signal", "1 when the close lies far above its mean", Unit::FLAG, first_signal),
        LineSpec::internal("m", "Mean close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("threshold", "Average range as a share of the mean, by mult", Unit::RATIO, first_signal),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Madr<false>>(),
};

/// Compares the ratio with the range in units of price, which dear assets never reach.
static ORIGINAL: Definition = Definition {
    formula: "m = SMA(c, window); madr = (c - m) / m; threshold = mult ATR(atr_window); buy_signal = madr < -threshold; \
              sell_signal = madr > 0.95 threshold",
    lines: &[
        LineSpec::output("madr", "Close above its mean, fraction", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::output("buy_signal", "1 when madr lies below minus the threshold", Unit::FLAG, first_signal),
        LineSpec::output("sell_signal", "1 when madr lies above the threshold", Unit::FLAG, first_signal),
        LineSpec::internal("m", "Mean close", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("threshold", "Average range, by mult", Unit::PRICE_DIFFERENCE, first_signal),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Madr<true>>(),
    ..DEFINITION
};

/// Threshold of a sale in thresholds of a purchase.
const SELL_SHARE: f64 = 0.95;

fn first_signal(p: Args<'_>) -> usize {
    p.bars(1).max(p.bars(0) - 1)
}

#[derive(Serialize, Deserialize)]
struct Madr<const ORIGINAL: bool> {
    mean: Sma,
    range: TrueRange,
    atr: Wilder,
    mult: f64,
}

impl<const ORIGINAL: bool> Build for Madr<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), range: TrueRange::default(), atr: Wilder::new(p.bars(1)), mult: p.real(2) }
    }
}

impl<const ORIGINAL: bool> Indicator for Madr<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let m = self.mean.next(bar.close);
        let madr = ratio(bar.close - m, m);
        let amount = self.mult * self.atr.next(self.range.next(bar).range);
        let threshold = if ORIGINAL && !m.is_nan() { amount } else { ratio(amount, m) };
        let (buy, sell) = (madr < -threshold, madr > SELL_SHARE * threshold);
        put(lines, [madr, flag(threshold, buy), flag(threshold, sell), m, threshold]);
    }
}
