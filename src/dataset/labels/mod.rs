mod balance;
mod context;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;

use self::context::Context;
use crate::config::{LabelBase, LabelMode, LabelsConfig};
use crate::market::Bar;

pub use balance::BaseRate;
pub use context::ContextScores;

/// Weight of the past in the running variance (RiskMetrics).
const DECAY: f64 = 0.94;
/// Bars without a volatility.
const WARM_UP: usize = 20;
const FIXED_ENTRY: f64 = 0.01;
const FIXED_EXIT: f64 = -0.005;

/// What follows each bar t over the horizon; one value per bar, NaN where undefined. The last `horizon` bars have none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Labels {
    /// Bars ahead, h.
    pub horizon: usize,
    /// r from the configured base to close\[t+h\], as a fraction.
    pub forward_return: Vec<f64>,
    /// 1 where an entry was right, else 0.
    pub entry: Vec<f64>,
    /// 1 where an exit was right, else 0.
    pub exit: Vec<f64>,
    /// Root mean square of the h one-bar log returns after t.
    pub volatility: Vec<f64>,
    /// Root of the EWMA (0.94) of squared one-bar log returns up to t; NaN on the first 20 bars. Known at t.
    pub sigma: Vec<f64>,
    /// Price that an entry needs: above it close\[t+h\] must end (fixed, volatility), a high (triple barrier) or a close
    /// (context) within h bars must reach it.
    pub upper: Vec<f64>,
    /// Price that an exit needs, in the same way from above.
    pub lower: Vec<f64>,
    /// t1, the bar that decides entry and exit: of the first barrier touched, else t+h. They look at the bars (t, t1];
    /// forward return and volatility always at (t, t+h]. `None` without entry and exit.
    pub end: Vec<Option<usize>>,
    /// Scores behind the entries and exits of context mode.
    pub context: Option<ContextScores>,
}

impl Labels {
    /// First bar that has no forward return because its future is not known yet.
    pub fn labelled_until(&self) -> usize {
        self.forward_return.len().saturating_sub(self.horizon)
    }

    /// sigma sqrt(h) of bar `t`: the move over the horizon that its volatility lets expect, as a fraction; `None` without.
    pub fn expected_move(&self, t: usize) -> Option<f64> {
        Some(self.sigma[t] * (self.horizon as f64).sqrt()).filter(|reach| *reach > 0.0)
    }

    /// The bars t+1..=t1 that the entry and exit of each of `rows` look at; empty where there are none.
    pub fn spans(&self, rows: &[usize]) -> Vec<Range<usize>> {
        rows.iter().map(|&t| t + 1..self.end[t].map_or(t, |end| end) + 1).collect()
    }
}

/// Root of the exponentially weighted mean of squared one-bar log returns, started with the first of them.
///
/// Source: J. P. Morgan/Reuters, "RiskMetrics technical document" (1996), section 5.2.
pub(super) fn ewma_volatility(close: &[f64]) -> Vec<f64> {
    let mut variance = f64::NAN;
    (0..close.len())
        .map(|t| {
            if t > 0 {
                let step = (close[t] / close[t - 1]).ln();
                variance = if t == 1 { step * step } else { DECAY * variance + (1.0 - DECAY) * step * step };
            }
            if t < WARM_UP { f64::NAN } else { variance.sqrt() }
        })
        .collect()
}

/// Entry and exit of one bar.
struct Verdict {
    entry: bool,
    exit: bool,
    upper: f64,
    lower: f64,
    end: usize,
    context: Option<Context>,
}

/// All that one bar is labelled with.
struct Row {
    forward_return: f64,
    volatility: f64,
    verdict: Option<Verdict>,
}

/// Labels of every bar. `cost`: round trip as a fraction of the traded value, which a `volatility` entry must exceed.
///
/// Triple barrier after Lopez de Prado, "Advances in Financial Machine Learning" (2018), section 3.4: both barriers in
/// one bar count as the lower; none within h bars is neither entry nor exit. Context: see [`ContextScores`].
pub fn make_labels(bars: &[Bar], config: &LabelsConfig, cost: f64) -> Labels {
    let (n, h) = (bars.len(), config.prediction_horizon);
    let close: Vec<f64> = bars.iter().map(|b| b.close).collect();
    let sigma = ewma_volatility(&close);
    let labelled = if h == 0 { 0 } else { n.saturating_sub(h) };
    let rows: Vec<Row> =
        (0..labelled).into_par_iter().map(|t| label(bars, &close, t, sigma[t], config, cost)).collect();
    let column = |value: &dyn Fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(value).collect();
        values.resize(n, f64::NAN);
        values
    };
    let of_verdict = |value: &dyn Fn(&Verdict) -> f64| column(&|row| row.verdict.as_ref().map_or(f64::NAN, value));
    let score = |value: fn(&Context) -> f64| of_verdict(&|v| v.context.as_ref().map_or(f64::NAN, value));
    let mut end: Vec<Option<usize>> = rows.iter().map(|row| row.verdict.as_ref().map(|v| v.end)).collect();
    end.resize(n, None);
    Labels {
        horizon: h,
        forward_return: column(&|row| row.forward_return),
        entry: of_verdict(&|v| f64::from(u8::from(v.entry))),
        exit: of_verdict(&|v| f64::from(u8::from(v.exit))),
        volatility: column(&|row| row.volatility),
        upper: of_verdict(&|v| v.upper),
        lower: of_verdict(&|v| v.lower),
        end,
        context: (config.mode == LabelMode::Context).then(|| ContextScores {
            take_profit: score(|c| c.take_profit),
            stop_loss: score(|c| c.stop_loss),
            let_run: score(|c| c.let_run),
            regime_change: score(|c| c.regime_change),
        }),
        sigma,
    }
}

fn label(bars: &[Bar], close: &[f64], t: usize, sigma: f64, config: &LabelsConfig, cost: f64) -> Row {
    let h = config.prediction_horizon;
    let base = match config.base {
        LabelBase::NextOpen => bars[t + 1].open,
        LabelBase::Close => close[t],
    };
    let r = close[t + h] / base - 1.0;
    let squares: f64 = close[t..=t + h].windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).sum();
    let reach = sigma * (h as f64).sqrt();
    let at_the_end = |above: f64, below: f64| Verdict {
        entry: r > above,
        exit: r < below,
        upper: base * (1.0 + above),
        lower: base * (1.0 + below),
        end: t + h,
        context: None,
    };
    let verdict = match config.mode {
        LabelMode::Fixed => Some(at_the_end(FIXED_ENTRY, FIXED_EXIT)),
        LabelMode::Volatility => {
            (!reach.is_nan()).then(|| at_the_end(config.entry_k * reach + cost, -config.exit_k * reach))
        }
        // Without volatility both barriers would lie on the close.
        LabelMode::TripleBarrier => {
            (reach > 0.0).then(|| first_touch(&bars[t + 1..=t + h], t, close[t], config.barrier_width * reach))
        }
        LabelMode::Context => (!sigma.is_nan() && h >= LabelsConfig::LEAST_CONTEXT).then(|| {
            let ahead: Vec<f64> = close[t + 1..=t + h].iter().map(|price| price / close[t] - 1.0).collect();
            let context = Context::new(&ahead, sigma);
            Verdict {
                entry: context.take_profit > 0.0,
                exit: context.stop_loss > 0.0,
                upper: close[t] * (1.0 + context.above),
                lower: close[t] * (1.0 + context.below),
                end: t + h,
                context: Some(context),
            }
        }),
    };
    Row { forward_return: r, volatility: (squares / h as f64).sqrt(), verdict }
}

/// Which barrier the bars after t touch first, and where.
fn first_touch(after: &[Bar], t: usize, close: f64, distance: f64) -> Verdict {
    let (upper, lower) = (close * distance.exp(), close * (-distance).exp());
    let touched = |bar: &Bar| bar.low <= lower || bar.high >= upper;
    let at = after.iter().position(touched);
    let exit = at.is_some_and(|i| after[i].low <= lower);
    let end = t + at.map_or(after.len(), |i| i + 1);
    Verdict { entry: at.is_some() && !exit, exit, upper, lower, end, context: None }
}
