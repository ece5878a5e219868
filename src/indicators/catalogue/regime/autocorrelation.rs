use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use crate::indicators::blocks::{CompensatedSum, Window};
use crate::indicators::catalogue::put;
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

const CORRELATION: Unit = Unit::bounded(-1.0, 1.0);

pub(super) static DEFINITION: Definition = Definition {
    id: "autocorrelation",
    title: "Autocorrelation of returns",
    family: Family::Regime,
    formula: "over the last period changes r = ln c - ln c[-1] with mean m: A(x, k) = sum((x - m) (x[-k] - m)) over \
              the pairs inside the window / sum((x - m)^2); first = A(r, 1); lagged = A(r, lag); size = A(|r|, 1); \
              missing where nothing varies",
    source: "G. E. P. Box and G. M. Jenkins, Time Series Analysis (1970), chapter 2",
    params: &[
        Param::bars("period", "Changes in the window", 100, 20),
        Param::whole("lag", "Bars between the changes of a pair", 5, 1, 10),
    ],
    lines: &[
        LineSpec::output("first", "Above 0 changes persist, below 0 they revert", CORRELATION, |p| p.bars(0)),
        LineSpec::output("lagged", "The same over lag bars", CORRELATION, |p| p.bars(0)),
        LineSpec::output("size", "Above 0 large changes follow large ones", CORRELATION, |p| p.bars(0)),
    ],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Autocorrelation>(),
};

#[derive(Serialize, Deserialize)]
struct Autocorrelation {
    log: LogPrice,
    period: usize,
    /// The last period + 1 changes, and their sizes.
    changes: Window,
    sizes: Window,
    sum: CompensatedSum,
    sum_of_sizes: CompensatedSum,
    squares: CompensatedSum,
    first: Lagged,
    lagged: Lagged,
    size: Lagged,
}

impl Build for Autocorrelation {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        Self {
            log: LogPrice::default(),
            period,
            changes: Window::new(period + 1),
            sizes: Window::new(period + 1),
            sum: CompensatedSum::default(),
            sum_of_sizes: CompensatedSum::default(),
            squares: CompensatedSum::default(),
            first: Lagged::new(1),
            lagged: Lagged::new(p.bars(1)),
            size: Lagged::new(1),
        }
    }
}

impl Indicator for Autocorrelation {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let (change, _) = self.log.next(bar.close);
        if change.is_nan() {
            return;
        }
        self.changes.push(change);
        self.sizes.push(change.abs());
        self.sum.add(change);
        self.sum_of_sizes.add(change.abs());
        self.squares.add(change * change);
        let (changes, sizes) = (self.changes.as_slice(), self.sizes.as_slice());
        let is_full = self.changes.is_full();
        if is_full {
            self.sum.add(-changes[0]);
            self.sum_of_sizes.add(-sizes[0]);
            self.squares.add(-(changes[0] * changes[0]));
        }
        self.first.next(changes, is_full);
        self.lagged.next(changes, is_full);
        self.size.next(sizes, is_full);
        if changes.len() >= self.period {
            let n = self.period as f64;
            let (sum, sizes, squares) = (self.sum.value(), self.sum_of_sizes.value(), self.squares.value());
            let of = |lagged: &Lagged, sum: f64| lagged.correlation(n, sum, squares);
            put(lines, [of(&self.first, sum), of(&self.lagged, sum), of(&self.size, sizes)]);
        }
    }
}

/// Sums over the pairs of values `lag` apart.
#[derive(Serialize, Deserialize)]
struct Lagged {
    lag: usize,
    products: CompensatedSum,
    /// Sums of the first and of the last `lag` values of the window.
    head: CompensatedSum,
    tail: CompensatedSum,
}

impl Lagged {
    fn new(lag: usize) -> Self {
        let sum = CompensatedSum::default();
        Self { lag, products: sum, head: sum, tail: sum }
    }

    /// `x`: the window, newest last, behind the value that leaves it once full.
    fn next(&mut self, x: &[f64], is_full: bool) {
        let (lag, newest) = (self.lag, x.len() - 1);
        self.tail.add(x[newest]);
        if newest >= lag {
            self.products.add(x[newest] * x[newest - lag]);
            self.tail.add(-x[newest - lag]);
        } else {
            self.head.add(x[newest]);
        }
        if is_full {
            self.products.add(-(x[lag] * x[0]));
            self.head.add(x[lag]);
            self.head.add(-x[0]);
        }
    }

    /// `sum`, `squares`: of all `n` values.
    fn correlation(&self, n: f64, sum: f64, squares: f64) -> f64 {
        let mean = sum / n;
        let spread = squares - sum * mean;
        if spread <= n * (STILL + ROUNDING * mean * mean) {
            return f64::NAN;
        }
        let sides = 2.0 * sum - self.head.value() - self.tail.value();
        let together = self.products.value() - mean * sides + (n - self.lag as f64) * mean * mean;
        (together / spread).clamp(-1.0, 1.0)
    }
}
