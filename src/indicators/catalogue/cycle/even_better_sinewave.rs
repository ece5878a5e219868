use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::filters::SuperSmoother;
use crate::indicators::blocks::ratio;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "even_better_sinewave",
    title: "Even better sinewave",
    family: Family::Cycle,
    formula: "a = (1 - sin(2 pi / duration)) / cos(2 pi / duration); hp = (1 + a) / 2 (c - c[-1]) + a hp[-1], at rest \
              on the first close; filter = super smoother of smoothing on hp; power = mean of filter^2 over 3 bars; \
              wave = mean of filter over 3 bars / sqrt power; missing while the filter is 0",
    source: "J. F. Ehlers, Cycle Analytics for Traders (2013)",
    params: &[
        Param::bars("duration", "Cut-off: longer oscillations are removed", 40, 5),
        Param::bars("smoothing", "Cut-off: shorter oscillations are removed", 10, 2),
    ],
    lines: &[
        LineSpec::output("wave", "Phase of the cycle: 1 rising, -1 falling", Unit::bounded(-1.0, 1.0), first),
        // The high-pass alone is the distance from an exponential average, which others show.
        LineSpec::internal("filter", "Close between both cut-offs", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("power", "Mean square of filter", Unit::price_power(2), first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Sinewave>(),
};

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

#[derive(Serialize, Deserialize)]
struct Sinewave {
    alpha: f64,
    close: f64,
    hp: f64,
    smoother: SuperSmoother,
    /// Filter of the last bar and of the one before.
    filters: [f64; 2],
    duration: usize,
    bar: usize,
}

impl Build for Sinewave {
    fn build(p: Args<'_>) -> Self {
        let angle = TAU / p.real(0);
        Self {
            alpha: (1.0 - angle.sin()) / angle.cos(),
            close: f64::NAN,
            hp: 0.0,
            smoother: SuperSmoother::new(p.real(1)),
            filters: [0.0; 2],
            duration: p.bars(0),
            bar: 0,
        }
    }
}

impl Indicator for Sinewave {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let change = if self.close.is_nan() { 0.0 } else { bar.close - self.close };
        self.close = bar.close;
        self.hp = f64::midpoint(1.0, self.alpha) * change + self.alpha * self.hp;
        let filter = self.smoother.next(self.hp);
        let [one, two] = self.filters;
        self.filters = [filter, one];
        self.bar += 1;
        if self.bar >= self.duration {
            let power = (filter * filter + one * one + two * two) / 3.0;
            let wave = ratio((filter + one + two) / 3.0, power.sqrt()).clamp(-1.0, 1.0);
            put(lines, [wave, filter, power]);
        }
    }
}
