use std::f64::consts::TAU;

use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, STILL};
use crate::indicators::blocks::{CompensatedSums, Window, sum_of, total_of_logs};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const SHARE: Unit = Unit::bounded(0.0, 1.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "spectral_entropy",
    title: "Spectral entropy",
    family: Family::Regime,
    formula: "r = ln c - ln c[-1]; power(k) = |sum(r[-j] e^(2 pi i j k / period))|^2 over the last period changes, k \
              from 1 to m = (period - 1) / 2 rounded down; p = power / sum(power); entropy = -sum(p ln p) / ln m; \
              dominant_period = period / k of the greatest power, the longest of equal ones; peak = its p; slow = \
              sum(p) over k up to m / 4; missing where nothing moves",
    source: "T. Inouye et al., Quantification of EEG irregularity by use of the entropy of the power spectrum, \
             Electroencephalography and Clinical Neurophysiology 79 (1991)",
    params: &[Param::whole("period", "Changes in the window", 64, 10, 1024)],
    lines: &[
        LineSpec::output("entropy", "0 a single cycle, 1 noise", SHARE, |p| p.bars(0)),
        LineSpec::output("dominant_period", "Period of the strongest cycle", Unit::BARS, |p| p.bars(0)),
        LineSpec::output("slow", "Share of the slowest quarter of the frequencies", SHARE, |p| p.bars(0)),
        LineSpec::internal("peak", "Share of the strongest cycle", SHARE, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Spectrum>(),
};

/// The discrete Fourier transform of the window, each change turned by the place of its bar in a fixed circle instead
/// of its place in the window: that leaves the power as it is, and a change leaves with the very product it came with.
#[derive(Serialize, Deserialize)]
struct Spectrum {
    log: LogPrice,
    changes: Window,
    /// Cosine and sine of 2 pi j / period.
    circle: Vec<[f64; 2]>,
    /// Place of the bar in the circle.
    place: usize,
    real: CompensatedSums,
    imaginary: CompensatedSums,
    /// Room for one number per frequency.
    scratch: [Vec<f64>; 4],
    power: Vec<f64>,
    largest_entropy: f64,
}

impl Build for Spectrum {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let m = (period - 1) / 2;
        let angle = |j: usize| TAU * j as f64 / period as f64;
        Self {
            log: LogPrice::default(),
            changes: Window::new(period),
            circle: (0..period).map(|j| [angle(j).cos(), angle(j).sin()]).collect(),
            place: 0,
            real: CompensatedSums::new(m),
            imaginary: CompensatedSums::new(m),
            scratch: std::array::from_fn(|_| vec![0.0; m]),
            power: vec![0.0; m],
            largest_entropy: (m as f64).ln(),
        }
    }
}

impl Indicator for Spectrum {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (change, _) = self.log.next(bar.close);
        if change.is_nan() {
            return;
        }
        self.turn(change);
        if self.changes.is_full() {
            lines.copy_from_slice(&self.read());
        }
    }
}

impl Spectrum {
    #[inline(always)]
    fn turn(&mut self, change: f64) {
        let period = self.circle.len();
        let [cosines, sines, real, imaginary] = &mut self.scratch;
        let mut at = 0;
        for (cosine, sine) in cosines.iter_mut().zip(sines.iter_mut()) {
            at += self.place;
            at -= if at >= period { period } else { 0 };
            [*cosine, *sine] = self.circle[at];
        }
        self.place = if self.place + 1 == period { 0 } else { self.place + 1 };
        scale(change, cosines, real);
        scale(change, sines, imaginary);
        self.real.add(real);
        self.imaginary.add(imaginary);
        if let Some(leaving) = self.changes.push(change) {
            scale(leaving, cosines, real);
            scale(leaving, sines, imaginary);
            self.real.remove(real);
            self.imaginary.remove(imaginary);
        }
    }

    /// Entropy, dominant period, share of the slow quarter, share of the strongest.
    #[inline(always)]
    fn read(&mut self) -> [f64; 4] {
        let parts = self.real.values().zip(self.imaginary.values());
        for (power, (real, imaginary)) in self.power.iter_mut().zip(parts) {
            // Far below rounding, and a number whose logarithm exists.
            *power = real * real + imaginary * imaginary + 1e-300;
        }
        let (n, m) = (self.circle.len() as f64, self.power.len());
        let sum = sum_of(&self.power, |power| power);
        if sum <= STILL * n * n {
            return [f64::NAN; 4];
        }
        let entropy = (sum.ln() - total_of_logs(&self.power, &self.power) / sum) / self.largest_entropy;
        let (mut peak, mut strongest) = (0.0, 0.0);
        for (power, k) in self.power.iter().zip(1..) {
            if *power > peak {
                (peak, strongest) = (*power, f64::from(k));
            }
        }
        let slow = sum_of(&self.power[..m / 4], |power| power) / sum;
        [entropy.clamp(0.0, 1.0), n / strongest, slow.clamp(0.0, 1.0), (peak / sum).clamp(0.0, 1.0)]
    }
}

#[inline(always)]
fn scale(x: f64, wave: &[f64], out: &mut [f64]) {
    for (out, wave) in out.iter_mut().zip(wave) {
        *out = x * wave;
    }
}
