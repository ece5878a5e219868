use serde::{Deserialize, Serialize};

use super::wave::{Wave, divide, first_channel, first_wave, flag, strength_index};
use crate::indicators::blocks::{Cross, Ema, Lag, Sma, Strength, typical_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const FLAG: Unit = Unit::FLAG;
const PRICE: Unit = Unit::PRICE;
const RATIO: Unit = Unit::RATIO;
const RANGE: Unit = Unit::PRICE_DIFFERENCE;

/// Lengths of the ribbon's averages.
const RIBBON: [usize; 8] = [5, 11, 15, 18, 21, 24, 28, 34];

pub(super) static DEFINITION: Definition = Definition {
    id: "vumanchu_cipher_a",
    title: "VuManChu Cipher A",
    family: Family::Other,
    formula: "src = (h + l + c) / 3; esa = EMA(src, channel); de = EMA(|src - esa|, channel); ci = (src - esa) / (0.015 de); \
              wt1 = EMA(ci, average); wt2 = SMA(wt1, signal); ema1 to ema8 = EMA(c, 5, 11, 15, 18, 21, 24, 28, 34); rsi = \
              RSI(c, rsi); rsi_mfi = SMA(150 (c - o) / (h - l), mfi), 0 where h = l; long_ema = ema2 crosses above ema8; \
              short_ema = below; red_cross = ema1 crosses below ema2; blue_triangle = ema2 crosses above ema3; wt_cross = \
              wt1 crosses wt2; red_diamond = wt_cross and wt2 >= wt1; blood_diamond = red_diamond and red_cross; \
              yellow_cross = red_diamond and -80 < wt2 < 45 and 15 < rsi < 30 and rsi_mfi < -5; bull_candle = o > ema2 and \
              o > ema8 and c > o and c[-1] > o[-1], neither red_diamond nor red_cross",
    source: "vumanchu, VuManChu Cipher A, TradingView (2019), with LazyBear's WaveTrend (2014)",
    params: &[
        Param::bars("channel", "Length of the channel averages", 9, 2),
        Param::bars("average", "Length of the average of the channel index", 13, 1),
        Param::bars("signal", "Length of the signal average", 3, 2),
        Param::bars("rsi", "Length of the relative strength index", 14, 1),
        Param::bars("mfi", "Length of the average body share", 60, 1),
    ],
    lines: &[
        LineSpec::output("wt1", "Average channel index", RATIO, first_wt1),
        LineSpec::output("wt2", "Signal: average of wt1", RATIO, first_wt2),
        LineSpec::output("ema1", "Average of 5 closes", PRICE, |_| RIBBON[0] - 1),
        LineSpec::output("ema2", "Average of 11 closes", PRICE, |_| RIBBON[1] - 1),
        LineSpec::output("ema3", "Average of 15 closes", PRICE, |_| RIBBON[2] - 1),
        LineSpec::output("ema4", "Average of 18 closes", PRICE, |_| RIBBON[3] - 1),
        LineSpec::output("ema5", "Average of 21 closes", PRICE, |_| RIBBON[4] - 1),
        LineSpec::output("ema6", "Average of 24 closes", PRICE, |_| RIBBON[5] - 1),
        LineSpec::output("ema7", "Average of 28 closes", PRICE, |_| RIBBON[6] - 1),
        LineSpec::output("ema8", "Average of 34 closes", PRICE, |_| RIBBON[7] - 1),
        LineSpec::output("rsi", "Relative strength index, percent", Unit::PERCENT, |p| p.bars(3)),
        LineSpec::output("rsi_mfi", "Average body in percent of 2/3 range", Unit::bounded(-150.0, 150.0), first_mfi),
        LineSpec::output("long_ema", "1 when ema2 crosses above ema8", FLAG, |_| RIBBON[7]),
        LineSpec::output("red_cross", "1 when ema1 crosses below ema2", FLAG, |_| RIBBON[1]),
        LineSpec::output("blue_triangle", "1 when ema2 crosses above ema3", FLAG, |_| RIBBON[2]),
        LineSpec::output("red_diamond", "1 when wt1 crosses below wt2", FLAG, first_diamond),
        LineSpec::output("blood_diamond", "1 on a red diamond with a red cross", FLAG, first_blood),
        LineSpec::output("yellow_cross", "1 on a red diamond in an oversold market", FLAG, first_yellow),
        LineSpec::output("bull_candle", "1 on the second rising bar above the ribbon", FLAG, first_bull),
        LineSpec::output("short_ema", "1 when ema2 crosses below ema8", FLAG, |_| RIBBON[7]),
        LineSpec::internal("esa", "Average of the typical price", PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("de", "Average distance from esa", RANGE, |p| first_channel(p.bars(0))),
        LineSpec::internal("ci", "Channel index", RATIO, |p| first_channel(p.bars(0))),
        LineSpec::internal("wt_cross", "1 when wt1 crosses above wt2, -1 when below", FLAG, first_diamond),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<CipherA<false>>(),
};

/// Crosses count in both directions where one was meant, so blood diamonds also come on upward crosses; divisions by zero
/// give 0; the compound signals wait for the longest line.
static ORIGINAL: Definition = Definition {
    lines: &[
        LineSpec::output("wt1", "Average channel index", RATIO, first_wt1),
        LineSpec::output("wt2", "Signal: average of wt1", RATIO, first_wt2),
        LineSpec::output("ema1", "Average of 5 closes", PRICE, |_| RIBBON[0] - 1),
        LineSpec::output("ema2", "Average of 11 closes", PRICE, |_| RIBBON[1] - 1),
        LineSpec::output("ema3", "Average of 15 closes", PRICE, |_| RIBBON[2] - 1),
        LineSpec::output("ema4", "Average of 18 closes", PRICE, |_| RIBBON[3] - 1),
        LineSpec::output("ema5", "Average of 21 closes", PRICE, |_| RIBBON[4] - 1),
        LineSpec::output("ema6", "Average of 24 closes", PRICE, |_| RIBBON[5] - 1),
        LineSpec::output("ema7", "Average of 28 closes", PRICE, |_| RIBBON[6] - 1),
        LineSpec::output("ema8", "Average of 34 closes", PRICE, |_| RIBBON[7] - 1),
        LineSpec::output("rsi", "Relative strength index, percent", Unit::PERCENT, |p| p.bars(3)),
        LineSpec::output("rsi_mfi", "Average body in percent of 2/3 range", Unit::bounded(-150.0, 150.0), first_mfi),
        LineSpec::output("long_ema", "1 when ema2 crosses above ema8, -1 when below", FLAG, |_| RIBBON[7]),
        LineSpec::output("red_cross", "1 when ema1 crosses below ema2, -1 when above", FLAG, |_| RIBBON[1]),
        LineSpec::output("blue_triangle", "1 when ema2 crosses above ema3, -1 when below", FLAG, |_| RIBBON[2]),
        LineSpec::output("red_diamond", "1 when wt1 crosses below wt2", FLAG, first_all),
        LineSpec::output("blood_diamond", "1 on a red diamond with a cross of ema1 and ema2", FLAG, first_all),
        LineSpec::output("yellow_cross", "1 on a red diamond in an oversold market", FLAG, first_all),
        LineSpec::output("bull_candle", "1 on the second rising bar above the ribbon", FLAG, first_all),
        LineSpec::output("short_ema", "1 when ema2 crosses below ema8", FLAG, first_all),
        LineSpec::internal("esa", "Average of the typical price", PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("de", "Average distance from esa", RANGE, |p| first_channel(p.bars(0))),
        LineSpec::internal("ci", "Channel index", RATIO, |p| first_channel(p.bars(0))),
        LineSpec::internal("wt_cross", "1 when wt1 crosses above wt2, -1 when below", FLAG, first_diamond),
        LineSpec::internal("wt_ma_source", "Typical price", PRICE, |_| 0),
        LineSpec::internal("tci", "The same as wt1", RATIO, first_wt1),
        LineSpec::internal("rsi_mfi_mean", "The same as rsi_mfi", Unit::bounded(-150.0, 150.0), first_mfi),
        LineSpec::internal("ema8_over_ema2", "-1 when ema2 crosses above ema8, 1 when below", FLAG, |_| RIBBON[7]),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<CipherA<true>>(),
    ..DEFINITION
};

fn first_wt1(p: Args<'_>) -> usize {
    first_wave(p.bars(0), p.bars(1))
}

fn first_wt2(p: Args<'_>) -> usize {
    first_wt1(p) + p.bars(2) - 1
}

fn first_mfi(p: Args<'_>) -> usize {
    p.bars(4) - 1
}

fn first_diamond(p: Args<'_>) -> usize {
    first_wt2(p) + 1
}

fn first_blood(p: Args<'_>) -> usize {
    first_diamond(p).max(RIBBON[1])
}

fn first_yellow(p: Args<'_>) -> usize {
    first_diamond(p).max(p.bars(3)).max(first_mfi(p))
}

fn first_bull(p: Args<'_>) -> usize {
    first_diamond(p).max(RIBBON[7] - 1)
}

fn first_all(p: Args<'_>) -> usize {
    first_yellow(p).max(RIBBON[7])
}

#[derive(Serialize, Deserialize)]
struct CipherA<const ORIGINAL: bool> {
    wave: Wave<ORIGINAL>,
    wave_cross: Cross,
    ribbon: [Ema; 8],
    strength: Strength,
    body: Sma,
    long: Cross,
    red: Cross,
    blue: Cross,
    rose: Lag,
}

impl<const ORIGINAL: bool> Build for CipherA<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        Self {
            wave: Wave::new(p.bars(0), p.bars(1), p.bars(2)),
            wave_cross: Cross::default(),
            ribbon: RIBBON.map(Ema::new),
            strength: Strength::new(p.bars(3)),
            body: Sma::new(p.bars(4)),
            long: Cross::default(),
            red: Cross::default(),
            blue: Cross::default(),
            rose: Lag::new(1),
        }
    }
}

impl<const ORIGINAL: bool> Indicator for CipherA<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = typical_price(bar);
        let wave = self.wave.next(price);
        for (line, average) in lines[2..10].iter_mut().zip(&mut self.ribbon) {
            *line = average.next(bar.close);
        }
        let (ema1, ema2, ema3, ema8) = (lines[2], lines[3], lines[4], lines[9]);
        let rsi = strength_index::<ORIGINAL>(&mut self.strength, bar.close);
        let range = bar.high - bar.low;
        let body = if range > 0.0 { divide::<ORIGINAL>(bar.close - bar.open, range) } else { 0.0 };
        let mfi = self.body.next(150.0 * body).clamp(-150.0, 150.0);
        let rises = bar.close > bar.open;
        let rose = self.rose.next(f64::from(rises)) == 1.0;

        let wave_cross = self.wave_cross.next(wave.wt1, wave.wt2);
        let (long, red, blue) = (self.long.next(ema2, ema8), -self.red.next(ema1, ema2), self.blue.next(ema2, ema3));
        let reddens = if ORIGINAL { red != 0.0 } else { red > 0.0 };
        let diamond = wave_cross != 0.0 && wave.wt2 >= wave.wt1;
        let oversold = wave.wt2 > -80.0 && wave.wt2 < 45.0 && rsi > 15.0 && rsi < 30.0 && mfi < -5.0;
        let bull = bar.open > ema2 && bar.open > ema8 && rises && rose && !diamond && !reddens;

        lines[..2].copy_from_slice(&[wave.wt1, wave.wt2]);
        lines[10..12].copy_from_slice(&[rsi, mfi]);
        for (line, cross) in lines[12..15].iter_mut().zip([long, red, blue]) {
            *line = if ORIGINAL { cross } else { cross.clamp(0.0, 1.0) };
        }
        let all = wave_cross + rsi + mfi + long;
        let needed = |part: f64| if ORIGINAL { all } else { part };
        lines[15..20].copy_from_slice(&[
            flag(needed(wave_cross), diamond),
            flag(needed(wave_cross + red), diamond && reddens),
            flag(needed(wave_cross + rsi + mfi), diamond && oversold),
            flag(needed(wave_cross + ema8), bull),
            flag(needed(long), long < 0.0),
        ]);
        lines[20..24].copy_from_slice(&[wave.esa, wave.de, wave.ci, wave_cross]);
        if ORIGINAL {
            lines[24..].copy_from_slice(&[price, wave.wt1, mfi, -long]);
        }
    }
}
