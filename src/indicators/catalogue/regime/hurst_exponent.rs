use serde::{Deserialize, Serialize};

use crate::indicators::blocks::{CompensatedSum, Window};
use crate::indicators::engine::Build;
use crate::indicators::{Args, Compat, Definition, Engine, Family, Indicator, LineSpec, Param, Unit};
use crate::market::Bar;

pub(super) static DEFINITION: Definition = Definition {
    id: "hurst_exponent",
    title: "Hurst exponent",
    family: Family::Regime,
    formula: "for lags 2 to period / 2 - 1: the population deviation of ln c[t] - ln c[t - lag] within the last period \
              closes; hurst = slope of the least-squares line of ln deviation on ln lag; missing where the changes over \
              some lag are all alike",
    source: "E. P. Chan, Algorithmic Trading (2013), chapter 2; on log prices",
    params: &[Param::bars("period", "Closes in the window", 100, 8)],
    lines: &[LineSpec::output("hurst", "About 0.5 random, below reverting, above trending", Unit::RATIO, |p| {
        p.bars(0) - 1
    })],
    numbered: false,
    also: &[],
    needs: &[],
    compat: Compat::Absent,
    engine: Engine::of::<Hurst>(),
};

/// Variance of log changes below which only rounding is left: absolute, and relative to the squared mean change.
const ROUNDING: (f64, f64) = (1e-24, 1e-12);

const SHORTEST: usize = 2;

#[derive(Serialize, Deserialize)]
struct Hurst {
    period: usize,
    /// ln close of the last period + 1 bars.
    logs: Window,
    /// Per lag from the shortest: sum of squared changes within the window.
    squares: Vec<CompensatedSum>,
    /// Per lag: weight of ln deviation in the slope.
    weights: Vec<f64>,
}

impl Build for Hurst {
    fn build(p: Args<'_>) -> Self {
        let period = p.bars(0);
        let logs: Vec<f64> = (SHORTEST..period / 2).map(|lag| (lag as f64).ln()).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        let spread: f64 = logs.iter().map(|x| (x - mean) * (x - mean)).sum();
        Self {
            period,
            logs: Window::new(period + 1),
            squares: vec![CompensatedSum::default(); logs.len()],
            weights: logs.iter().map(|x| (x - mean) / spread).collect(),
        }
    }
}

impl Indicator for Hurst {
    #[inline(always)]
    fn next(&mut self, bar: &Bar, lines: &mut [f64]) {
        self.logs.push(bar.close.ln());
        let logs = self.logs.as_slice();
        let newest = logs.len() - 1;
        for (lag, squares) in (SHORTEST..=newest).zip(&mut self.squares) {
            let entering = logs[newest] - logs[newest - lag];
            squares.add(entering * entering);
            if self.logs.is_full() {
                let leaving = logs[lag] - logs[0];
                squares.add(-(leaving * leaving));
            }
        }
        if newest + 1 >= self.period {
            lines[0] = self.slope(&logs[newest + 1 - self.period..]);
        }
    }
}

impl Hurst {
    /// `window`: the last period log closes.
    fn slope(&self, window: &[f64]) -> f64 {
        let last = window.len() - 1;
        // Inner changes cancel: a sum of changes over `lag` is the last `lag` values minus the first `lag`.
        let mut sum = window[last] - window[0];
        let mut slope = 0.0;
        for (i, (squares, weight)) in self.squares.iter().zip(&self.weights).enumerate() {
            let lag = i + SHORTEST;
            sum += window[last + 1 - lag] - window[lag - 1];
            let count = (window.len() - lag) as f64;
            let mean = sum / count;
            let variance = squares.value() / count - mean * mean;
            let (absolute, relative) = ROUNDING;
            if variance <= absolute + relative * mean * mean {
                return f64::NAN;
            }
            slope += weight * 0.5 * variance.ln();
        }
        slope
    }
}
