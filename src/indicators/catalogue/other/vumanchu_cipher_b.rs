use serde::{Deserialize, Serialize};

use super::wave::{Wave, first_channel, first_wave, flag, strength_index};
use crate::indicators::blocks::{Cross, Ema, Highest, Lowest, Sma, SmoothStochastic, Strength, typical_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const FLAG: Unit = Unit::FLAG;
const PERCENT: Unit = Unit::PERCENT;
const RATIO: Unit = Unit::RATIO;
const RANGE: Unit = Unit::PRICE_DIFFERENCE;

const CHANNEL: usize = 20;
const AVERAGE: usize = 30;
const SIGNAL: usize = 3;
/// Length of the relative strength index and of its stochastic, and smoothings of the latter.
const STRENGTH: usize = 14;
const SMOOTH: usize = 3;
const FAST: usize = 12;
const SLOW: usize = 26;

pub(super) static DEFINITION: Definition = Definition {
    id: "vumanchu_cipher_b",
    title: "VuManChu Cipher B",
    family: Family::Other,
    formula: "wt1, wt2: WaveTrend of (h + l + c) / 3 with channel, average and signal; wtVwap = wt1 - wt2; wtCross = their \
              crossing; wtOversold = wt2 <= -level, wtOverbought = wt2 >= level; rsi = RSI(c, 14); rsiMFI = SMA(150 (c - o) / \
              (h - l), mfi), 0 where h = l; stoch_raw = 100 (rsi - LL(rsi, 14)) / (HH(rsi, 14) - LL(rsi, 14)), 50 without \
              range; stochK = SMA(stoch_raw, 3); stochD = SMA(stochK, 3); tcVal = Schaff's cycle of EMA(c, 12) - EMA(c, 26) \
              over cycle bars with gain 1/2; buy_signal = crossing up while oversold, bottom_signal = crossing up below \
              -level2, sell_signal and top_signal mirrored",
    source: "vumanchu, VuManChu Cipher B, TradingView (2020), with LazyBear's WaveTrend (2014) and D. Schaff's trend cycle; \
             lengths of the Python original",
    params: &[
        Param::bars("channel", "Length of the channel averages", CHANNEL as u16, 2),
        Param::bars("average", "Length of the average of the channel index", AVERAGE as u16, 1),
        Param::bars("signal", "Length of the signal average", SIGNAL as u16, 2),
        Param::bars("mfi", "Length of the average body share", 30, 1),
        Param::bars("cycle", "Bars of the two stochastics of Schaff's cycle", 10, 2),
        Param::real("level", "Wave that is overbought, and oversold below 0", 40.0, 0.0, 1000.0),
        Param::real("level2", "Wave at tops, and at bottoms below 0", 50.0, 0.0, 1000.0),
    ],
    lines: &[
        LineSpec::output("wt1", "Average channel index", RATIO, first_wt1),
        LineSpec::output("wt2", "Signal: average of wt1", RATIO, first_wt2),
        LineSpec::output("wtVwap", "wt1 less wt2", RATIO, first_wt2),
        LineSpec::output("rsiMFI", "Average body in percent of 2/3 range", Unit::bounded(-150.0, 150.0), |p| {
            p.bars(3) - 1
        }),
        LineSpec::output("rsi", "Relative strength index, percent", PERCENT, |_| STRENGTH),
        LineSpec::output("stochK", "Stochastic of rsi, smoothed, percent", PERCENT, |_| FIRST_K),
        LineSpec::output("stochD", "Average of stochK, percent", PERCENT, |_| FIRST_K + SMOOTH - 1),
        LineSpec::output("tcVal", "Schaff's cycle, percent", PERCENT, |p| FIRST_MACD + 2 * (p.bars(4) - 1)),
        LineSpec::output("wtCross", "1 when wt1 crosses above wt2, -1 when below", FLAG, first_cross),
        LineSpec::output("wtCrossUp", "1 when wt1 crosses above wt2", FLAG, first_cross),
        LineSpec::output("wtCrossDown", "1 when wt1 crosses below wt2", FLAG, first_cross),
        LineSpec::output("wtOversold", "1 when wt2 is low", FLAG, first_wt2),
        LineSpec::output("wtOverbought", "1 when wt2 is high", FLAG, first_wt2),
        LineSpec::internal("buy_signal", "1 on a crossing up while oversold", FLAG, first_cross),
        LineSpec::internal("bottom_signal", "1 on a crossing up near a bottom", FLAG, first_cross),
        LineSpec::internal("sell_signal", "1 on a crossing down while overbought", FLAG, first_cross),
        LineSpec::internal("top_signal", "1 on a crossing down near a top", FLAG, first_cross),
        LineSpec::internal("esa", "Average of the typical price", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("de", "Average distance from esa", RANGE, |p| first_channel(p.bars(0))),
        LineSpec::internal("ci", "Channel index", RATIO, |p| first_channel(p.bars(0))),
        LineSpec::internal("stoch_raw", "Stochastic of rsi, percent", PERCENT, |_| 2 * STRENGTH - 1),
        LineSpec::internal("tc_pf", "Stochastic of the averages' difference, smoothed, percent", PERCENT, |p| {
            FIRST_MACD + p.bars(4) - 1
        }),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<CipherB>(),
};

const FIRST_K: usize = 2 * STRENGTH + SMOOTH - 2;
const FIRST_MACD: usize = SLOW - 1;

fn first_wt1(p: Args<'_>) -> usize {
    first_wave(p.bars(0), p.bars(1))
}

fn first_wt2(p: Args<'_>) -> usize {
    first_wt1(p) + p.bars(2) - 1
}

fn first_cross(p: Args<'_>) -> usize {
    first_wt2(p) + 1
}

/// Everything but the money flow and the cycle.
#[derive(Serialize, Deserialize)]
struct Common<const ORIGINAL: bool> {
    wave: Wave<ORIGINAL>,
    cross: Cross,
    levels: [f64; 2],
    strength: Strength,
    lowest: Lowest,
    highest: Highest,
    stoch_k: Sma,
    stoch_d: Sma,
    fast: Ema,
    slow: Ema,
}

struct CommonLines {
    /// wt1, wt2, wtVwap.
    wave: [f64; 3],
    /// rsi, stochK, stochD.
    strength: [f64; 3],
    /// wtCross, wtCrossUp, wtCrossDown, wtOversold, wtOverbought, buy_signal, bottom_signal, sell_signal, top_signal.
    flags: [f64; 9],
    /// esa, de, ci, stoch_raw.
    internals: [f64; 4],
    /// Fast minus slow average.
    macd: f64,
}

impl<const ORIGINAL: bool> Common<ORIGINAL> {
    fn new(wave: [usize; 3], levels: [f64; 2]) -> Self {
        Self {
            wave: Wave::new(wave[0], wave[1], wave[2]),
            cross: Cross::default(),
            levels,
            strength: Strength::new(STRENGTH),
            lowest: Lowest::new(STRENGTH),
            highest: Highest::new(STRENGTH),
            stoch_k: Sma::new(SMOOTH),
            stoch_d: Sma::new(SMOOTH),
            fast: Ema::new(FAST),
            slow: Ema::new(SLOW),
        }
    }

    #[inline(always)]
    fn next(&mut self, bar: &Bar) -> CommonLines {
        let wave = self.wave.next(typical_price(bar));
        let rsi = strength_index::<ORIGINAL>(&mut self.strength, bar.close);
        let (lowest, highest) = (self.lowest.next(rsi), self.highest.next(rsi));
        let range = highest - lowest;
        let stoch_raw = if range == 0.0 { 50.0 } else { 100.0 * ((rsi - lowest) / range) };
        let stoch_k = self.stoch_k.next(stoch_raw).clamp(0.0, 100.0);
        let stoch_d = self.stoch_d.next(stoch_k).clamp(0.0, 100.0);
        let cross = self.cross.next(wave.wt1, wave.wt2);
        let [level, level2] = self.levels;
        let (up, down) = (cross > 0.0, cross < 0.0);
        let (low, high) = (wave.wt2 <= -level, wave.wt2 >= level);
        let crossed = |state: bool| flag(cross, state);
        let known = |state: bool| flag(wave.wt2, state);
        CommonLines {
            wave: [wave.wt1, wave.wt2, wave.wt1 - wave.wt2],
            strength: [rsi, stoch_k, stoch_d],
            flags: [
                cross,
                crossed(up),
                crossed(down),
                known(low),
                known(high),
                crossed(up && low),
                crossed(up && wave.wt2 < -level2),
                crossed(down && high),
                crossed(down && wave.wt2 > level2),
            ],
            internals: [wave.esa, wave.de, wave.ci, stoch_raw],
            macd: self.fast.next(bar.close) - self.slow.next(bar.close),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct CipherB {
    common: Common<false>,
    body: Sma,
    of_macd: SmoothStochastic,
    of_pf: SmoothStochastic,
}

impl Build for CipherB {
    fn build(p: Args<'_>) -> Self {
        Self {
            common: Common::new([p.bars(0), p.bars(1), p.bars(2)], [p.real(5), p.real(6)]),
            body: Sma::new(p.bars(3)),
            of_macd: SmoothStochastic::new(p.bars(4), 0.5),
            of_pf: SmoothStochastic::new(p.bars(4), 0.5),
        }
    }
}

impl Indicator for CipherB {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let common = self.common.next(bar);
        let range = bar.high - bar.low;
        let body = if range > 0.0 { (bar.close - bar.open) / range } else { 0.0 };
        let mfi = self.body.next(150.0 * body).clamp(-150.0, 150.0);
        let (_, pf) = self.of_macd.next(common.macd, 50.0);
        let (_, cycle) = self.of_pf.next(pf, pf);
        lines[..3].copy_from_slice(&common.wave);
        lines[3] = mfi;
        lines[4..7].copy_from_slice(&common.strength);
        lines[7] = cycle;
        lines[8..17].copy_from_slice(&common.flags);
        lines[17..21].copy_from_slice(&common.internals);
        lines[21] = pf;
    }
}

/// rsiMFI is a copy of rsi, held back until the stochastic is there; tcVal is a smoothed MACD and no cycle; divisions by
/// zero give 0.
static ORIGINAL: Definition = Definition {
    params: &[],
    formula: "wt1, wt2: WaveTrend of (h + l + c) / 3 with 20, 30 and 3; wtVwap = wt1 - wt2; wtCross = their crossing; \
              wtOversold = wt2 <= -40, wtOverbought = wt2 >= 40; rsi = rsiMFI = RSI(c, 14); stochK = SMA(100 (rsi - LL(rsi, \
              14)) / (HH(rsi, 14) - LL(rsi, 14)), 3), stochD = SMA(stochK, 3); tcVal = EMA(EMA(c, 12) - EMA(c, 26), 2); \
              buy_signal = crossing up while oversold, bottom_signal = crossing up below -50, sell_signal and top_signal \
              mirrored",
    lines: &[
        LineSpec::output("wt1", "Average channel index", RATIO, |_| FIRST_WT2 + 1 - SIGNAL),
        LineSpec::output("wt2", "Signal: average of wt1", RATIO, |_| FIRST_WT2),
        LineSpec::output("wtVwap", "wt1 less wt2", RATIO, |_| FIRST_WT2),
        LineSpec::output("rsiMFI", "The same as rsi", PERCENT, |_| FIRST_K),
        LineSpec::output("rsi", "Relative strength index, percent", PERCENT, |_| STRENGTH),
        LineSpec::output("stochK", "Stochastic of rsi, smoothed, percent", PERCENT, |_| FIRST_K),
        LineSpec::output("stochD", "Average of stochK, percent", PERCENT, |_| FIRST_K + SMOOTH - 1),
        LineSpec::output("tcVal", "Smoothed MACD", RANGE, |_| FIRST_MACD + 1),
        LineSpec::output("wtCross", "1 when wt1 crosses above wt2, -1 when below", FLAG, |_| FIRST_WT2 + 1),
        LineSpec::output("wtCrossUp", "1 when wt1 crosses above wt2", FLAG, |_| FIRST_WT2 + 1),
        LineSpec::output("wtCrossDown", "1 when wt1 crosses below wt2", FLAG, |_| FIRST_WT2 + 1),
        LineSpec::output("wtOversold", "1 when wt2 is low", FLAG, |_| FIRST_WT2),
        LineSpec::output("wtOverbought", "1 when wt2 is high", FLAG, |_| FIRST_WT2),
        LineSpec::internal("buy_signal", "1 on a crossing up while oversold", FLAG, |_| FIRST_WT2 + 1),
        LineSpec::internal("bottom_signal", "1 on a crossing up near a bottom", FLAG, |_| FIRST_WT2 + 1),
        LineSpec::internal("sell_signal", "1 on a crossing down while overbought", FLAG, |_| FIRST_WT2 + 1),
        LineSpec::internal("top_signal", "1 on a crossing down near a top", FLAG, |_| FIRST_WT2 + 1),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

const FIRST_WT2: usize = first_wave(CHANNEL, AVERAGE) + SIGNAL - 1;

#[derive(Serialize, Deserialize)]
struct Original {
    common: Common<true>,
    smooth: Ema,
}

impl Build for Original {
    fn build(_: Args<'_>) -> Self {
        Self { common: Common::new([CHANNEL, AVERAGE, SIGNAL], [40.0, 50.0]), smooth: Ema::new(2) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let common = self.common.next(bar);
        let [rsi, stoch_k, _] = common.strength;
        lines[..3].copy_from_slice(&common.wave);
        lines[3] = if stoch_k.is_nan() { f64::NAN } else { rsi };
        lines[4..7].copy_from_slice(&common.strength);
        lines[7] = self.smooth.next(common.macd);
        lines[8..17].copy_from_slice(&common.flags);
    }
}
