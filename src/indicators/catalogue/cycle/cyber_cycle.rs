use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Lag, Window, median_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "cyber_cycle",
    title: "Cyber cycle",
    family: Family::Cycle,
    formula: "p = (h + l) / 2; smooth = (p + 2 p[-1] + 2 p[-2] + p[-3]) / 6; cycle = (1 - a/2)^2 (smooth - 2 smooth[-1] + \
              smooth[-2]) + 2 (1 - a) cycle[-1] - (1 - a)^2 cycle[-2], a = alpha, started on bars 2 to 5 from (p - 2 \
              p[-1] + p[-2]) / 4; trigger = cycle[-1]",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 4",
    params: &[Param::real("alpha", "Damping of the high-pass filter", 0.07, 0.001, 0.999)],
    lines: &[
        LineSpec::output("cycle", "Cyclic part of the price", Unit::PRICE_DIFFERENCE, |_| START),
        LineSpec::output("trigger", "The cycle one bar before", Unit::PRICE_DIFFERENCE, |_| START + 1),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("smooth", "Median price smoothed over four bars", Unit::PRICE, |_| 3),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<CyberCycle>(),
};

/// First bar of the recursion.
const START: usize = 6;

#[derive(Serialize, Deserialize)]
struct CyberCycle {
    alpha: f64,
    bar: usize,
    prices: Window,
    smooths: Window,
    /// Cycle of the last bar and of the one before.
    cycles: [f64; 2],
    trigger: Lag,
}

impl Build for CyberCycle {
    fn build(p: Args<'_>) -> Self {
        Self {
            alpha: p.real(0),
            bar: 0,
            prices: Window::new(4),
            smooths: Window::new(3),
            cycles: [f64::NAN; 2],
            trigger: Lag::new(1),
        }
    }
}

impl Indicator for CyberCycle {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = median_price(bar);
        self.prices.push(price);
        lines[2] = price;
        if let &[d, c, b, a] = self.prices.as_slice() {
            let smooth = (a + 2.0 * b + 2.0 * c + d) / 6.0;
            self.smooths.push(smooth);
            lines[3] = smooth;
        }
        let cycle = self.cycle();
        self.cycles = [cycle, self.cycles[0]];
        if self.bar >= START {
            lines[0] = cycle;
            lines[1] = self.trigger.next(cycle);
        }
        self.bar += 1;
    }
}

impl CyberCycle {
    fn cycle(&self) -> f64 {
        if self.bar >= START
            && let &[c, b, a] = self.smooths.as_slice()
        {
            let (gain, keep) = (1.0 - self.alpha / 2.0, 1.0 - self.alpha);
            return gain * gain * (a - 2.0 * b + c) + 2.0 * keep * self.cycles[0] - keep * keep * self.cycles[1];
        }
        match self.prices.as_slice() {
            &[.., c, b, a] => (a - 2.0 * b + c) / 4.0,
            _ => f64::NAN,
        }
    }
}
