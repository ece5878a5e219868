use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{Sma, Window, ratio_or_zero, sum_of, typical_price};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const PARAMS: &[Param] = &[
    Param::bars("period", "Length of the mean", 20, 2),
    Param::real("factor", "Scale: about three quarters of the values fall within 100", 0.015, 0.001, 1.0),
];

pub(super) static DEFINITION: Definition = Definition {
    id: "cci",
    title: "Commodity channel index",
    family: Family::Momentum,
    formula: "tp = (h + l + c) / 3; mean = SMA(tp, period); meandev = mean distance of the last period values of tp \
              from mean; cci = (tp - mean) / (factor meandev)",
    source: "D. R. Lambert, Commodity Channel Index, Commodities (1980)",
    params: PARAMS,
    lines: &[
        LineSpec::output("cci", "Distance from the mean in scaled mean distances", Unit::RATIO, |p| p.bars(0) - 1),
        LineSpec::internal("meandev", "Mean distance from the mean", Unit::PRICE_DIFFERENCE, |p| p.bars(0) - 1),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Cci>(),
};

#[derive(Serialize, Deserialize)]
struct Cci {
    prices: Window,
    mean: Sma,
    n: f64,
    factor: f64,
}

impl Build for Cci {
    fn build(p: Args<'_>) -> Self {
        Self { prices: Window::new(p.bars(0)), mean: Sma::new(p.bars(0)), n: p.real(0), factor: p.real(1) }
    }
}

impl Indicator for Cci {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = typical_price(bar);
        self.prices.push(price);
        let mean = self.mean.next(price);
        if mean.is_nan() {
            return;
        }
        // The mean moves with every bar, and every distance with it: no way around the whole window.
        let meandev = sum_of(self.prices.as_slice(), |x| (x - mean).abs()) / self.n;
        // Less is the rounding of the mean of equal prices.
        let known = meandev > 4.0 * f64::EPSILON * mean;
        let cci = if known { (price - mean) / (self.factor * meandev) } else { f64::NAN };
        put(lines, [cci, meandev]);
    }
}

/// Takes each distance from the mean of its own bar; 0 where there is none.
static ORIGINAL: Definition = Definition {
    formula: "tp = (h + l + c) / 3; mean = SMA(tp, period); meandev = SMA(|tp - mean|, period); cci = (tp - mean) / \
              (factor meandev), 0 where meandev is 0",
    lines: &[
        LineSpec::output("cci", "Distance from the mean in scaled mean distances", Unit::RATIO, first_distance),
        LineSpec::internal("meandev", "Mean distance from the mean", Unit::PRICE_DIFFERENCE, first_distance),
    ],
    compat: Compat::Same,
    engine: Engine::of::<Original>(),
    ..DEFINITION
};

fn first_distance(p: Args<'_>) -> usize {
    2 * (p.bars(0) - 1)
}

#[derive(Serialize, Deserialize)]
struct Original {
    mean: Sma,
    distance: Sma,
    factor: f64,
}

impl Build for Original {
    fn build(p: Args<'_>) -> Self {
        Self { mean: Sma::new(p.bars(0)), distance: Sma::new(p.bars(0)), factor: p.real(1) }
    }
}

impl Indicator for Original {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = typical_price(bar);
        let mean = self.mean.next(price);
        let meandev = self.distance.next((price - mean).abs());
        put(lines, [ratio_or_zero(price - mean, self.factor * meandev), meandev]);
    }
}
