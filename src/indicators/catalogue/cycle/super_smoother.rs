use serde::{Deserialize, Serialize};

use super::filters::{OriginalSmoother, SuperSmoother};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "super_smoother",
    title: "Super smoother",
    family: Family::Cycle,
    formula: "a = e^(-sqrt 2 pi / period); c2 = 2 a cos(sqrt 2 pi / period); c3 = -a^2; c1 = 1 - c2 - c3; filter = c1 \
              (c + c[-1]) / 2 + c2 filter[-1] + c3 filter[-2], at rest on the first close",
    source: "J. F. Ehlers, Cycle Analytics for Traders (2013), chapter 3",
    params: &[Param::bars("period", "Cut-off: shorter oscillations are removed", 10, 2)],
    lines: &[LineSpec::output("filter", "Close without short oscillations", Unit::PRICE, |p| p.bars(0) - 1)],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Smoother>(),
};

#[derive(Serialize, Deserialize)]
struct Smoother {
    filter: SuperSmoother,
    period: usize,
    bar: usize,
}

impl Build for Smoother {
    fn build(p: Args<'_>) -> Self {
        Self { filter: SuperSmoother::new(p.real(0)), period: p.bars(0), bar: 0 }
    }
}

impl Indicator for Smoother {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let filter = self.filter.next(bar.close);
        self.bar += 1;
        if self.bar >= self.period {
            lines[0] = filter;
        }
    }
}

/// Rounds the constants, and shows the means of two closes with which it fills the first nine bars.
static ORIGINAL: Definition = Definition {
    formula: "as the standard with 1.414 for sqrt 2 and 3.14159 for pi; (c + c[-1]) / 2 before bar 9",
    source: "BTQuant, SuperSmoother",
    lines: &[LineSpec::output("filter", "Close without short oscillations", Unit::PRICE, |_| 1)],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

#[derive(Serialize, Deserialize)]
struct Original(OriginalSmoother);

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self(OriginalSmoother::new(p.real(0), 9))
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        lines[0] = self.0.next(bar.close);
    }
}
