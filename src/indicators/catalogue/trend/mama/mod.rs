mod original;

use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Window, median_price};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "mama",
    title: "MESA adaptive moving average",
    family: Family::Trend,
    formula: "p = (h + l) / 2; S = (4 p + 3 p[-1] + 2 p[-2] + p[-3]) / 10; H(x) = (0.0962 x + 0.5769 x[-2] - 0.5769 x[-4] - \
              0.0962 x[-6]) (0.075 mp[-1] + 0.54); D = H(S); Q1 = H(D); I1 = D[-3]; jI = H(I1); jQ = H(Q1); I2 = I1 - jQ and \
              Q2 = Q1 + jI, then Re = I2 I2[-1] + Q2 Q2[-1] and Im = I2 Q2[-1] - Q2 I2[-1], each smoothed by x = 0.2 x + 0.8 \
              x[-1] from its first value; mp = 360 / atan(Im / Re), held within 0.67 and 1.5 of mp[-1], then within 6 and 50, \
              then 0.2 mp + 0.8 mp[-1]; smoothPeriod = 0.33 mp + 0.67 smoothPeriod[-1], both from 6; phi = atan(Q1 / I1); \
              dphi = phi[-1] - phi, at least 1; alpha = fast / dphi held within slow and fast; MAMA = alpha p + (1 - alpha) \
              MAMA[-1]; FAMA = alpha/2 MAMA + (1 - alpha/2) FAMA[-1], both from p",
    source: "J. F. Ehlers, MESA Adaptive Moving Averages, TASC (September 2001)",
    params: &[
        Param::real("fast", "Greatest gain", 0.5, 0.01, 0.99),
        Param::real("slow", "Smallest gain", 0.05, 0.001, 0.99),
    ],
    lines: &[
        LineSpec::output("MAMA", "Average that follows as fast as the phase moves", Unit::PRICE, |_| OUTPUT),
        LineSpec::output("FAMA", "Average of MAMA with half the gain", Unit::PRICE, |_| OUTPUT),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("S", "Median price smoothed over four bars", Unit::PRICE, |_| SMOOTH),
        LineSpec::internal("D", "Detrended price", Unit::PRICE_DIFFERENCE, |_| DETREND),
        LineSpec::internal("Q1", "Quadrature component", Unit::PRICE_DIFFERENCE, |_| PHASE),
        LineSpec::internal("I1", "In-phase component", Unit::PRICE_DIFFERENCE, |_| DETREND + 3),
        LineSpec::internal("jI", "I1 advanced by 90 degrees", Unit::PRICE_DIFFERENCE, |_| DETREND + 9),
        LineSpec::internal("jQ", "Q1 advanced by 90 degrees", Unit::PRICE_DIFFERENCE, |_| PHASOR),
        LineSpec::internal("I2", "In-phase part of the smoothed phasor", Unit::PRICE_DIFFERENCE, |_| PHASOR),
        LineSpec::internal("Q2", "Quadrature part of the smoothed phasor", Unit::PRICE_DIFFERENCE, |_| PHASOR),
        LineSpec::internal("Re", "Real part of its turn since the bar before", Unit::price_power(2), |_| PHASOR + 1),
        LineSpec::internal("Im", "Imaginary part of its turn since the bar before", Unit::price_power(2), |_| {
            PHASOR + 1
        }),
        LineSpec::internal("mp", "Dominant period", Unit::BARS, |_| PHASOR + 1),
        LineSpec::internal("smoothPeriod", "Dominant period, smoothed again", Unit::BARS, |_| PHASOR + 1),
        LineSpec::internal("phi", "Phase", Unit::ANGLE, |_| PHASE),
        LineSpec::internal("dphi", "Fall of the phase in degrees, at least 1", Unit::RATIO, |_| OUTPUT),
        LineSpec::internal("alpha", "Gain in use", Unit::bounded(0.0, 1.0), |_| OUTPUT),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&original::DEFINITION),
    engine: Engine::of::<Mama>(),
};

/// First bars: of S, D, the phase, the phasor and the averages.
const SMOOTH: usize = 3;
const DETREND: usize = SMOOTH + 6;
const PHASE: usize = DETREND + 6;
const PHASOR: usize = PHASE + 6;
const OUTPUT: usize = PHASE + 1;

/// Period before it is measured, and the smallest and largest.
const SHORTEST: f64 = 6.0;
const LONGEST: f64 = 50.0;

/// The last seven values, newest first; missing before they came.
#[derive(Serialize, Deserialize)]
struct Past([f64; 7]);

impl Past {
    const fn new() -> Self {
        Self([f64::NAN; 7])
    }

    /// Takes the next value and gives its Hilbert transform: missing until seven came.
    fn hilbert(&mut self, x: f64, gain: f64) -> f64 {
        self.0.copy_within(0..6, 1);
        self.0[0] = x;
        let past = &self.0;
        (0.0962 * (past[0] - past[6]) + 0.5769 * (past[2] - past[4])) * gain
    }
}

/// x = 0.2 x + 0.8 x[-1], from the first value.
fn smooth(x: f64, before: f64) -> f64 {
    if before.is_nan() { x } else { before + 0.2 * (x - before) }
}

#[derive(Serialize, Deserialize)]
struct Mama {
    fast: f64,
    slow: f64,
    prices: Window,
    smooth: Past,
    detrended: Past,
    in_phase: Past,
    quadrature: Past,
    i2: f64,
    q2: f64,
    re: f64,
    im: f64,
    period: f64,
    smooth_period: f64,
    phase: f64,
    value: f64,
    fama: f64,
}

impl Build for Mama {
    fn build(p: Args<'_>) -> Self {
        Self {
            fast: p.real(0),
            slow: p.real(1),
            prices: Window::new(SMOOTH + 1),
            smooth: Past::new(),
            detrended: Past::new(),
            in_phase: Past::new(),
            quadrature: Past::new(),
            i2: f64::NAN,
            q2: f64::NAN,
            re: f64::NAN,
            im: f64::NAN,
            period: SHORTEST,
            smooth_period: SHORTEST,
            phase: f64::NAN,
            value: f64::NAN,
            fama: f64::NAN,
        }
    }
}

impl Indicator for Mama {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        lines[2] = p;
        self.prices.push(p);
        let &[d, c, b, a] = self.prices.as_slice() else { return };
        let s = (4.0 * a + 3.0 * b + 2.0 * c + d) / 10.0;
        let gain = 0.075 * self.period + 0.54;
        let detrended = self.smooth.hilbert(s, gain);
        let q1 = self.detrended.hilbert(detrended, gain);
        let i1 = self.detrended.0[3];
        let j_i = self.in_phase.hilbert(i1, gain);
        let j_q = self.quadrature.hilbert(q1, gain);
        lines[3..9].copy_from_slice(&[s, detrended, q1, i1, j_i, j_q]);
        self.measure(i1 - j_q, q1 + j_i, &mut lines[9..15]);
        self.follow(p, (q1, i1), lines);
    }
}

impl Mama {
    /// The period from the turn of the phasor (i2, q2).
    fn measure(&mut self, i2: f64, q2: f64, lines: &mut [f64]) {
        if i2.is_nan() {
            return;
        }
        let (i2, q2) = (smooth(i2, self.i2), smooth(q2, self.q2));
        [lines[0], lines[1]] = [i2, q2];
        let (re, im) = (i2 * self.i2 + q2 * self.q2, i2 * self.q2 - q2 * self.i2);
        (self.i2, self.q2) = (i2, q2);
        if re.is_nan() {
            return;
        }
        (self.re, self.im) = (smooth(re, self.re), smooth(im, self.im));
        let before = self.period;
        let turn = self.im / self.re;
        // Without a turn, or where the squares vanish or overflow, the period stays.
        let raw = if turn.is_finite() && turn != 0.0 { TAU / turn.atan() } else { before };
        let held = raw.min(1.5 * before).max(0.67 * before).clamp(SHORTEST, LONGEST);
        self.period = (0.2 * held + 0.8 * before).clamp(SHORTEST, LONGEST);
        self.smooth_period = 0.33 * self.period + 0.67 * self.smooth_period;
        lines[2..].copy_from_slice(&[self.re, self.im, self.period, self.smooth_period]);
    }

    /// The averages from the fall of the phase.
    fn follow(&mut self, p: f64, (q1, i1): (f64, f64), lines: &mut [f64]) {
        if q1.is_nan() {
            return;
        }
        let before = self.phase;
        if i1 != 0.0 {
            self.phase = (q1 / i1).atan().to_degrees();
        } else if before.is_nan() {
            self.phase = 0.0;
        }
        lines[15] = self.phase;
        if before.is_nan() {
            (self.value, self.fama) = (p, p);
            return;
        }
        let dphi = (before - self.phase).max(1.0);
        let alpha = (self.fast / dphi).max(self.slow).min(self.fast);
        self.value += alpha * (p - self.value);
        self.fama += 0.5 * alpha * (self.value - self.fama);
        [lines[0], lines[1], lines[16], lines[17]] = [self.value, self.fama, dphi, alpha];
    }
}
