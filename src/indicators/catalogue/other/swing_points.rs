use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Swings, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "swing_points",
    title: "Confirmed swing points",
    family: Family::Other,
    formula: "a swing high is a high that none of the side bars before exceeds and that all side bars after stay below, known \
              only on the last of these; lows mirrored; swing_high, swing_low = the last known, until there is one the \
              highest high and lowest low so far; high_distance = c / swing_high - 1, low_distance alike; high_age, low_age = \
              bars since the bar of that high or low; leg = 1 after a low, -1 after a high was the last to be known; \
              structure = 1 when the last two highs and the last two lows both rise, -1 when both fall, else 0",
    source: "Swings as in W. D. Gann's and R. J. Schabacker's charts; confirmation by a fixed number of bars",
    params: &[Param::bars("side", "Bars on either side of a swing", 5, 1)],
    lines: &[
        LineSpec::output("swing_high", "Last known swing high", Unit::PRICE, first),
        LineSpec::output("swing_low", "Last known swing low", Unit::PRICE, first),
        LineSpec::output("high_distance", "Close above the swing high, fraction", Unit::RATIO, first),
        LineSpec::output("low_distance", "Close above the swing low, fraction", Unit::RATIO, first),
        LineSpec::output("high_age", "Bars since the swing high", Unit::BARS, first),
        LineSpec::output("low_age", "Bars since the swing low", Unit::BARS, first),
        LineSpec::output("new_high", "1 on the bar that confirms a swing high", Unit::FLAG, first),
        LineSpec::output("new_low", "1 on the bar that confirms a swing low", Unit::FLAG, first),
        LineSpec::output("leg", "1 up from a low, -1 down from a high", Unit::FLAG, first),
        LineSpec::output("structure", "1 on rising highs and lows, -1 on falling ones", Unit::FLAG, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<SwingPoints>(),
};

fn first(p: Args<'_>) -> usize {
    2 * p.bars(0)
}

/// The last swings of one side.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Side {
    price: f64,
    age: f64,
    confirmed: bool,
    /// Sign of the step from the swing before; 0 without one.
    step: f64,
}

impl Side {
    const NONE: Self = Self { price: f64::NAN, age: 0.0, confirmed: false, step: 0.0 };

    /// Takes the extreme of the next bar, on which the swing `found` was confirmed; `sign` is 1 for highs, -1 for lows.
    fn next(&mut self, extreme: f64, found: Option<f64>, side: f64, sign: f64) {
        self.age += 1.0;
        if let Some(price) = found {
            if self.confirmed {
                self.step = f64::from(price > self.price) - f64::from(price < self.price);
            }
            (self.price, self.age, self.confirmed) = (price, side, true);
        } else if !self.confirmed && (self.price.is_nan() || sign * (extreme - self.price) >= 0.0) {
            (self.price, self.age) = (extreme, 0.0);
        }
    }
}

#[derive(Serialize, Deserialize)]
struct SwingPoints {
    swings: Swings,
    side: f64,
    bars: usize,
    high: Side,
    low: Side,
    leg: f64,
}

impl Build for SwingPoints {
    fn build(p: Args<'_>) -> Self {
        let swings = Swings::new(p.bars(0));
        Self { swings, side: p.real(0), bars: 0, high: Side::NONE, low: Side::NONE, leg: 0.0 }
    }
}

impl Indicator for SwingPoints {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (high, low) = self.swings.next(bar.high, bar.low);
        self.high.next(bar.high, high, self.side, 1.0);
        self.low.next(bar.low, low, self.side, -1.0);
        let (new_high, new_low) = (f64::from(high.is_some()), f64::from(low.is_some()));
        if new_high != new_low {
            self.leg = new_low - new_high;
        }
        self.bars += 1;
        if (self.bars as f64) <= 2.0 * self.side {
            return;
        }
        let structure = if self.high.step == self.low.step { self.high.step } else { 0.0 };
        put(
            lines,
            [
                self.high.price,
                self.low.price,
                ratio(bar.close, self.high.price) - 1.0,
                ratio(bar.close, self.low.price) - 1.0,
                self.high.age,
                self.low.age,
                new_high,
                new_low,
                self.leg,
                structure,
            ],
        );
    }
}
