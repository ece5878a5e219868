use serde::{Deserialize, Serialize};

use super::filters::TwoPole;
use crate::indicators::blocks::median_price;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "butterworth",
    title: "Butterworth filter",
    family: Family::Cycle,
    formula: "p = (h + l) / 2; a = e^(-sqrt 2 pi / period); c2 = 2 a cos(sqrt 2 pi / period); c3 = -a^2; c1 = (1 - c2 \
              - c3) / 4; butter = c1 (p + 2 p[-1] + p[-2]) + c2 butter[-1] + c3 butter[-2], at rest on the first p",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapter 13",
    params: &[Param::bars("period", "Cut-off: shorter oscillations are removed", 20, 2)],
    lines: &[
        LineSpec::output("butter", "Median price without short oscillations", Unit::PRICE, |p| p.bars(0) - 1),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Butterworth<false>>(),
};

/// Rounds the constants, and shows the median price for the first nine bars.
static ORIGINAL: Definition = Definition {
    formula: "as the standard with 1.414 for sqrt 2 and 3.14159 for pi; p before bar 9",
    source: "BTQuant, Butterworth",
    lines: &[
        LineSpec::output("butter", "Median price without short oscillations", Unit::PRICE, |_| 0),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Butterworth<true>>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Butterworth<const ORIGINAL: bool> {
    poles: TwoPole,
    /// Last price and the one before.
    prices: [f64; 2],
    bar: usize,
    /// First bar of the recursion in the original, first bar shown in the standard.
    start: usize,
}

impl<const ORIGINAL: bool> Build for Butterworth<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let poles = if ORIGINAL { TwoPole::rounded(p.real(0)) } else { TwoPole::butterworth(p.real(0)) };
        Self { poles, prices: [f64::NAN; 2], bar: 0, start: if ORIGINAL { 9 } else { p.bars(0) - 1 } }
    }
}

impl<const ORIGINAL: bool> Indicator for Butterworth<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        lines[1] = p;
        if self.bar == 0 {
            self.prices = [p; 2];
        }
        let mean = (p + 2.0 * self.prices[0] + self.prices[1]) / 4.0;
        self.prices = [p, self.prices[0]];
        let is_started = self.bar >= self.start;
        self.bar += 1;
        if ORIGINAL && !is_started {
            self.poles.hold(p);
            lines[0] = p;
            return;
        }
        let butter = self.poles.next(mean);
        if is_started {
            lines[0] = butter;
        }
    }
}
