use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::filters::{HighPass, OriginalSmoother, StochasticFisher, SuperSmoother};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const PARAMS: &[Param] = &[
    Param::bars("hp_period", "Cut-off: longer oscillations are removed", 48, 4),
    Param::bars("ss_period", "Cut-off: shorter oscillations are removed", 10, 2),
    Param::bars("smooth", "Length of the average before the transform", 2, 1),
];

pub(super) static DEFINITION: Definition = Definition {
    id: "roofing_filter",
    title: "Roofing filter",
    family: Family::Cycle,
    formula: "b = sqrt 2 pi / hp_period; a = (cos b + sin b - 1) / cos b; hp = (1 - a/2)^2 (c - 2 c[-1] + c[-2]) + 2 \
              (1 - a) hp[-1] - (1 - a)^2 hp[-2], at rest on the first close; roof = super smoother of ss_period on hp; \
              place = 10 (roof - LL(roof, 20)) / (HH(roof, 20) - LL(roof, 20)) - 5, 0 on a flat range; iroof = \
              tanh(SMA(place, smooth))",
    source: "J. F. Ehlers, Cycle Analytics for Traders (2013); The inverse Fisher transform, \
             Technical Analysis of Stocks & Commodities (May 2004)",
    params: PARAMS,
    lines: &[
        LineSpec::output("roof", "Close between both cut-offs", Unit::PRICE_DIFFERENCE, first_roof),
        LineSpec::output("iroof", "Place of roof in its range, compressed", Unit::bounded(-1.0, 1.0), |p| {
            first_roof(p) + RANGE + p.bars(2) - 2
        }),
        LineSpec::internal("hp", "Close without long oscillations", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Roofing>(),
};

/// Shows stand-ins for the filters before bars 9 and 18, whatever the periods, and rounds the constants; -5 on a flat
/// range.
static ORIGINAL: Definition = Definition {
    formula: "as the standard with 0.707 for sqrt 1/2, 1.414 for sqrt 2 and 3.14159 for pi; hp without its recursion \
              before bar 9; roof = (hp + hp[-1]) / 2 before bar 18, shown from there; -5 on a flat range",
    source: "BTQuant, RoofingFilter",
    lines: &[
        LineSpec::output("roof", "Close between both cut-offs", Unit::PRICE_DIFFERENCE, |_| ORIGINAL_START),
        LineSpec::output("iroof", "Place of roof in its range, compressed", Unit::bounded(-1.0, 1.0), |p| {
            ORIGINAL_START + RANGE + p.bars(2) - 2
        }),
        LineSpec::internal("hp", "Close without long oscillations", Unit::PRICE_DIFFERENCE, |_| 2),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// Bars of the range in which the filtered close is placed.
const RANGE: usize = 20;
const SCALING: f64 = 5.0;
/// First bar of the original's smoothing recursion.
const ORIGINAL_START: usize = 18;

fn first_roof(p: Args<'_>) -> usize {
    p.bars(0) + p.bars(1) - 2
}

#[derive(Serialize, Deserialize)]
struct Roofing {
    high_pass: HighPass,
    smoother: SuperSmoother,
    fisher: StochasticFisher<false>,
    bar: usize,
    /// First bar with a high-pass, first bar with a roof.
    firsts: [usize; 2],
}

impl Build for Roofing {
    fn build(p: Args<'_>) -> Self {
        Self {
            high_pass: HighPass::new(p.real(0)),
            smoother: SuperSmoother::new(p.real(1)),
            fisher: StochasticFisher::new(RANGE, SCALING, p.bars(2)),
            bar: 0,
            firsts: [p.bars(0) - 1, first_roof(p)],
        }
    }
}

impl Indicator for Roofing {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let hp = self.high_pass.next(bar.close);
        let roof = self.smoother.next(hp);
        if self.bar >= self.firsts[0] {
            lines[2] = hp;
        }
        if self.bar >= self.firsts[1] {
            lines[..2].copy_from_slice(&[roof, self.fisher.next(roof)[2]]);
        }
        self.bar += 1;
    }
}

#[derive(Serialize, Deserialize)]
struct Original {
    /// (1 - a/2)^2 and 1 - a.
    gains: [f64; 2],
    closes: [f64; 2],
    passed: [f64; 2],
    smoother: OriginalSmoother,
    fisher: StochasticFisher<true>,
    bar: usize,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        let alpha = HighPass::alpha(0.707 * TAU / p.real(0));
        let gain = 1.0 - alpha / 2.0;
        Self {
            gains: [gain * gain, 1.0 - alpha],
            closes: [f64::NAN; 2],
            passed: [f64::NAN; 2],
            smoother: OriginalSmoother::new(p.real(1), ORIGINAL_START),
            fisher: StochasticFisher::new(RANGE, SCALING, p.bars(2)),
            bar: 0,
        }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let [gain, keep] = self.gains;
        let mut hp = gain * (bar.close - 2.0 * self.closes[0] + self.closes[1]);
        if self.bar >= 9 {
            hp += 2.0 * keep * self.passed[0] - keep * keep * self.passed[1];
        }
        self.closes = [bar.close, self.closes[0]];
        self.passed = [hp, self.passed[0]];
        let roof = self.smoother.next(hp);
        lines[2] = hp;
        if self.bar >= ORIGINAL_START {
            lines[..2].copy_from_slice(&[roof, self.fisher.next(roof)[2]]);
        }
        self.bar += 1;
    }
}
