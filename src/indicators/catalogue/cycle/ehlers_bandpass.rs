use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::filters::HighPass;
use crate::indicators::blocks::ratio;
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "ehlers_bandpass",
    title: "Band-pass filter",
    family: Family::Cycle,
    formula: "w = 2 pi / period; A(x) = (cos x + sin x - 1) / cos x; hp = (1 + a/2) (c - c[-1]) + (1 - a) hp[-1], a = \
              A(bandwidth w / 4); g = 1 / cos(bandwidth w); b = g - sqrt(g^2 - 1); bp = (1 - b) / 2 (hp - hp[-2]) + \
              cos w (1 + b) bp[-1] - b bp[-2]; peak = max(|bp|, 0.991 peak[-1]); signal = bp / peak; trigger = (1 + \
              e/2) (signal - signal[-1]) + (1 - e) trigger[-1], e = A(3/2 bandwidth w); filters at rest on their first \
              input",
    source: "J. F. Ehlers, Cycle Analytics for Traders (2013), chapter 5",
    params: &[
        Param::bars("period", "Centre of the band", 20, 8),
        Param::real("bandwidth", "Width of the band as a share of the period", 0.3, 0.01, 1.0),
    ],
    lines: &[
        LineSpec::output("signal", "Oscillation in the band as a share of its peak", Unit::bounded(-1.0, 1.0), first),
        LineSpec::output("trigger", "Lead of the signal", Unit::RATIO, first),
        LineSpec::output("bp", "Oscillation in the band", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("hp", "Close without its trend", Unit::PRICE_DIFFERENCE, first),
        LineSpec::internal("peak", "Size of the oscillation, slowly fading", Unit::PRICE_DIFFERENCE, first),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<BandPass>(),
};

/// What is left of the peak after a bar.
const FADING: f64 = 0.991;

fn first(p: Args<'_>) -> usize {
    p.bars(0) - 1
}

/// One-pole high-pass filter, at rest on its first value.
#[derive(Serialize, Deserialize)]
struct Difference {
    alpha: f64,
    x: f64,
    y: f64,
}

impl Difference {
    fn new(angle: f64) -> Self {
        Self { alpha: HighPass::alpha(angle), x: f64::NAN, y: 0.0 }
    }

    fn next(&mut self, x: f64) -> f64 {
        if x.is_nan() {
            return f64::NAN;
        }
        let change = if self.x.is_nan() { 0.0 } else { x - self.x };
        self.x = x;
        self.y = (1.0 + self.alpha / 2.0) * change + (1.0 - self.alpha) * self.y;
        self.y
    }
}

#[derive(Serialize, Deserialize)]
struct BandPass {
    high_pass: Difference,
    /// Last output of the high-pass and the one before.
    passed: [f64; 2],
    /// (1 - b) / 2, cos w (1 + b), b.
    gains: [f64; 3],
    bands: [f64; 2],
    peak: f64,
    lead: Difference,
    period: usize,
    bar: usize,
}

impl Build for BandPass {
    fn build(p: Args<'_>) -> Self {
        let (angle, width) = (TAU / p.real(0), p.real(1) * TAU / p.real(0));
        let g = 1.0 / width.cos();
        let b = g - (g * g - 1.0).sqrt();
        Self {
            high_pass: Difference::new(0.25 * width),
            passed: [0.0; 2],
            gains: [(1.0 - b) / 2.0, angle.cos() * (1.0 + b), b],
            bands: [0.0; 2],
            peak: 0.0,
            lead: Difference::new(1.5 * width),
            period: p.bars(0),
            bar: 0,
        }
    }
}

impl Indicator for BandPass {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let hp = self.high_pass.next(bar.close);
        let [gain, turn, keep] = self.gains;
        let bp = gain * (hp - self.passed[1]) + turn * self.bands[0] - keep * self.bands[1];
        self.passed = [hp, self.passed[0]];
        self.bands = [bp, self.bands[0]];
        self.peak = f64::max(FADING * self.peak, bp.abs());
        let signal = ratio(bp, self.peak);
        let trigger = self.lead.next(signal);
        self.bar += 1;
        if self.bar >= self.period {
            put(lines, [signal, trigger, bp, hp, self.peak]);
        }
    }
}
