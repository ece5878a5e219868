use serde::{Deserialize, Serialize};

use super::moves::Moves;
use crate::indicators::blocks::Ema;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "qqe_mod",
    title: "Quantitative qualitative estimation",
    family: Family::Momentum,
    formula: "rsi = RSI(c, rsi_period); rsi_ma = EMA(rsi, sf); atr_rsi = |rsi_ma - rsi_ma[-1]|; dar = qqe \
              EMA(EMA(atr_rsi, wi_period), wi_period); long_band = rsi_ma - dar, never falling while rsi_ma and \
              rsi_ma[-1] lie above long_band[-1]; short_band = rsi_ma + dar, never rising while both lie below \
              short_band[-1]; trend turns 1 when rsi_ma crosses above short_band[-1] and -1 when it crosses below \
              long_band[-1], starting from 1; qqe_line = long_band in trend 1, else short_band; qqe_oscillator = \
              rsi_ma - 50",
    source: "After QQE by R. Ignatov (MetaTrader, 2006), in the form of QQE MOD by Mihkel00, TradingView (2019)",
    params: &[
        Param::bars("rsi_period", "Length of the relative strength index", 6, 1),
        Param::bars("sf", "Length of its average", 5, 1),
        Param::real("qqe", "Average movements from the line to a band", 3.0, 0.1, 20.0),
        Param::bars("wi_period", "Length of the two averages of its movement", 14, 1),
    ],
    lines: &LINES,
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Qqe<false>>(),
};

/// Compares the bands with the bar they were made from, so no crossing is ever found, the trend never set and the
/// line always the short band. The index is 0 without a fall.
static ORIGINAL: Definition = Definition {
    formula: "As the published form without a trend: qqe_line = short_band; cross_long = cross_short = 0; rsi = 0 \
              without a fall",
    lines: LINES.split_at(LINES.len() - 1).0,
    compat: Compat::Same,
    engine: Engine::of::<Qqe<true>>(),
    ..DEFINITION
};

static LINES: [LineSpec; 12] = [
    LineSpec::output("qqe_line", "Band behind the averaged index, its trailing stop", Unit::RATIO, first),
    LineSpec::output("qqe_oscillator", "Averaged index less 50", Unit::bounded(-50.0, 50.0), first),
    LineSpec::internal("rsi", "Relative strength index, percent", Unit::PERCENT, |p| p.bars(0)),
    LineSpec::internal("rsi_ma", "Average of the index", Unit::PERCENT, first_average),
    LineSpec::internal("atr_rsi", "Movement of the averaged index", Unit::PERCENT, |p| first_average(p) + 1),
    LineSpec::internal("ma_atr_rsi", "Average movement", Unit::PERCENT, |p| first_average(p) + p.bars(3)),
    LineSpec::internal("dar", "Distance of the bands", Unit::RATIO, first_band),
    LineSpec::internal("long_band", "Band below the averaged index", Unit::RATIO, first_band),
    LineSpec::internal("short_band", "Band above the averaged index", Unit::RATIO, first_band),
    LineSpec::internal("cross_long", "1 where the trend turns up", Unit::FLAG, first),
    LineSpec::internal("cross_short", "1 where the trend turns down", Unit::FLAG, first),
    LineSpec::output("trend", "1 up, -1 down", Unit::FLAG, first),
];

fn first_average(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 1
}

fn first_band(p: Args<'_>) -> usize {
    first_average(p) + 2 * p.bars(3) - 1
}

fn first(p: Args<'_>) -> usize {
    first_band(p) + 1
}

#[derive(Serialize, Deserialize)]
struct Qqe<const ORIGINAL: bool> {
    close: f64,
    moves: Moves,
    average: Ema,
    movement: [Ema; 2],
    width: f64,
    rsi_ma: f64,
    long: f64,
    short: f64,
    trend: f64,
}

impl<const ORIGINAL: bool> Build for Qqe<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self {
            close: f64::NAN,
            moves: Moves::new(p.bars(0)),
            average: Ema::new(p.bars(1)),
            movement: [Ema::new(p.bars(3)), Ema::new(p.bars(3))],
            width: p.real(2),
            rsi_ma: f64::NAN,
            long: f64::NAN,
            short: f64::NAN,
            trend: 1.0,
        }
    }
}

impl<const ORIGINAL: bool> Indicator for Qqe<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let step = self.moves.next(bar.close - self.close);
        self.close = bar.close;
        let rsi = if ORIGINAL { step.index_of_the_original() } else { step.index() };
        let rsi_ma = self.average.next(rsi).clamp(0.0, 100.0);
        let before = std::mem::replace(&mut self.rsi_ma, rsi_ma);
        let atr_rsi = (before - rsi_ma).abs();
        let ma_atr_rsi = self.movement[0].next(atr_rsi).clamp(0.0, 100.0);
        let dar = self.width * self.movement[1].next(ma_atr_rsi);
        lines[2..7].copy_from_slice(&[rsi, rsi_ma, atr_rsi, ma_atr_rsi, dar]);
        if dar.is_nan() {
            return;
        }
        let known = !self.long.is_nan();
        let (rises, falls) = (rsi_ma > self.short, rsi_ma < self.long);
        let (mut long, mut short) = (rsi_ma - dar, rsi_ma + dar);
        if rsi_ma > self.long && before > self.long {
            long = long.max(self.long);
        }
        if rsi_ma < self.short && before < self.short {
            short = short.min(self.short);
        }
        (self.long, self.short) = (long, short);
        lines[7..9].copy_from_slice(&[long, short]);
        if !known {
            return;
        }
        lines[1] = rsi_ma - 50.0;
        if ORIGINAL {
            (lines[0], lines[9], lines[10]) = (short, 0.0, 0.0);
            return;
        }
        let trend = match (rises, falls) {
            (true, _) => 1.0,
            (_, true) => -1.0,
            _ => self.trend,
        };
        let turned = trend != self.trend;
        self.trend = trend;
        lines[0] = if trend > 0.0 { long } else { short };
        lines[9] = f64::from(turned && trend > 0.0);
        lines[10] = f64::from(turned && trend < 0.0);
        lines[11] = trend;
    }
}
