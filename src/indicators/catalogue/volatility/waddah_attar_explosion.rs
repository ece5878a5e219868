use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Arithmetic, Ema, Exact, Lag, Original, Spread as _, TrueRange, Wilder};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "waddah_attar_explosion",
    title: "Waddah Attar explosion",
    family: Family::Volatility,
    formula: "macd = EMA(c, fast) - EMA(c, slow); t1 = sensitivity (macd - macd[-1]); utrend = max(t1, 0); dtrend = \
              max(-t1, 0); exp = 2 mult STD(c, channel), the distance of the Bollinger bands; dead = dead_mult \
              ATR(dead_period); signal = sign(t1) where |t1| > exp > dead, else 0",
    source: "W. Attar, MetaTrader 4, in the public translation for TradingView by LazyBear (2014)",
    params: &params(100),
    lines: LINES,
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Explosion<Exact>>(),
};

/// The original takes the dead zone from 50 bars, and its deviation cancels digits of price-sized values.
static ORIGINAL: Definition = Definition {
    params: &params(50),
    compat: Compat::Absent,
    engine: Engine::of::<Explosion<Original>>(),
    ..DEFINITION
};

const fn params(dead_period: u16) -> [Param; 7] {
    [
        Param::bars("fast", "Length of the fast average", 20, 1),
        Param::bars("slow", "Length of the slow average", 40, 1),
        Param::bars("channel", "Length of the Bollinger bands", 20, 2),
        Param::real("mult", "Deviations from the mean to a band", 2.0, 0.1, 20.0),
        Param::real("sensitivity", "Factor of the change of the MACD", 150.0, 0.1, 10_000.0),
        Param::real("dead_mult", "Average ranges in the dead zone", 3.7, 0.0, 1000.0),
        Param::bars("dead_period", "Length of Wilder's average of the range", dead_period, 1),
    ]
}

const LINES: &[LineSpec] = &[
    LineSpec::output("utrend", "Rise of the MACD, scaled", Unit::PRICE_DIFFERENCE, first_trend),
    LineSpec::output("dtrend", "Fall of the MACD, scaled", Unit::PRICE_DIFFERENCE, first_trend),
    LineSpec::output("exp", "Explosion: distance of the Bollinger bands", Unit::PRICE_DIFFERENCE, |p| p.bars(2) - 1),
    LineSpec::output("dead", "Dead zone: a multiple of the range", Unit::PRICE_DIFFERENCE, |p| p.bars(6)),
    LineSpec::output("signal", "Direction of a trend beyond explosion and dead zone, else 0", Unit::FLAG, first_signal),
    LineSpec::internal("macd", "Fast minus slow average", Unit::PRICE_DIFFERENCE, |p| first_trend(p) - 1),
    LineSpec::internal("t1", "Change of the MACD, scaled", Unit::PRICE_DIFFERENCE, first_trend),
];

fn first_trend(p: Args<'_>) -> usize {
    p.bars(0).max(p.bars(1))
}

fn first_signal(p: Args<'_>) -> usize {
    first_trend(p).max(p.bars(2) - 1).max(p.bars(6))
}

#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
struct Explosion<A: Arithmetic> {
    fast: Ema,
    slow: Ema,
    previous: Lag,
    sensitivity: f64,
    deviation: A::Deviation,
    width: f64,
    range: TrueRange,
    average_range: Wilder,
    dead_width: f64,
}

impl<A: Arithmetic> Build for Explosion<A> {
    fn build(p: Args<'_>) -> Self {
        Self {
            fast: Ema::new(p.bars(0)),
            slow: Ema::new(p.bars(1)),
            previous: Lag::new(1),
            sensitivity: p.real(4),
            deviation: A::Deviation::new(p.bars(2)),
            width: 2.0 * p.real(3),
            range: TrueRange::default(),
            average_range: Wilder::new(p.bars(6)),
            dead_width: p.real(5),
        }
    }
}

impl<A: Arithmetic> Indicator for Explosion<A> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let macd = self.fast.next(bar.close) - self.slow.next(bar.close);
        let t1 = self.sensitivity * (macd - self.previous.next(macd));
        let exp = self.width * self.deviation.next(bar.close);
        let dead = self.dead_width * self.average_range.next(self.range.next(bar).range);
        lines[2..7].copy_from_slice(&[exp, dead, f64::NAN, macd, t1]);
        if t1.is_nan() {
            return;
        }
        lines[..2].copy_from_slice(&[t1.max(0.0), (-t1).max(0.0)]);
        if !(exp.is_nan() || dead.is_nan()) {
            lines[4] = if t1.abs() > exp && exp > dead { t1.signum() } else { 0.0 };
        }
    }
}
