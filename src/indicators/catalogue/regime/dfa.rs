use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use crate::indicators::blocks::{Deviation, LineFit, RollingSum};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "dfa",
    title: "Detrended fluctuation analysis",
    family: Family::Regime,
    formula: "for sizes n = 8, 16, ... of at most period / 4: the mean squared distance of n values of ln c in a row from their \
              least-squares line, averaged over every n bars in a row within the last period; alpha = half the slope of \
              the least-squares line of ln average on ln n; missing where a stretch is a straight line",
    source: "C.-K. Peng et al., Mosaic organization of DNA nucleotides, Physical Review E 49 (1994); overlapping stretches",
    params: &[Param::bars("period", "Closes in the window", 256, 64)],
    lines: &[
        LineSpec::output("alpha", "About 0.5 random, below reverting, above trending", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("short", "Mean distance from the lines of 8 bars, share of the price", Unit::RATIO, |p| {
            p.bars(0) - 1
        }),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Fluctuation>(),
};

const SMALLEST: usize = 8;

#[derive(Serialize, Deserialize)]
struct Fluctuation {
    log: LogPrice,
    scales: Vec<Scale>,
}

/// Stretches of one size.
#[derive(Serialize, Deserialize)]
struct Scale {
    deviation: Deviation,
    fit: LineFit,
    /// (n^2 - 1) / 12: variance of the places in a stretch.
    spread: f64,
    squares: RollingSum,
    count: f64,
    /// Weight of ln average in alpha.
    weight: f64,
}

impl Build for Fluctuation {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let sizes: Vec<usize> = (0..).map(|k| SMALLEST << k).take_while(|size| 4 * size <= period).collect();
        let logs: Vec<f64> = sizes.iter().map(|size| (*size as f64).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let spread: f64 = logs.iter().map(|x| (x - mean) * (x - mean)).sum();
        let scale = |(size, log): (&usize, &f64)| Scale {
            deviation: Deviation::new(*size),
            fit: LineFit::new(*size),
            spread: ((size * size - 1) as f64) / 12.0,
            squares: RollingSum::new(period - size + 1),
            count: (period - size + 1) as f64,
            weight: 0.5 * (log - mean) / spread,
        };
        Self { log: LogPrice::new(), scales: sizes.iter().zip(&logs).map(scale).collect() }
    }
}

impl Indicator for Fluctuation {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (_, level) = self.log.next(bar.close);
        let mut alpha = 0.0;
        for (i, scale) in self.scales.iter_mut().enumerate() {
            let average = scale.next(level);
            alpha += scale.weight * average.ln();
            if i == 0 {
                lines[1] = average.sqrt();
            }
        }
        lines[0] = alpha;
    }
}

impl Scale {
    #[inline(always)]
    fn next(&mut self, level: f64) -> f64 {
        let (deviation, slope) = (self.deviation.next(level), self.fit.next(level).slope);
        let variance = deviation * deviation;
        let distance = variance - slope * slope * self.spread;
        // A missing distance compares as false and is passed over by the sum.
        let is_straight = distance <= STILL + ROUNDING * variance;
        self.squares.next(if is_straight { f64::NAN } else { distance }) / self.count
    }
}
