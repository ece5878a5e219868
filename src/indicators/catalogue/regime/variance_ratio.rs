use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use crate::indicators::blocks::{CompensatedSum, Window};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "variance_ratio",
    title: "Variance ratio",
    family: Family::Regime,
    formula: "over the last n = period changes r = ln c - ln c[-1] with mean m: s1 = sum((r - m)^2) / (n - 1); sq = \
              sum((ln c - ln c[-q] - q m)^2) / (q (n - q + 1) (1 - q / n)), q = horizon; ratio = sq / s1; d(j) = \
              sum((r - m)^2 (r[-j] - m)^2) / sum((r - m)^2)^2; z = (ratio - 1) / sqrt(sum((2 (q - j) / q)^2 d(j))) for \
              j from 1 to q - 1; missing where nothing varies",
    source: "A. W. Lo and A. C. MacKinlay, Stock market prices do not follow random walks, Review of Financial Studies \
             1 (1988): overlapping, unbiased, z robust to changing variance",
    params: &[
        Param::bars("period", "Changes in the window", 120, 40),
        Param::whole("horizon", "Bars of the long change", 4, 2, 20),
    ],
    lines: &[
        LineSpec::output("ratio", "1 random, below 1 reverting, above 1 trending", Unit::RATIO, |p| p.bars(0)),
        LineSpec::output("z", "Deviations of the ratio from 1, were the market random", Unit::RATIO, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<VarianceRatio>(),
};

#[derive(Serialize, Deserialize)]
struct VarianceRatio {
    log: LogPrice,
    period: usize,
    /// The last period + 1 changes and period + 2 levels.
    changes: Window,
    levels: Window,
    sum: CompensatedSum,
    squares: CompensatedSum,
    /// Sums of the long changes and of their squares.
    long: CompensatedSum,
    long_squares: CompensatedSum,
    /// Per lag from 1 to horizon - 1.
    pairs: Vec<Pairs>,
}

impl Build for VarianceRatio {
    fn build(p: Args<'_>) -> Self {
        let (period, sum) = (p.bars(0), CompensatedSum::default());
        Self {
            log: LogPrice::default(),
            period,
            changes: Window::new(period + 1),
            levels: Window::new(period + 2),
            sum,
            squares: sum,
            long: sum,
            long_squares: sum,
            pairs: vec![Pairs::default(); p.bars(1) - 1],
        }
    }
}

impl Indicator for VarianceRatio {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (change, level) = self.log.next(bar.close);
        self.levels.push(level);
        if change.is_nan() {
            return;
        }
        self.changes.push(change);
        self.take(1.0);
        if self.changes.is_full() {
            self.take(-1.0);
        }
        if self.changes.len() >= self.period {
            lines.copy_from_slice(&self.ratio());
        }
    }
}

impl VarianceRatio {
    /// Adds what the newest change brings (`sign` 1), or removes what goes with the one that leaves (-1).
    fn take(&mut self, sign: f64) {
        let (changes, levels, q) = (self.changes.as_slice(), self.levels.as_slice(), self.pairs.len() + 1);
        let newest = changes.len() - 1;
        let change = if sign > 0.0 { changes[newest] } else { changes[0] };
        self.sum.add(sign * change);
        self.squares.add(sign * (change * change));
        if newest + 1 >= q {
            let long = if sign > 0.0 { levels[newest + 1] - levels[newest + 1 - q] } else { levels[q] - levels[0] };
            self.long.add(sign * long);
            self.long_squares.add(sign * (long * long));
        }
        for (pairs, lag) in self.pairs.iter_mut().zip(1..) {
            if lag <= newest {
                pairs.add(sign, change, if sign > 0.0 { changes[newest - lag] } else { changes[lag] });
            }
        }
    }

    fn ratio(&self) -> [f64; 2] {
        let (n, q) = (self.period as f64, self.pairs.len() as f64 + 1.0);
        let (sum, squares) = (self.sum.value(), self.squares.value());
        let mean = sum / n;
        let spread = squares - sum * mean;
        if spread <= n * (STILL + ROUNDING * mean * mean) {
            return [f64::NAN; 2];
        }
        let count = n - q + 1.0;
        let drift = q * mean;
        let long_spread = self.long_squares.value() - 2.0 * drift * self.long.value() + count * drift * drift;
        let ratio = long_spread / (q * count * (1.0 - q / n)) / (spread / (n - 1.0));
        let error = self.error(mean, squares) / (spread * spread);
        // Where hardly anything but the mean is left, rounding may take all of the error.
        [ratio, if error > 0.0 { (ratio - 1.0) / error.sqrt() } else { f64::NAN }]
    }

    /// Squared error of the ratio times the squared sum of squared distances from the mean.
    fn error(&self, mean: f64, squares: f64) -> f64 {
        let q = self.pairs.len() as f64 + 1.0;
        let changes = self.changes.as_slice();
        let window = &changes[changes.len() - self.period..];
        // Both ends of the window, which one side of each pair cannot reach.
        let (mut ends, mut end_squares) = (0.0, 0.0);
        let mut error = 0.0;
        for (pairs, lag) in self.pairs.iter().zip(1..) {
            let (head, tail) = (window[lag - 1], window[window.len() - lag]);
            ends += head + tail;
            end_squares += head * head + tail * tail;
            let weight = 2.0 * (q - lag as f64) / q;
            let sides = 2.0 * self.sum.value() - ends;
            let square_sides = 2.0 * squares - end_squares;
            error += weight * weight * pairs.about(mean, sides, square_sides, (window.len() - lag) as f64);
        }
        error
    }
}

/// Sums over the pairs of changes x, y some lag apart.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Pairs {
    /// x y
    products: CompensatedSum,
    /// x y (x + y)
    thirds: CompensatedSum,
    /// x^2 y^2
    fourths: CompensatedSum,
}

impl Pairs {
    fn add(&mut self, sign: f64, x: f64, y: f64) {
        let product = x * y;
        self.products.add(sign * product);
        self.thirds.add(sign * (product * (x + y)));
        self.fourths.add(sign * (product * product));
    }

    /// Sum of (x - m)^2 (y - m)^2; `sides`, `square_sides`: sums of x + y and x^2 + y^2.
    fn about(&self, m: f64, sides: f64, square_sides: f64, count: f64) -> f64 {
        let second = square_sides + 4.0 * self.products.value();
        let low = second - m * (2.0 * sides - m * count);
        self.fourths.value() + m * (m * low - 2.0 * self.thirds.value())
    }
}
