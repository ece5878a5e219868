//! Recursive filters of J. F. Ehlers that several cycle indicators share.

use std::f64::consts::{FRAC_1_SQRT_2, PI, SQRT_2, TAU};

use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{HighLow, Sma, ratio_or_zero};

/// Two-pole high-pass filter, at rest on its first value as if the price had always stood there.
///
/// Source: J. F. Ehlers, "Cycle Analytics for Traders" (2013).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct HighPass {
    gain: f64,
    keep: f64,
    /// Last input and the one before.
    x: [f64; 2],
    /// Last output and the one before.
    y: [f64; 2],
}

impl HighPass {
    /// Half the power passes at `period` bars, at least 3.
    pub(super) fn new(period: f64) -> Self {
        let alpha = Self::alpha(FRAC_1_SQRT_2 * TAU / period);
        Self::damped(alpha, 1.0 - alpha / 2.0)
    }

    /// Damping `alpha`, gain root `gain`.
    pub(super) fn damped(alpha: f64, gain: f64) -> Self {
        Self { gain: gain * gain, keep: 1.0 - alpha, x: [f64::NAN; 2], y: [0.0; 2] }
    }

    /// Damping of the cut-off at `angle` radians a bar, below a quarter turn.
    pub(super) fn alpha(angle: f64) -> f64 {
        (angle.cos() + angle.sin() - 1.0) / angle.cos()
    }

    pub(super) fn next(&mut self, x: f64) -> f64 {
        if self.x[0].is_nan() {
            self.x = [x; 2];
        }
        let curve = x - 2.0 * self.x[0] + self.x[1];
        let y = self.gain * curve + 2.0 * self.keep * self.y[0] - self.keep * self.keep * self.y[1];
        self.hold(x, y);
        y
    }

    /// Takes an input whose output is prescribed.
    pub(super) fn hold(&mut self, x: f64, y: f64) {
        self.x = [x, self.x[0]];
        self.y = [y, self.y[0]];
    }
}

/// Two-pole low-pass recursion, at rest on its first value.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct TwoPole {
    c2: f64,
    c3: f64,
    /// Last output and the one before.
    y: [f64; 2],
}

impl TwoPole {
    /// Butterworth's poles for a cut-off at `period` bars.
    pub(super) fn butterworth(period: f64) -> Self {
        Self::new((-SQRT_2 * PI / period).exp(), SQRT_2 * PI / period)
    }

    /// The same with the rounded constants of the Python original.
    #[expect(clippy::approx_constant, reason = "the original rounds it")]
    pub(super) fn rounded(period: f64) -> Self {
        Self::new((-1.414 * 3.14159 / period).exp(), (1.414 * 180.0 / period).to_radians())
    }

    fn new(radius: f64, angle: f64) -> Self {
        Self { c2: 2.0 * radius * angle.cos(), c3: -(radius * radius), y: [f64::NAN; 2] }
    }

    /// Takes an input already averaged over the taps of the filter. The gains sum to 1: with the input as origin, flat
    /// input stays flat to the last bit.
    pub(super) fn next(&mut self, x: f64) -> f64 {
        if self.y[0].is_nan() {
            self.y = [x; 2];
        }
        let y = x + (self.c2 * (self.y[0] - x) + self.c3 * (self.y[1] - x));
        self.hold(y);
        y
    }

    /// Takes a prescribed output.
    pub(super) fn hold(&mut self, y: f64) {
        self.y = [y, self.y[0]];
    }
}

/// Ehlers' super smoother: Butterworth's poles on the mean of two values.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SuperSmoother {
    poles: TwoPole,
    previous: f64,
}

impl SuperSmoother {
    /// Cut-off at `period` bars.
    pub(super) fn new(period: f64) -> Self {
        Self { poles: TwoPole::butterworth(period), previous: f64::NAN }
    }

    pub(super) fn next(&mut self, x: f64) -> f64 {
        let before = if self.previous.is_nan() { x } else { self.previous };
        self.previous = x;
        self.poles.next(f64::midpoint(x, before))
    }
}

/// The super smoother of the Python original: means of two values for the first bars, the recursion afterwards.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct OriginalSmoother {
    poles: TwoPole,
    previous: f64,
    bar: usize,
    start: usize,
}

impl OriginalSmoother {
    /// Recursion from value number `start` on.
    pub(super) fn new(period: f64, start: usize) -> Self {
        Self { poles: TwoPole::rounded(period), previous: f64::NAN, bar: 0, start }
    }

    /// Takes the next value; the result from the second on.
    pub(super) fn next(&mut self, x: f64) -> f64 {
        let mean = f64::midpoint(x, self.previous);
        self.previous = x;
        self.bar += 1;
        if self.bar > self.start {
            return self.poles.next(mean);
        }
        self.poles.hold(mean);
        mean
    }
}

/// Place of a value in its own range, scaled, averaged and compressed by tanh. A flat range counts as its middle, with
/// `ORIGINAL` as its lower end.
///
/// Source: J. F. Ehlers, "The inverse Fisher transform", Technical Analysis of Stocks & Commodities (May 2004).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct StochasticFisher<const ORIGINAL: bool> {
    extremes: HighLow,
    average: Sma,
    scaling: f64,
}

impl<const ORIGINAL: bool> StochasticFisher<ORIGINAL> {
    /// Range of `period` values spread over -scaling to scaling, mean of `smoothing` values.
    pub(super) fn new(period: usize, scaling: f64, smoothing: usize) -> Self {
        Self { extremes: HighLow::new(period), average: Sma::new(smoothing), scaling }
    }

    /// The scaled place, its mean and the transform.
    pub(super) fn next(&mut self, x: f64) -> [f64; 3] {
        let (highest, lowest) = self.extremes.next(x, x);
        let range = highest - lowest;
        let place = if range == 0.0 && !ORIGINAL { 0.5 } else { ratio_or_zero(x - lowest, range) };
        let scaled = 2.0 * self.scaling * place - self.scaling;
        let smoothed = self.average.next(scaled).clamp(-self.scaling, self.scaling);
        [scaled, smoothed, smoothed.tanh()]
    }
}
