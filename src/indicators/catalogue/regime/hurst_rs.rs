use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use super::slope::slope_weights;
use crate::indicators::blocks::{RollingSum, Window, width_about};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "hurst_rs",
    title: "Hurst exponent by rescaled range",
    family: Family::Regime,
    formula: "r = ln c - ln c[-1]; for sizes n = period / 2, period / 4, ... of at least 8: the range of the sums of r \
              less their mean over n bars, over the population deviation of r, averaged over every n bars in a row \
              within the last period; expected = gamma((n - 1) / 2) / (sqrt pi gamma(n / 2)) sum(sqrt((n - i) / i)) \
              for i below n; hurst = 0.5 + slope of the least-squares line of ln(average / expected) on ln n; still \
              stretches are left out, and the value is missing on them",
    source: "H. E. Hurst, Long-term storage capacity of reservoirs (1951); A. A. Anis and E. H. Lloyd, The expected \
             value of the adjusted rescaled Hurst range of independent normal summands, Biometrika 63 (1976); \
             overlapping stretches",
    params: &[Param::bars("period", "Changes in the window", 128, 32)],
    lines: &[
        LineSpec::output("hurst", "About 0.5 random, below reverting, above trending", Unit::RATIO, |p| p.bars(0)),
        LineSpec::internal("rs", "Mean rescaled range of the longest stretches", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<RescaledRange>(),
};

const SMALLEST: usize = 8;

#[derive(Serialize, Deserialize)]
struct RescaledRange {
    log: LogPrice,
    /// Log prices of the longest stretch and one before.
    levels: Window,
    scales: Vec<Scale>,
    /// The exponent where every average is 1.
    offset: f64,
}

/// Stretches of one size.
#[derive(Serialize, Deserialize)]
struct Scale {
    size: usize,
    squares: RollingSum,
    ranges: RollingSum,
    count: f64,
    /// Weight of ln average in the slope.
    weight: f64,
}

impl Build for RescaledRange {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let halves = std::iter::successors(Some(period / 2), |size| Some(size / 2));
        let sizes: Vec<usize> = halves.take_while(|size| *size >= SMALLEST).collect();
        let scale = |(size, weight): (&usize, f64)| Scale {
            size: *size,
            squares: RollingSum::new(*size),
            ranges: RollingSum::new(period - size + 1),
            count: (period - size + 1) as f64,
            weight,
        };
        let scales: Vec<Scale> = sizes.iter().zip(slope_weights(&sizes)).map(scale).collect();
        Self {
            log: LogPrice::default(),
            levels: Window::new(sizes[0] + 1),
            offset: 0.5 - scales.iter().map(|scale| scale.weight * expected(scale.size).ln()).sum::<f64>(),
            scales,
        }
    }
}

/// Mean rescaled range of `n` independent normal changes.
fn expected(n: usize) -> f64 {
    // gamma((n - 1) / 2) / gamma(n / 2), two steps at a time from n = 2 or 3.
    let (first, start) = if n.is_multiple_of(2) { (2, PI.sqrt()) } else { (3, 2.0 / PI.sqrt()) };
    let gammas = (first..n).step_by(2).fold(start, |ratio, k| ratio * (k as f64 - 1.0) / k as f64);
    gammas / PI.sqrt() * (1..n).map(|i| ((n - i) as f64 / i as f64).sqrt()).sum::<f64>()
}

impl Indicator for RescaledRange {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (change, level) = self.log.next(bar.close);
        self.levels.push(level);
        if change.is_nan() {
            return;
        }
        let levels = self.levels.as_slice();
        let mut hurst = self.offset;
        for (i, scale) in self.scales.iter_mut().enumerate() {
            let average = scale.next(change, levels);
            hurst += scale.weight * average.ln();
            if i == 0 {
                lines[1] = average;
            }
        }
        lines[0] = hurst;
    }
}

impl Scale {
    #[inline(always)]
    fn next(&mut self, change: f64, levels: &[f64]) -> f64 {
        let n = self.size as f64;
        let square = self.squares.next(change * change) / n;
        if square.is_nan() {
            return f64::NAN;
        }
        let stretch = &levels[levels.len() - 1 - self.size..];
        let mean = (stretch[self.size] - stretch[0]) / n;
        let variance = square - mean * mean;
        if variance <= STILL + ROUNDING * mean * mean {
            return f64::NAN;
        }
        self.ranges.next(width_about(stretch, mean) / variance.sqrt()) / self.count
    }
}
