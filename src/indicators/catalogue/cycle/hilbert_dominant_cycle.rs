use std::f64::consts::{FRAC_1_SQRT_2, TAU};
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Window, dot, sum_of};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Unit};
use crate::market::Bar;

const DIFFERENCE: Unit = Unit::PRICE_DIFFERENCE;

pub(super) static DEFINITION: Definition = Definition {
    id: "hilbert_dominant_cycle",
    title: "Dominant cycle by the Hilbert transform",
    family: Family::Cycle,
    formula: "smooth = (4 c + 3 c[-1] + 2 c[-2] + c[-3]) / 10; H(x) = (0.0962 x + 0.5769 x[-2] - 0.5769 x[-4] - 0.0962 \
              x[-6]) (0.075 period[-1] + 0.54); detrender = H(smooth); q1 = H(detrender); i1 = detrender[-3]; I = i1 - \
              H(q1) and Q = q1 + H(i1), each smoothed by y = 0.2 x + 0.8 y[-1]; Re = I I[-1] + Q Q[-1] and Im = I \
              Q[-1] - Q I[-1], smoothed alike; t = 2 pi / atan(Im / Re) held within 0.67 and 1.5 times period[-1], \
              then within 6 and 50; period = 0.2 t + 0.8 period[-1]; smooth_period = 0.33 period + 0.67 \
              smooth_period[-1], both from 15; n = floor(smooth_period + 0.5); phase = the angle of sum(smooth[-k] \
              e^(2 pi i k / n)), k below n, plus 90 (a peak) and 360 / smooth_period (the lag), from -45 to 315; sine \
              = sin phase; lead_sine = sin(phase + 45); trendline = (4 m + 3 m[-1] + 2 m[-2] + m[-3]) / 10, m the mean \
              of n closes; trend_mode = 0 on less than half a smooth_period since the sines crossed and where the \
              phase turns by 0.67 to 1.5 times 360 / smooth_period, else 1, and 1 where smooth is 1.5 percent or more \
              off the trendline",
    source: "J. F. Ehlers, Rocket Science for Traders (2001); as in TA-Lib's HT_DCPERIOD, HT_DCPHASE, HT_SINE, \
             HT_TRENDLINE and HT_TRENDMODE",
    params: &[],
    lines: &[
        LineSpec::output("smooth_period", "Period of the dominant cycle", Unit::BARS, |_| FIRST_PERIOD),
        LineSpec::output("phase", "Phase of the dominant cycle", Unit::ANGLE, |_| FIRST_PHASE),
        LineSpec::output("sine", "Sine of the phase", Unit::bounded(-1.0, 1.0), |_| FIRST_PHASE),
        LineSpec::output("lead_sine", "Sine of the phase 45 degrees on", Unit::bounded(-1.0, 1.0), |_| FIRST_PHASE),
        LineSpec::output("trend_mode", "1 in a trend, 0 in a cycle", Unit::FLAG, |_| FIRST_PHASE),
        LineSpec::output("trendline", "Close without the dominant cycle", Unit::PRICE, |_| FIRST_PHASE),
        LineSpec::internal("smooth", "Close smoothed over four bars", Unit::PRICE, |_| 3),
        LineSpec::internal("detrender", "Smoothed close without its trend", DIFFERENCE, |_| 9),
        LineSpec::internal("i1", "In-phase part", DIFFERENCE, |_| 12),
        LineSpec::internal("q1", "Quadrature part", DIFFERENCE, |_| 15),
        LineSpec::internal("period", "Period before its last smoothing", Unit::BARS, |_| FIRST_PERIOD),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Hilbert>(),
};

/// From here on, as in TA-Lib; the discriminator runs from bar 21.
pub(in crate::indicators) const FIRST_PERIOD: usize = 32;
/// From here on, as in TA-Lib; the longest period fits from bar 52.
const FIRST_PHASE: usize = 63;
const SHORTEST: usize = 6;
const LONGEST: usize = 50;
/// The usual period while none is measured.
pub(in crate::indicators) const UNKNOWN_PERIOD: f64 = 15.0;
/// Weights of the Hilbert transform.
const FAR: f64 = 0.0962;
const NEAR: f64 = 0.5769;

/// Per period from the shortest: sine and cosine of 2 pi k / n, k = n - 1 (oldest bar) to 0 (newest).
static WAVES: LazyLock<Vec<[Vec<f64>; 2]>> = LazyLock::new(|| {
    let wave = |n: usize, f: fn(f64) -> f64| (0..n).rev().map(|k| f(TAU * k as f64 / n as f64)).collect();
    (SHORTEST..=LONGEST).map(|n| [wave(n, f64::sin), wave(n, f64::cos)]).collect()
});

#[derive(Serialize, Deserialize)]
struct Hilbert {
    bar: usize,
    closes: Window,
    smooths: Window,
    discriminator: Discriminator,
    smooth_period: f64,
    /// The last means of a period of closes, newest first.
    means: [f64; 3],
    phase: f64,
    /// Sine and lead sine one bar before.
    sines: [f64; 2],
    /// Bars since the sines crossed.
    days: f64,
}

impl Build for Hilbert {
    fn build(_: Args<'_>) -> Self {
        Self {
            bar: 0,
            closes: Window::new(LONGEST),
            smooths: Window::new(LONGEST),
            discriminator: Discriminator::new(),
            smooth_period: UNKNOWN_PERIOD,
            means: [f64::NAN; 3],
            phase: 0.0,
            sines: [0.0; 2],
            days: 0.0,
        }
    }
}

impl Indicator for Hilbert {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.bar += 1;
        self.closes.push(bar.close);
        let &[.., d, c, b, a] = self.closes.as_slice() else {
            return;
        };
        let smooth = (4.0 * a + 3.0 * b + 2.0 * c + d) / 10.0;
        self.smooths.push(smooth);
        lines[6] = smooth;
        let [detrender, i1, q1, period] = self.discriminator.next(smooth);
        lines[7..10].copy_from_slice(&[detrender, i1, q1]);
        if period.is_nan() {
            return;
        }
        self.smooth_period = smoother(period, self.smooth_period);
        if self.bar > FIRST_PERIOD {
            lines[0] = self.smooth_period;
            lines[10] = period;
        }
        if !self.smooths.is_full() {
            return;
        }
        let length = (self.smooth_period + 0.5) as usize;
        let trendline = self.trendline(length);
        let [phase, sine, lead_sine, mode] = self.phase(length, smooth, trendline);
        if self.bar > FIRST_PHASE {
            lines[1..6].copy_from_slice(&[phase, sine, lead_sine, mode, trendline]);
        }
    }
}

impl Hilbert {
    fn trendline(&mut self, length: usize) -> f64 {
        let mean = sum_of(&self.closes.as_slice()[LONGEST - length..], |close| close) / length as f64;
        let [b, c, d] = self.means;
        self.means = [mean, b, c];
        (4.0 * mean + 3.0 * b + 2.0 * c + d) / 10.0
    }

    /// Phase, its sine and lead sine, and the mode; missing while nothing moves.
    fn phase(&mut self, length: usize, smooth: f64, trendline: f64) -> [f64; 4] {
        let [sines, cosines] = &WAVES[length - SHORTEST];
        // Less the newest value, which leaves the sums as they are and makes a flat window exactly still.
        let mut moves = [0.0; LONGEST];
        for (to, from) in moves.iter_mut().zip(&self.smooths.as_slice()[LONGEST - length..]) {
            *to = from - smooth;
        }
        let (real, imaginary) = (dot(&moves[..length], sines), dot(&moves[..length], cosines));
        if real == 0.0 && imaginary == 0.0 {
            return [f64::NAN; 4];
        }
        let mut phase = (real / imaginary).atan().to_degrees() + 90.0 + 360.0 / self.smooth_period;
        if imaginary < 0.0 {
            phase += 180.0;
        }
        if phase > 315.0 {
            phase -= 360.0;
        }
        let (sine, cosine) = phase.to_radians().sin_cos();
        let lead_sine = (FRAC_1_SQRT_2 * (sine + cosine)).clamp(-1.0, 1.0);
        let turn = phase - std::mem::replace(&mut self.phase, phase);
        let before = std::mem::replace(&mut self.sines, [sine, lead_sine]);
        let mode = self.mode(turn, before, (smooth - trendline) / trendline);
        [phase, sine, lead_sine, f64::from(mode)]
    }

    fn mode(&mut self, turn: f64, before: [f64; 2], off: f64) -> bool {
        let [sine, lead_sine] = self.sines;
        let is_crossing = sine > lead_sine && before[0] <= before[1] || sine < lead_sine && before[0] >= before[1];
        self.days = if is_crossing { 1.0 } else { self.days + 1.0 };
        let step = 360.0 / self.smooth_period;
        let is_cycle = is_crossing || self.days < 0.5 * self.smooth_period || (turn > 0.67 * step && turn < 1.5 * step);
        !is_cycle || off.abs() >= 0.015
    }
}

/// Ehlers' homodyne discriminator with what it looks back on.
#[derive(Serialize, Deserialize)]
struct Discriminator {
    smooths: Window,
    detrenders: Window,
    quadratures: Window,
    homodyne: Homodyne,
}

impl Discriminator {
    fn new() -> Self {
        Self {
            smooths: Window::new(7),
            detrenders: Window::new(10),
            quadratures: Window::new(7),
            homodyne: Homodyne::new(),
        }
    }

    /// Detrender, in-phase part, quadrature part and period, each missing until enough came.
    #[inline(always)]
    fn next(&mut self, smooth: f64) -> [f64; 4] {
        let mut lines = [f64::NAN; 4];
        let gain = self.homodyne.gain();
        self.smooths.push(smooth);
        let Some(detrended) = self.smooths.as_slice().first_chunk().map(|s: &[f64; 7]| detrend(s[6], s[4], s[2], s[0]))
        else {
            return lines;
        };
        let detrender = detrended * gain;
        self.detrenders.push(detrender);
        lines[0] = detrender;
        let detrenders = self.detrenders.as_slice();
        if let &[.., i1, _, _, _] = detrenders {
            lines[1] = i1;
        }
        let Some(quadrature) = hilbert(detrenders) else {
            return lines;
        };
        let q1 = quadrature * gain;
        self.quadratures.push(q1);
        lines[2] = q1;
        let in_phase = &detrenders[..detrenders.len() - 3];
        if let (Some(ahead), Some(across)) = (hilbert(in_phase), hilbert(self.quadratures.as_slice())) {
            self.homodyne.turn(advance(lines[1], q1, ahead, across, gain));
            lines[3] = self.homodyne.period;
        }
        lines
    }
}

/// The Hilbert transform but for its gain; `a` is the newest of seven values, the others 2, 4 and 6 before. By
/// differences, so that flat input gives exactly nothing.
#[inline(always)]
pub(in crate::indicators) fn detrend(a: f64, c: f64, e: f64, g: f64) -> f64 {
    NEAR.mul_add(c - e, FAR * (a - g))
}

/// The same in fewer steps after `a`, for input that is nothing where the market is flat.
#[inline(always)]
pub(in crate::indicators) fn transform(a: f64, c: f64, e: f64, g: f64) -> f64 {
    FAR.mul_add(a, NEAR.mul_add(c - e, -FAR * g))
}

/// [`transform`] of the newest of seven values.
#[inline(always)]
fn hilbert(x: &[f64]) -> Option<f64> {
    match x {
        &[.., g, _, e, _, c, _, a] => Some(transform(a, c, e, g)),
        _ => None,
    }
}

/// The phasor: I = i1 - H(q1) and Q = q1 + H(i1), the transforms without their gain.
#[inline(always)]
pub(in crate::indicators) fn advance(i1: f64, q1: f64, ahead: f64, across: f64, gain: f64) -> [f64; 2] {
    [gain.mul_add(-across, i1), gain.mul_add(ahead, q1)]
}

/// The phasor times its own conjugate one bar before turns by the angle of one bar. What waits for the bar before is
/// written in as few steps as there can be.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(in crate::indicators) struct Homodyne {
    phasor: [f64; 2],
    product: [f64; 2],
    /// The measured period, once smoothed.
    pub(in crate::indicators) period: f64,
}

impl Homodyne {
    pub(in crate::indicators) const fn new() -> Self {
        Self { phasor: [0.0; 2], product: [0.0; 2], period: UNKNOWN_PERIOD }
    }

    /// Makes up for the transform's loss at the present period.
    #[inline(always)]
    pub(in crate::indicators) fn gain(&self) -> f64 {
        0.075_f64.mul_add(self.period, 0.54)
    }

    /// Takes the phasor.
    #[inline(always)]
    pub(in crate::indicators) fn turn(&mut self, [i, q]: [f64; 2]) {
        let [i0, q0] = self.phasor;
        let [i2, q2] = [0.2_f64.mul_add(i, 0.8 * i0), 0.2_f64.mul_add(q, 0.8 * q0)];
        self.phasor = [i2, q2];
        let [re, im] = self.product;
        let re = 0.2_f64.mul_add(i2.mul_add(i0, q2 * q0), 0.8 * re);
        let im = 0.2_f64.mul_add(i2.mul_add(q0, -(q2 * i0)), 0.8 * im);
        self.product = [re, im];
        let before = self.period;
        let shortest = larger(0.67 * before, SHORTEST as f64);
        let longest = smaller(1.5 * before, LONGEST as f64);
        let measured = if re == 0.0 || im == 0.0 { before } else { period_of(re, im) };
        let held = larger(smaller(measured, longest), shortest);
        self.period = 0.2_f64.mul_add(held, 0.8 * before);
    }
}

/// The last smoothing of the period, from [`UNKNOWN_PERIOD`].
#[inline(always)]
pub(in crate::indicators) fn smoother(period: f64, before: f64) -> f64 {
    0.33 * period + 0.67 * before
}

#[inline(always)]
fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[inline(always)]
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

/// atan(x) / x in powers of x^2 for |x| up to a half, to 4e-18: the Chebyshev fit of that degree.
const ARCTANGENT: [f64; 13] = [
    1.0,
    -0.33333333333332776,
    0.1999999999987506,
    -0.14285714274653527,
    0.11111110600729236,
    -0.09090895020156195,
    0.0769205741310065,
    -0.0666366208520813,
    0.058573975065601296,
    -0.05118364435336438,
    0.04177120900679582,
    -0.02729540531351634,
    0.010025724121222978,
];

/// 2 pi / atan(im / re). Periods above 51 and below 6, negative ones too, come out as any such period.
///
/// By the angle from one in the middle of those that count, within which a short series holds.
#[inline(always)]
fn period_of(re: f64, im: f64) -> f64 {
    const MIDDLE: f64 = 0.5864;
    const TANGENT: f64 = 0.664_354_263_473_098_7;
    const REACH: f64 = 0.5;
    let (re, im) = if re < 0.0 { (-re, -im) } else { (re, im) };
    let apart = TANGENT.mul_add(-re, im) / TANGENT.mul_add(im, re);
    let x = if im < 0.0 { REACH } else { larger(smaller(apart, REACH), -REACH) };
    let c = &ARCTANGENT;
    let x2 = x * x;
    let x4 = x2 * x2;
    let x8 = x4 * x4;
    let pair = |k: usize| x2.mul_add(c[k + 1], c[k]);
    let four = |k: usize| x4.mul_add(pair(k + 2), pair(k));
    let series = (x8 * x8).mul_add(x8.mul_add(c[12], four(8)), x8.mul_add(four(4), four(0)));
    TAU / x.mul_add(series, MIDDLE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_those_of_the_arctangent() {
        for k in 0..=4000 {
            let angle = TAU / 50.0 + f64::from(k) / 4000.0 * (TAU / 6.0 - TAU / 50.0);
            for size in [-3.7, 1e-9, 1.0, 4e8] {
                let (im, re) = (size * angle.sin(), size * angle.cos());
                let wanted = TAU / (im / re).atan();
                assert!((period_of(re, im) / wanted - 1.0).abs() < 4e-15, "{angle} {size}");
            }
        }
        for (re, im) in [(1.0, 1e-9), (-1.0, -0.01), (1e9, 1.0)] {
            assert!(period_of(re, im) > 50.0, "{re} {im}");
        }
        for (re, im) in [(1.0, 2.0), (1e-9, 1.0), (1.0, -1e-9), (-1.0, 1e-9), (1.0, -2.0), (-1e-9, 1.0), (-2.0, 1.0)] {
            let period = period_of(re, im);
            assert!(period > 0.0 && period < 6.0, "{re} {im}: {period}");
        }
    }
}
