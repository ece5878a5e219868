use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use super::slope::slope_weights;
use crate::indicators::blocks::RollingSum;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "dfa",
    title: "Detrended fluctuation analysis",
    family: Family::Regime,
    formula: "for sizes n = 8, 16, ... of at most period / 4: the mean squared distance of n values of ln c in a row \
              from their least-squares line, averaged over every n bars in a row within the last period; alpha = half \
              the slope of the least-squares line of ln average on ln n; missing where a stretch is a straight line",
    source: "C.-K. Peng et al., Mosaic organization of DNA nucleotides, Physical Review E 49 (1994); overlapping \
             stretches",
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
    /// Sums of the last 1, 2, 4 ... values, for every one of the last 1, 2, 4 ... bars.
    rings: Vec<Vec<Sums>>,
    bar: usize,
    /// From the smallest size on.
    scales: Vec<Scale>,
}

/// Over some values in a row.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Sums {
    plain: f64,
    /// Of squared distances from the mean.
    squares: f64,
    /// Weighted by the steps from the middle.
    weighted: f64,
}

/// Stretches of one size.
#[derive(Serialize, Deserialize)]
struct Scale {
    size: f64,
    /// 12 / (n (n^2 - 1)): 1 over the sum of squared steps from the middle.
    tilt: f64,
    average: RollingSum,
    count: f64,
    /// Weight of ln average in alpha.
    weight: f64,
}

impl Build for Fluctuation {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let doubles = std::iter::successors(Some(SMALLEST), |size| Some(2 * size));
        let sizes: Vec<usize> = doubles.take_while(|size| 4 * size <= period).collect();
        let scale = |(size, weight): (&usize, f64)| Scale {
            size: *size as f64,
            tilt: 12.0 / (size * (size * size - 1)) as f64,
            average: RollingSum::new(period - size + 1),
            count: (period - size + 1) as f64,
            weight: 0.5 * weight,
        };
        let unknown = Sums { plain: f64::NAN, squares: f64::NAN, weighted: f64::NAN };
        let doublings = SMALLEST.ilog2() as usize + sizes.len() - 1;
        Self {
            log: LogPrice::default(),
            rings: (0..doublings).map(|k| vec![unknown; 1 << k]).collect(),
            bar: 0,
            scales: sizes.iter().zip(slope_weights(&sizes)).map(scale).collect(),
        }
    }
}

impl Indicator for Fluctuation {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (_, level) = self.log.next(bar.close);
        let mut sums = Sums { plain: level, squares: 0.0, weighted: 0.0 };
        let mut scales = self.scales.iter_mut();
        let mut alpha = 0.0;
        for (ring, k) in self.rings.iter_mut().zip(1..) {
            let place = self.bar & (ring.len() - 1);
            let older = std::mem::replace(&mut ring[place], sums);
            sums = sums.join(older, ring.len() as f64);
            if 1 << k < SMALLEST {
                continue;
            }
            let Some(scale) = scales.next() else { break };
            let average = scale.next(sums);
            alpha += scale.weight * average.ln();
            if 1 << k == SMALLEST {
                lines[1] = average.sqrt();
            }
        }
        lines[0] = alpha;
        self.bar += 1;
    }
}

impl Sums {
    /// With as many older values, `size` each.
    #[inline(always)]
    fn join(self, older: Self, size: f64) -> Self {
        let apart = self.plain - older.plain;
        Self {
            plain: self.plain + older.plain,
            squares: self.squares + older.squares + apart * apart / (2.0 * size),
            weighted: self.weighted + older.weighted + 0.5 * size * apart,
        }
    }
}

impl Scale {
    #[inline(always)]
    fn next(&mut self, sums: Sums) -> f64 {
        let distance = sums.squares - sums.weighted * sums.weighted * self.tilt;
        // A missing distance compares as false and is passed over by the average.
        let is_straight = distance <= STILL * self.size + ROUNDING * sums.squares;
        self.average.next(if is_straight { f64::NAN } else { distance / self.size }) / self.count
    }
}
