use serde::{Deserialize, Serialize};

use crate::indicators::blocks::median_price;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

/// Takes lengths for limits of the gain, which stays at its upper one; weighs p[-3] by 3 instead of 1, adds where Im
/// subtracts and the reverse for Q2, and transforms with a gain of a period of 0.
pub(super) static DEFINITION: Definition = Definition {
    formula: "p = (h + l) / 2; S = (4 p + 3 p[-1] + 2 p[-2] + 3 p[-3]) / 10; H(x) = 0.54 (0.0962 x + 0.5769 x[-2] - 0.5769 \
              x[-4] - 0.0962 x[-6]); D = H(S); Q1 = H(D); I1 = D[-3]; jI = H(I1); jQ = H(Q1); I2 = I1 - jQ, Q2 = Q1 - jI, Re = \
              I2 I2[-1] + Q2 Q2[-1], Im = I2 Q2[-1] + Q2 I2[-1], each smoothed by x = 0.2 x + 0.8 x[-1]; mp = 360 / atan(Im / \
              Re) held within 2/3 and 1.5 of mp[-1], then 6 and 50, then 0.2 mp + 0.8 mp[-1]; smoothPeriod = mp / 3 + 2/3 \
              smoothPeriod[-1]; phi = atan(Q1 / I1); alpha = fast / max(phi[-1] - phi, 1) held within 2 / (slow + 1) and 2 / \
              (fast + 1); MAMA and FAMA as published, from 0; all but p, S, D and mp = 1 are 0 before bar 39",
    params: &[
        Param::bars("fast", "Length of the fast limit", 20, 1),
        Param::bars("slow", "Length of the slow limit", 50, 1),
    ],
    lines: &[
        LineSpec::output("MAMA", "Exponential average of the median price", Unit::PRICE, |_| SHOWN),
        LineSpec::output("FAMA", "Average of MAMA", Unit::PRICE, |_| SHOWN),
        LineSpec::internal("p", "Median price", Unit::PRICE, |_| 0),
        LineSpec::internal("S", "Median price smoothed", Unit::PRICE, |_| 0),
        LineSpec::internal("D", "Detrended price", Unit::PRICE_DIFFERENCE, |_| DETREND),
        LineSpec::internal("Q1", "Quadrature component", Unit::PRICE_DIFFERENCE, |_| SHOWN),
        LineSpec::internal("I1", "In-phase component", Unit::PRICE_DIFFERENCE, |_| SHOWN),
        LineSpec::internal("jI", "I1 advanced by 90 degrees", Unit::PRICE_DIFFERENCE, |_| SHOWN),
        LineSpec::internal("jQ", "Q1 advanced by 90 degrees", Unit::PRICE_DIFFERENCE, |_| SHOWN),
        LineSpec::internal("I2", "In-phase part of the smoothed phasor", Unit::PRICE_DIFFERENCE, |_| SHOWN),
        LineSpec::internal("Q2", "Quadrature part of the smoothed phasor", Unit::PRICE_DIFFERENCE, |_| SHOWN),
        LineSpec::internal("Re", "Real part of its turn since the bar before", Unit::price_power(2), |_| SHOWN),
        LineSpec::internal("Im", "Imaginary part of its turn since the bar before", Unit::price_power(2), |_| SHOWN),
        LineSpec::internal("mp", "Dominant period", Unit::BARS, |_| SHOWN),
        LineSpec::internal("smoothPeriod", "Dominant period, smoothed again", Unit::BARS, |_| SHOWN),
        LineSpec::internal("phi", "Phase", Unit::ANGLE, |_| SHOWN),
    ],
    compat: Compat::Absent,
    engine: Engine::of::<Original>(),
    ..super::DEFINITION
};

/// First bar with the prices S needs, with the values of S that D needs, and of the rest.
const SHOWN: usize = 3;
const DETREND: usize = 6;
const START: usize = 39;

#[derive(Serialize, Deserialize)]
struct Original {
    fast: f64,
    /// Limits of the gain.
    upper: f64,
    lower: f64,
    bar: usize,
    /// The last values, newest first.
    prices: [f64; 4],
    s: [f64; 7],
    d: [f64; 7],
    i1: [f64; 7],
    q1: [f64; 7],
    i2: f64,
    q2: f64,
    re: f64,
    im: f64,
    mp: f64,
    smooth_period: f64,
    phi: f64,
    mama: f64,
    fama: f64,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self {
            fast: p.real(0),
            upper: 2.0 / (p.real(0) + 1.0),
            lower: 2.0 / (p.real(1) + 1.0),
            bar: 0,
            prices: [0.0; 4],
            s: [0.0; 7],
            d: [0.0; 7],
            i1: [0.0; 7],
            q1: [0.0; 7],
            i2: 0.0,
            q2: 0.0,
            re: 0.0,
            im: 0.0,
            mp: 1.0,
            smooth_period: 0.0,
            phi: 0.0,
            mama: 0.0,
            fama: 0.0,
        }
    }
}

fn push<const N: usize>(past: &mut [f64; N], x: f64) {
    past.copy_within(0..N - 1, 1);
    past[0] = x;
}

fn hilbert(x: &[f64; 7], mp: f64) -> f64 {
    (0.0962 * x[0] + 0.5769 * x[2] - 0.5769 * x[4] - 0.0962 * x[6]) * (0.075 * mp + 0.54)
}

fn smooth(x: f64, before: f64) -> f64 {
    0.2 * x + 0.8 * before
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let p = median_price(bar);
        push(&mut self.prices, p);
        let [a, b, c, d] = self.prices;
        push(&mut self.s, if self.bar < SHOWN { p } else { (4.0 * a + 3.0 * b + 2.0 * c + 3.0 * d) / 10.0 });
        // Before bar 6 the original reads its history from the end of the data.
        let detrended = match self.bar {
            0..DETREND => f64::NAN,
            DETREND..START => hilbert(&self.s, 1.0),
            _ => hilbert(&self.s, 0.0),
        };
        push(&mut self.d, detrended);
        [lines[2], lines[3], lines[4]] = [p, self.s[0], detrended];
        if self.bar >= START {
            self.step(p, lines);
        } else if self.bar >= SHOWN {
            [lines[0], lines[1]] = [0.0; 2];
            lines[5..].fill(0.0);
            lines[13] = self.mp;
        }
        self.bar += 1;
    }
}

impl Original {
    fn step(&mut self, p: f64, lines: &mut [f64]) {
        let q1 = hilbert(&self.d, 0.0);
        let i1 = self.d[3];
        push(&mut self.q1, q1);
        push(&mut self.i1, i1);
        let (ji, jq) = (hilbert(&self.i1, 0.0), hilbert(&self.q1, 0.0));
        let (i2, q2) = (smooth(i1 - jq, self.i2), smooth(q1 - ji, self.q2));
        self.re = smooth(i2 * self.i2 + q2 * self.q2, self.re);
        self.im = smooth(i2 * self.q2 + q2 * self.i2, self.im);
        (self.i2, self.q2) = (i2, q2);
        let before = self.mp;
        let raw = if self.re != 0.0 && self.im != 0.0 { 360.0 / (self.im / self.re).atan().to_degrees() } else { 0.0 };
        let held = raw.min(1.5 * before).max(2.0 / 3.0 * before).clamp(6.0, 50.0);
        self.mp = 0.2 * held + 0.8 * before;
        self.smooth_period = self.mp / 3.0 + 2.0 / 3.0 * self.smooth_period;
        let phi = if i1 != 0.0 { (q1 / i1).atan().to_degrees() } else { self.phi };
        // At these lengths the quotient always exceeds the upper limit.
        let alpha = (self.fast / (self.phi - phi).max(1.0)).max(self.lower).min(self.upper);
        self.phi = phi;
        self.mama += alpha * (p - self.mama);
        self.fama += alpha / 2.0 * (self.mama - self.fama);
        [lines[0], lines[1]] = [self.mama, self.fama];
        lines[5..].copy_from_slice(&[q1, i1, ji, jq, i2, q2, self.re, self.im, self.mp, self.smooth_period, phi]);
    }
}
