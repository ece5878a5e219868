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
const FIRST_PERIOD: usize = 32;
/// From here on, as in TA-Lib; the longest period fits from bar 52.
const FIRST_PHASE: usize = 63;
const SHORTEST: usize = 6;
const LONGEST: usize = 50;
/// The usual period while none is measured.
const UNKNOWN_PERIOD: f64 = 15.0;

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
        self.smooth_period = 0.33 * period + 0.67 * self.smooth_period;
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

/// The smoothed period on every bar, and nothing else.
#[inline(always)]
pub(in crate::indicators) fn smooth_periods(closes: &[f64], out: &mut Vec<f64>) {
    let mut discriminator = Discriminator::new();
    let mut smooth_period = UNKNOWN_PERIOD;
    let first = closes.len().min(3);
    out.resize(first, f64::NAN);
    for (i, four) in closes.windows(4).enumerate() {
        let smooth = (4.0 * four[3] + 3.0 * four[2] + 2.0 * four[1] + four[0]) / 10.0;
        let [_, _, _, period] = discriminator.next(smooth);
        if !period.is_nan() {
            smooth_period = 0.33 * period + 0.67 * smooth_period;
        }
        out.push(if i + 4 > FIRST_PERIOD && !period.is_nan() { smooth_period } else { f64::NAN });
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

/// Ehlers' homodyne discriminator: the phasor times its own conjugate one bar before turns by the angle of one bar.
#[derive(Serialize, Deserialize)]
struct Discriminator {
    smooths: Window,
    detrenders: Window,
    quadratures: Window,
    phasor: [f64; 2],
    product: [f64; 2],
    period: f64,
}

impl Discriminator {
    fn new() -> Self {
        Self {
            smooths: Window::new(7),
            detrenders: Window::new(10),
            quadratures: Window::new(7),
            phasor: [0.0; 2],
            product: [0.0; 2],
            period: UNKNOWN_PERIOD,
        }
    }

    /// Detrender, in-phase part, quadrature part and period, each missing until enough came.
    #[inline(always)]
    fn next(&mut self, smooth: f64) -> [f64; 4] {
        let mut lines = [f64::NAN; 4];
        let gain = 0.075 * self.period + 0.54;
        self.smooths.push(smooth);
        let Some(detrender) = hilbert(self.smooths.as_slice(), gain) else {
            return lines;
        };
        self.detrenders.push(detrender);
        lines[0] = detrender;
        let detrenders = self.detrenders.as_slice();
        if let &[.., i1, _, _, _] = detrenders {
            lines[1] = i1;
        }
        let Some(q1) = hilbert(detrenders, gain) else {
            return lines;
        };
        self.quadratures.push(q1);
        lines[2] = q1;
        let in_phase = &detrenders[..detrenders.len() - 3];
        if let (Some(ahead), Some(across)) = (hilbert(in_phase, gain), hilbert(self.quadratures.as_slice(), gain)) {
            self.turn(lines[1] - across, q1 + ahead);
            lines[3] = self.period;
        }
        lines
    }

    #[inline(always)]
    fn turn(&mut self, i: f64, q: f64) {
        let [i0, q0] = self.phasor;
        let [i2, q2] = [0.2 * i + 0.8 * i0, 0.2 * q + 0.8 * q0];
        self.phasor = [i2, q2];
        let [re, im] = self.product;
        let [re, im] = [0.2 * (i2 * i0 + q2 * q0) + 0.8 * re, 0.2 * (i2 * q0 - q2 * i0) + 0.8 * im];
        self.product = [re, im];
        let before = self.period;
        let measured = if re != 0.0 && im != 0.0 { TAU / (im / re).atan() } else { before };
        let held = measured.min(1.5 * before).max(0.67 * before).clamp(SHORTEST as f64, LONGEST as f64);
        self.period = 0.2 * held + 0.8 * before;
    }
}

/// Hilbert transform of the newest of seven values.
#[inline(always)]
fn hilbert(x: &[f64], gain: f64) -> Option<f64> {
    match x {
        &[.., g, _, e, _, c, _, a] => Some((0.0962 * a + 0.5769 * c - 0.5769 * e - 0.0962 * g) * gain),
        _ => None,
    }
}
