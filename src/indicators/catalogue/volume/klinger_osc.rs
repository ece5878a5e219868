use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, Lag, ratio, ratio_or_zero, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const DIFFERENCE: Unit = Unit::VOLUME_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "klinger_osc",
    title: "Klinger volume oscillator",
    family: Family::Volume,
    formula: "trend = 1 if h + l + c > (h + l + c)[-1] else -1; dm = h - l; cm = cm[-1] + dm while the trend lasts, dm[-1] + \
              dm when it turns; vf = 100 v |2 dm / cm - 1| trend; kvo = EMA(vf, fast) - EMA(vf, slow); sig = EMA(kvo, \
              signal)",
    source: "S. J. Klinger, Identifying Trends with Volume Analysis, Technical Analysis of Stocks & Commodities (1997)",
    params: PARAMS,
    lines: &[
        LineSpec::output("kvo", "Fast minus slow average of the volume force", DIFFERENCE, first),
        LineSpec::output("sig", "Signal: average of kvo", DIFFERENCE, first_signal),
        LineSpec::internal("vf", "Volume force", DIFFERENCE, |_| 1),
        LineSpec::internal("trend", "1 when the typical price rose, else -1", Unit::FLAG, |_| 1),
        LineSpec::internal("cm", "Range of the trend so far", Unit::PRICE_DIFFERENCE, |_| 1),
        LineSpec::internal("fast_ema", "Fast average of the volume force", DIFFERENCE, |p| p.bars(0)),
        LineSpec::internal("slow_ema", "Slow average of the volume force", DIFFERENCE, |p| p.bars(1)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Klinger>(),
};

const PARAMS: &[Param] = &[
    Param::bars("fast", "Length of the fast average", 34, 1),
    Param::bars("slow", "Length of the slow average", 55, 1),
    Param::bars("signal", "Length of the signal average", 13, 1),
];

fn first(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1))
}

fn first_signal(p: Args<'_>) -> usize {
    first(p) + p.bars(2) - 1
}

#[derive(Serialize, Deserialize)]
struct Averages {
    fast: Ema,
    slow: Ema,
    signal: Ema,
}

impl Averages {
    fn new(p: Args<'_>) -> Self {
        Self { fast: Ema::new(p.bars(0)), slow: Ema::new(p.bars(1)), signal: Ema::new(p.bars(2)) }
    }

    /// Oscillator, signal, fast and slow average.
    fn next(&mut self, force: f64) -> [f64; 4] {
        let (fast, slow) = (self.fast.next(force), self.slow.next(force));
        [fast - slow, self.signal.next(fast - slow), fast, slow]
    }
}

#[derive(Serialize, Deserialize)]
struct Klinger {
    price: Lag,
    range: f64,
    trend: f64,
    movement: f64,
    averages: Averages,
}

impl Build for Klinger {
    fn build(p: Args<'_>) -> Self {
        Self { price: Lag::new(1), range: f64::NAN, trend: 0.0, movement: f64::NAN, averages: Averages::new(p) }
    }
}

impl Indicator for Klinger {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = bar.high + bar.low + bar.close;
        let before = self.price.next(price);
        let range = bar.high - bar.low;
        let range_before = std::mem::replace(&mut self.range, range);
        if before.is_nan() {
            return;
        }
        let trend = if price > before { 1.0 } else { -1.0 };
        let start = if trend == self.trend { self.movement } else { range_before };
        self.trend = trend;
        self.movement = start + range;
        let force = 100.0 * bar.volume * (2.0 * ratio(range, self.movement) - 1.0).abs() * trend;
        let [kvo, signal, fast, slow] = self.averages.next(force);
        put(lines, [kvo, signal, force, trend, self.movement, fast, slow]);
    }
}

/// The whole volume takes the sign of the change of the typical price: no volume force.
static ORIGINAL: Definition = Definition {
    lines: &[
        LineSpec::output("kvo", "Fast minus slow average of the signed volume", DIFFERENCE, first),
        LineSpec::output("sig", "Signal: average of kvo", DIFFERENCE, first_signal),
        LineSpec::internal("sv", "Volume with the sign of the typical price's change", DIFFERENCE, |_| 1),
    ],
    formula: "tp = (h + l + c) / 3; sv = v if tp >= tp[-1] else -v; kvo = EMA(sv, fast) - EMA(sv, slow); sig = EMA(kvo, \
              signal)",
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Original {
    price: Lag,
    averages: Averages,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { price: Lag::new(1), averages: Averages::new(p) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = typical_price(bar);
        let before = self.price.next(price);
        if before.is_nan() {
            return;
        }
        let signed = if ratio_or_zero(price - before, before) >= 0.0 { bar.volume } else { -bar.volume };
        let [kvo, signal, ..] = self.averages.next(signed);
        put(lines, [kvo, signal, signed]);
    }
}
