use std::f64::consts::LN_2;

use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use crate::indicators::blocks::{CompensatedSum, Deviation, Window, ratio};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "half_life",
    title: "Half-life of mean reversion",
    family: Family::Regime,
    formula: "least squares of x - x[-1] = a + b x[-1] + e over the last period bars, x = ln c; phi = 1 + b; half_life \
              = ln 2 / -ln phi, 0 for phi <= 0 and period for phi >= 1 or longer; t = b / standard error of b; missing \
              where nothing varies",
    source: "E. P. Chan, Algorithmic Trading (2013), chapter 2, after the Ornstein-Uhlenbeck process; t: D. A. Dickey \
             and W. A. Fuller, Journal of the American Statistical Association 74 (1979)",
    params: &[Param::bars("period", "Changes in the window", 100, 10)],
    lines: &[
        LineSpec::output("half_life", "Bars in which half of a distance from the mean goes", Unit::BARS, |p| p.bars(0)),
        LineSpec::output("t", "The more below 0, the surer the reversion", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<HalfLife>(),
};

#[derive(Serialize, Deserialize)]
struct HalfLife {
    log: LogPrice,
    /// Level before the newest change, and its deviation.
    level: f64,
    levels: Window,
    deviation: Deviation,
    changes: Window,
    sum_of_levels: CompensatedSum,
    sum: CompensatedSum,
    squares: CompensatedSum,
    products: CompensatedSum,
    n: f64,
}

impl Build for HalfLife {
    fn build(p: Args<'_>) -> Self {
        let (period, sum) = (p.bars(0), CompensatedSum::default());
        Self {
            log: LogPrice::default(),
            level: f64::NAN,
            levels: Window::new(period),
            deviation: Deviation::new(period),
            changes: Window::new(period),
            sum_of_levels: sum,
            sum,
            squares: sum,
            products: sum,
            n: period as f64,
        }
    }
}

impl Indicator for HalfLife {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (change, level) = self.log.next(bar.close);
        let before = std::mem::replace(&mut self.level, level);
        if change.is_nan() {
            return;
        }
        let deviation = self.deviation.next(before);
        self.add(1.0, before, change);
        if let (Some(level), Some(change)) = (self.levels.push(before), self.changes.push(change)) {
            self.add(-1.0, level, change);
        }
        if self.changes.is_full() {
            lines.copy_from_slice(&self.fit(deviation));
        }
    }
}

impl HalfLife {
    fn add(&mut self, sign: f64, level: f64, change: f64) {
        self.sum_of_levels.add(sign * level);
        self.sum.add(sign * change);
        self.squares.add(sign * (change * change));
        self.products.add(sign * (level * change));
    }

    fn fit(&self, deviation: f64) -> [f64; 2] {
        let n = self.n;
        let mean = self.sum.value() / n;
        let (spread, spread_of_changes) = (deviation * deviation, self.squares.value() / n - mean * mean);
        if spread <= STILL || spread_of_changes <= STILL + ROUNDING * mean * mean {
            return [f64::NAN; 2];
        }
        let together = self.products.value() / n - self.sum_of_levels.value() / n * mean;
        let b = together / spread;
        let phi = 1.0 + b;
        let half_life = if phi <= 0.0 {
            0.0
        } else if phi >= 1.0 {
            n
        } else {
            f64::min(LN_2 / -phi.ln(), n)
        };
        let unexplained = (spread_of_changes - b * together).max(0.0);
        let t = ratio(b, (unexplained / ((n - 2.0) * spread)).sqrt());
        [half_life, t]
    }
}
