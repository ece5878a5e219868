use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Sma, median_price, ratio, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "wavetrend",
    title: "WaveTrend oscillator",
    family: Family::Momentum,
    formula: "ap = (h + l + c) / 3; esa = EMA(ap, period); d = EMA(|ap - esa|, period); ci = (ap - esa) / (0.015 d); \
              WT1 = EMA(ci, average); WT2 = SMA(WT1, signal)",
    source: "LazyBear, WaveTrend Oscillator, TradingView (2014)",
    params: &[
        Param::bars("period", "Length of the channel averages", 10, 2),
        Param::bars("average", "Length of the average of the channel index", 21, 1),
        Param::bars("signal", "Length of the signal average", 4, 1),
    ],
    lines: &[
        LineSpec::output("WT1", "Average channel index", Unit::RATIO, first_wave),
        LineSpec::output("WT2", "Signal: average of WT1", Unit::RATIO, |p| first_wave(p) + p.bars(2) - 1),
        LineSpec::internal("ap", "Typical price", Unit::PRICE, |_| 0),
        LineSpec::internal("esa", "Average of the typical price", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("d", "Average distance from esa", Unit::PRICE_DIFFERENCE, first_channel),
        LineSpec::internal("ci", "Channel index", Unit::RATIO, first_channel),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<WaveTrend>(),
};

fn first_channel(p: Args<'_>) -> usize {
    2 * (p.bars(0) - 1)
}

fn first_wave(p: Args<'_>) -> usize {
    first_channel(p) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct WaveTrend {
    price: Ema,
    distance: Ema,
    wave: Ema,
    signal: Sma,
}

impl Build for WaveTrend {
    fn build(p: Args<'_>) -> Self {
        Self {
            price: Ema::new(p.bars(0)),
            distance: Ema::new(p.bars(0)),
            wave: Ema::new(p.bars(1)),
            signal: Sma::new(p.bars(2)),
        }
    }
}

impl Indicator for WaveTrend {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ap = typical_price(bar);
        let esa = self.price.next(ap);
        let d = self.distance.next((ap - esa).abs());
        let ci = ratio(ap - esa, 0.015 * d);
        let wave = self.wave.next(ci);
        put(lines, [wave, self.signal.next(wave), ap, esa, d, ci]);
    }
}

/// Not the oscillator but an average of the difference of two averages, in units of price.
static ORIGINAL: Definition = Definition {
    formula: "p = (h + l) / 2; ema1 = EMA(p, period); ema2 = EMA(ema1, period); D = ema1 - ema2; WT1 = EMA(D, period); \
              WT2 = EMA(WT1, 4)",
    params: &[Param::bars("period", "Length of the averages", 10, 1)],
    lines: &[
        LineSpec::output("WT1", "Average of D", Unit::PRICE_DIFFERENCE, |p| 3 * (p.bars(0) - 1)),
        LineSpec::output("WT2", "Average of WT1", Unit::PRICE_DIFFERENCE, |p| 3 * p.bars(0)),
        LineSpec::internal("ema1", "Average of the middle price", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("ema2", "Average of ema1", Unit::PRICE, |p| 2 * (p.bars(0) - 1)),
        LineSpec::internal("D", "ema1 minus ema2", Unit::PRICE_DIFFERENCE, |p| 2 * (p.bars(0) - 1)),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Original {
    once: Ema,
    twice: Ema,
    wave: Ema,
    signal: Ema,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        let average = || Ema::new(p.bars(0));
        Self { once: average(), twice: average(), wave: average(), signal: Ema::new(4) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let ema1 = self.once.next(median_price(bar));
        let ema2 = self.twice.next(ema1);
        let wave = self.wave.next(ema1 - ema2);
        put(lines, [wave, self.signal.next(wave), ema1, ema2, ema1 - ema2]);
    }
}
