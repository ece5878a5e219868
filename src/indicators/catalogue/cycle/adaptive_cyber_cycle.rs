use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::cyber_cycle::{Cycle, START, Smoothing};
use crate::indicators::blocks::{Window, median_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const DIFFERENCE: Unit = Unit::PRICE_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "adaptive_cyber_cycle",
    title: "Adaptive cyber cycle",
    family: Family::Cycle,
    formula: "x = the cyber cycle of damping alpha; q1 = (0.0962 x + 0.5769 x[-2] - 0.5769 x[-4] - 0.0962 x[-6]) (0.5 \
              + 0.08 instant_period[-1]), 15 for a period not yet known; i1 = x[-3]; delta_phase = (i1 / q1 - i1[-1] / \
              q1[-1]) / (1 + i1 i1[-1] / (q1 q1[-1])) held within 0.1 and 1.1, kept while a q1 is 0; raw_period = 2 pi \
              / median(delta_phase, 5) + 0.5; instant_period = 0.33 raw_period + 0.67 instant_period[-1]; period = \
              0.15 instant_period + 0.85 period[-1], both from the first raw_period; cycle = the cyber cycle recursion \
              with a = 2 / (period + 1); signal = signal[-1] + (cycle - signal[-1]) / (lag + 1) from the first cycle; \
              trigger = cycle[-1]",
    source: "J. F. Ehlers, Cybernetic Analysis for Stocks and Futures (2004), chapters 9 and 10; signal: chapter 4",
    params: &[
        Param::real("alpha", "Damping of the cycle that is measured", 0.07, 0.001, 0.999),
        Param::bars("lag", "Delay of the signal", 9, 0),
    ],
    lines: &[
        LineSpec::output("cycle", "Cycle with the damping of its own period", DIFFERENCE, |_| FIRST_PERIOD),
        LineSpec::output("signal", "The cycle smoothed", DIFFERENCE, |_| FIRST_PERIOD),
        LineSpec::output("trigger", "The cycle one bar before", DIFFERENCE, |_| FIRST_PERIOD + 1),
        LineSpec::internal("smooth", "Median price smoothed over four bars", Unit::PRICE, |_| 3),
        LineSpec::internal("q1", "Quadrature of the measured cycle", DIFFERENCE, |_| FIRST_QUADRATURE),
        LineSpec::internal("delta_phase", "Turn of the phase, radians a bar", Unit::bounded(0.1, 1.1), |_| {
            FIRST_QUADRATURE + 1
        }),
        LineSpec::internal("raw_period", "Period by the median turn", Unit::BARS, |_| FIRST_PERIOD),
        LineSpec::internal("instant_period", "raw_period smoothed", Unit::BARS, |_| FIRST_PERIOD),
        LineSpec::internal("period", "instant_period smoothed", Unit::BARS, |_| FIRST_PERIOD),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Adaptive>(),
};

/// Measures no period: a cyber cycle of fixed length on the close, whose signal shrinks the cycle instead of smoothing
/// it before bar period - 1.
static ORIGINAL: Definition = Definition {
    formula: "cyber cycle of the close with a = 2 / (period + 1), (c - 2 c[-1] + c[-2]) / 4 before bar period - 1; \
              signal = g cycle + (1 - g) signal[-1], g = 1 / (lag + 1), g cycle before bar period - 1; trigger = \
              signal[-1]",
    source: "BTQuant, AdaptiveCyberCycle",
    params: &[
        Param::bars("period", "Sets the damping and the start of the recursions", 30, 6),
        Param::bars("lag", "Delay of the signal", 9, 0),
    ],
    lines: &[
        LineSpec::output("cycle", "Cyclic part of the close", DIFFERENCE, |_| 2),
        LineSpec::output("signal", "The cycle smoothed", DIFFERENCE, |_| 2),
        LineSpec::output("trigger", "The signal one bar before", DIFFERENCE, |p| p.bars(0) - 1),
        LineSpec::internal("smooth", "Close smoothed over four bars", Unit::PRICE, |_| 3),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

/// First bar with a quadrature: the rough cycle starts at bar 2 and six more are needed.
const FIRST_QUADRATURE: usize = 8;
/// First bar with five turns of the phase.
const FIRST_PERIOD: usize = FIRST_QUADRATURE + 5;
/// The usual period while none is measured.
const UNKNOWN_PERIOD: f64 = 15.0;

#[derive(Serialize, Deserialize)]
struct Adaptive {
    alpha: f64,
    gain: f64,
    smoothing: Smoothing,
    measured: Cycle,
    period: Period,
    cycle: Cycle,
    signal: f64,
}

impl Build for Adaptive {
    fn build(p: Args<'_>) -> Self {
        Self {
            alpha: p.real(0),
            gain: 1.0 / (p.real(1) + 1.0),
            smoothing: Smoothing::new(),
            measured: Cycle::new(START),
            period: Period::new(),
            cycle: Cycle::new(FIRST_PERIOD),
            signal: f64::NAN,
        }
    }
}

impl Indicator for Adaptive {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = self.smoothing.next(median_price(bar));
        let measured = self.measured.next(&price, self.alpha);
        let [q1, delta, raw, instant, period] = self.period.next(measured);
        let is_started = self.cycle.is_started();
        let trigger = self.cycle.last();
        let cycle = self.cycle.next(&price, 2.0 / (period + 1.0));
        lines[3..].copy_from_slice(&[price.smooth, q1, delta, raw, instant, period]);
        if is_started {
            let before = if self.signal.is_nan() { cycle } else { self.signal };
            lines[2] = if self.signal.is_nan() { f64::NAN } else { trigger };
            self.signal = before + self.gain * (cycle - before);
            lines[..2].copy_from_slice(&[cycle, self.signal]);
        }
    }
}

/// Period of a cycle from the turn of its phase per bar.
#[derive(Serialize, Deserialize)]
struct Period {
    cycles: Window,
    /// In-phase and quadrature part one bar before.
    previous: [f64; 2],
    /// The last five turns, newest first.
    deltas: [f64; 5],
    instant: f64,
    smooth: f64,
}

impl Period {
    fn new() -> Self {
        Self {
            cycles: Window::new(7),
            previous: [f64::NAN; 2],
            deltas: [f64::NAN; 5],
            instant: f64::NAN,
            smooth: f64::NAN,
        }
    }

    /// Quadrature, turn, and period raw, smoothed and smoothed again.
    fn next(&mut self, cycle: f64) -> [f64; 5] {
        if cycle.is_nan() {
            return [f64::NAN; 5];
        }
        self.cycles.push(cycle);
        let &[g, _, e, d, c, _, a] = self.cycles.as_slice() else {
            return [f64::NAN; 5];
        };
        let known = if self.instant.is_nan() { UNKNOWN_PERIOD } else { self.instant };
        let q1 = (0.0962 * a + 0.5769 * c - 0.5769 * e - 0.0962 * g) * (0.5 + 0.08 * known);
        let delta = self.turn(d, q1);
        if self.deltas.iter().any(|v| v.is_nan()) {
            return [q1, delta, f64::NAN, f64::NAN, f64::NAN];
        }
        let raw = TAU / median(self.deltas) + 0.5;
        let smooth = |before: f64, x: f64, gain: f64| if before.is_nan() { x } else { before + gain * (x - before) };
        self.instant = smooth(self.instant, raw, 0.33);
        self.smooth = smooth(self.smooth, self.instant, 0.15);
        [q1, delta, raw, self.instant, self.smooth]
    }

    fn turn(&mut self, i1: f64, q1: f64) -> f64 {
        let [i0, q0] = std::mem::replace(&mut self.previous, [i1, q1]);
        if q0.is_nan() {
            return f64::NAN;
        }
        // (i1/q1 - i0/q0) / (1 + i1 i0 / (q1 q0)) times q1 q0 above and below.
        let turn = (i1 * q0 - i0 * q1) / (q1 * q0 + i1 * i0);
        let before = if self.deltas[0].is_nan() { 0.1 } else { self.deltas[0] };
        let delta = if q1 == 0.0 || q0 == 0.0 || turn.is_nan() { before } else { turn.clamp(0.1, 1.1) };
        let [a, b, c, d, _] = self.deltas;
        self.deltas = [delta, a, b, c, d];
        delta
    }
}

fn median([a, b, c, d, e]: [f64; 5]) -> f64 {
    // The least and the greatest of four are not the median of five; of the others and the fifth it is the middle.
    let (low, high) = (a.min(b).max(c.min(d)), a.max(b).min(c.max(d)));
    e.max(low.min(high)).min(low.max(high))
}

#[derive(Serialize, Deserialize)]
struct Original {
    alpha: f64,
    gain: f64,
    smoothing: Smoothing,
    cycle: Cycle,
    signal: f64,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self {
            alpha: 2.0 / (p.real(0) + 1.0),
            gain: 1.0 / (p.real(1) + 1.0),
            smoothing: Smoothing::new(),
            cycle: Cycle::new(p.bars(0) - 1),
            signal: f64::NAN,
        }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = self.smoothing.next(bar.close);
        let is_started = self.cycle.is_started();
        let cycle = self.cycle.next(&price, self.alpha);
        let trigger = std::mem::replace(&mut self.signal, self.gain * cycle);
        if is_started {
            self.signal += (1.0 - self.gain) * trigger;
            lines[2] = trigger;
        }
        lines[..2].copy_from_slice(&[cycle, self.signal]);
        lines[3] = price.smooth;
    }
}
