use serde::{Deserialize, Serialize};

use super::log_price::{LogPrice, ROUNDING, STILL};
use super::slope::slope_weights;
use crate::indicators::blocks::{CompensatedSums, Window, total_of_logs};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "hurst_exponent",
    title: "Hurst exponent",
    family: Family::Regime,
    formula: "for lags 2 to period / 2 - 1: the population deviation of ln c[t] - ln c[t - lag] within the last period \
              closes; hurst = slope of the least-squares line of ln deviation on ln lag; missing where the changes \
              over some lag are all alike",
    source: "E. P. Chan, Algorithmic Trading (2013), chapter 2; on log prices",
    params: &[Param::bars("period", "Closes in the window", 100, 8)],
    lines: &[LineSpec::output("hurst", "About 0.5 random, below reverting, above trending", Unit::RATIO, |p| {
        p.bars(0) - 1
    })],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Own(&ORIGINAL),
    engine: Engine::of::<Hurst<false>>(),
};

/// Takes changes of the price instead of its logarithm.
static ORIGINAL: Definition = Definition {
    formula: "as the standard with c for ln c",
    source: "BTQuant, HurstExponent",
    compat: Compat::Same,
    engine: Engine::of::<Hurst<true>>(),
    ..DEFINITION
};

const SHORTEST: usize = 2;

#[derive(Serialize, Deserialize)]
struct Hurst<const ORIGINAL: bool> {
    period: usize,
    log: LogPrice,
    /// Prices of the last period + 1 bars.
    prices: Window,
    /// Per lag from the shortest: sums of the changes within the window and of their squares.
    sums: CompensatedSums,
    squares: CompensatedSums,
    /// Per lag: 1 over the number of changes, and weight of ln variance in the slope.
    shares: Vec<f64>,
    weights: Vec<f64>,
    /// Room for one number per lag.
    changes: Vec<f64>,
    scratch: Vec<f64>,
}

impl<const ORIGINAL: bool> Build for Hurst<ORIGINAL> {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let lags: Vec<usize> = (SHORTEST..period / 2).collect();
        Self {
            period,
            log: LogPrice::default(),
            prices: Window::new(period + 1),
            sums: CompensatedSums::new(lags.len()),
            squares: CompensatedSums::new(lags.len()),
            shares: lags.iter().map(|lag| 1.0 / (period - lag) as f64).collect(),
            weights: slope_weights(&lags).iter().map(|weight| 0.5 * weight).collect(),
            changes: vec![0.0; lags.len()],
            scratch: vec![0.0; lags.len()],
        }
    }
}

impl<const ORIGINAL: bool> Indicator for Hurst<ORIGINAL> {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        let price = if ORIGINAL { bar.close } else { self.log.next(bar.close).1 };
        self.prices.push(price);
        let prices = self.prices.as_slice();
        let count = prices.len().saturating_sub(SHORTEST).min(self.changes.len());
        let (changes, squares) = (&mut self.changes[..count], &mut self.scratch[..count]);
        for (change, before) in changes.iter_mut().zip(prices[..prices.len().saturating_sub(SHORTEST)].iter().rev()) {
            *change = price - before;
        }
        square(changes, squares);
        self.sums.add(changes);
        self.squares.add(squares);
        if self.prices.is_full() {
            for (change, after) in changes.iter_mut().zip(&prices[SHORTEST..]) {
                *change = after - prices[0];
            }
            square(changes, squares);
            self.sums.remove(changes);
            self.squares.remove(squares);
        }
        if prices.len() >= self.period {
            lines[0] = self.slope(if ORIGINAL { bar.close } else { 1.0 });
        }
    }
}

#[inline(always)]
fn square(x: &[f64], squares: &mut [f64]) {
    for (square, x) in squares.iter_mut().zip(x) {
        *square = x * x;
    }
}

impl<const ORIGINAL: bool> Hurst<ORIGINAL> {
    /// `scale`: the size of a price beside that of a change of ln c.
    #[inline(always)]
    fn slope(&mut self, scale: f64) -> f64 {
        let mut is_still = false;
        let moments = self.sums.values().zip(self.squares.values());
        for ((variance, share), (sum, square)) in self.scratch.iter_mut().zip(&self.shares).zip(moments) {
            let mean = sum * share;
            *variance = square * share - mean * mean;
            is_still |= *variance <= STILL * scale * scale + ROUNDING * mean * mean;
        }
        if is_still { f64::NAN } else { total_of_logs(&self.weights, &self.scratch) }
    }
}
