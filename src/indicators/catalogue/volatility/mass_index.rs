use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Ema, RollingSum, ratio};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "mass_index",
    title: "Mass index",
    family: Family::Volatility,
    formula: "ema = EMA(h - l, period); ema_ema = EMA(ema, period); spread = ema / ema_ema; mass = SUM(spread, sum); \
              bulge = 1 on the bar on which mass, having risen above set_up, falls below trigger, else 0",
    source: "D. Dorsey, The Mass Index, Technical Analysis of Stocks & Commodities (June 1992)",
    params: &[
        Param::bars("period", "Length of both averages", 9, 1),
        Param::bars("sum", "Quotients in the sum", 25, 2),
        Param::real("set_up", "Level a bulge must exceed", 27.0, 0.1, 10_000.0),
        Param::real("trigger", "Level below which it is complete", 26.5, 0.1, 10_000.0),
    ],
    lines: &[
        LineSpec::output("mass", "Sum of the quotients", Unit::RATIO, first_mass),
        LineSpec::output("bulge", "1 when a reversal bulge is complete", Unit::FLAG, first_mass),
        LineSpec::internal("spread", "Average range over its average", Unit::RATIO, first_spread),
        LineSpec::internal("ema", "Average of high - low", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("ema_ema", "Average of the average", Unit::PRICE_DIFFERENCE, first_spread),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<State>(),
};

fn first_spread(p: Args<'_>) -> usize {
    2 * (p.bars(0) - 1)
}

fn first_mass(p: Args<'_>) -> usize {
    first_spread(p) + p.bars(1) - 1
}

#[derive(Serialize, Deserialize)]
struct State {
    once: Ema,
    twice: Ema,
    sum: RollingSum,
    set_up: f64,
    trigger: f64,
    bulging: bool,
}

impl Build for State {
    fn build(p: Args<'_>) -> Self {
        Self {
            once: Ema::new(p.bars(0)),
            twice: Ema::new(p.bars(0)),
            sum: RollingSum::new(p.bars(1)),
            set_up: p.real(2),
            trigger: p.real(3),
            bulging: false,
        }
    }
}

impl Indicator for State {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let once = self.once.next(bar.high - bar.low);
        let twice = self.twice.next(once);
        let spread = ratio(once, twice);
        let mass = self.sum.next(spread);
        put(lines, [mass, f64::NAN, spread, once, twice]);
        if !mass.is_nan() {
            let complete = self.bulging && mass < self.trigger;
            self.bulging = !complete && (self.bulging || mass > self.set_up);
            lines[1] = f64::from(complete);
        }
    }
}
