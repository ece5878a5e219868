use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analysis::effective::{effective_n, mean_interval};
use crate::stats::Interval;

const RESAMPLES: usize = 500;

/// What [`regime_table`] needs, one entry per bar of one slice in time order.
#[derive(Debug, Clone, Copy)]
pub struct RegimeTableInput<'a> {
    /// Regime of each bar; none without a prediction.
    pub assignments: &'a [Option<usize>],
    /// Forward return r as a fraction; NaN where there is no label.
    pub forward_return: &'a [f64],
    /// Whether the bar counts as a win (entry label, or r above cost: the caller decides and says which).
    pub wins: &'a [Option<bool>],
    /// Volatility per bar, in whatever unit the caller states; NaN where unknown.
    pub volatility: &'a [f64],
    /// Number of regimes.
    pub k: usize,
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Seed of the intervals.
    pub seed: u64,
}

/// One regime's record on a slice. Intervals are 95 %, block bootstrap; none where no bar contributes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegimeRow {
    /// Regime id.
    pub regime: usize,
    /// Bars in the regime.
    pub n: usize,
    /// Effective number of labelled bars in the regime.
    pub n_eff: f64,
    /// Share of all bars that have a regime.
    pub share: f64,
    /// Share of wins.
    pub win_rate: Option<Interval>,
    /// Mean forward return as a fraction.
    pub mean_return: Option<Interval>,
    /// Mean volatility.
    pub mean_volatility: Option<f64>,
    /// Mean length of an unbroken stay in bars.
    pub dwell_bars: Option<f64>,
}

/// One row per regime, in order of id.
///
/// # Panics
/// If the slices differ in length.
pub fn regime_table(input: &RegimeTableInput<'_>) -> Vec<RegimeRow> {
    let n = input.assignments.len();
    assert!(
        [input.forward_return.len(), input.wins.len(), input.volatility.len()] == [n; 3],
        "one entry per bar in every slice"
    );
    let known = input.assignments.iter().flatten().count();
    (0..input.k)
        .into_par_iter()
        .map(|regime| {
            let here: Vec<bool> = input.assignments.iter().map(|a| *a == Some(regime)).collect();
            let pick = |value: &dyn Fn(usize) -> f64| -> Vec<f64> {
                (0..n).map(|t| if here[t] { value(t) } else { f64::NAN }).collect()
            };
            let returns = pick(&|t| input.forward_return[t]);
            let wins = pick(&|t| input.wins[t].map_or(f64::NAN, |win| f64::from(u8::from(win))));
            let labelled: Vec<bool> = returns.iter().map(|r| r.is_finite()).collect();
            let volatility: Vec<f64> = pick(&|t| input.volatility[t]).into_iter().filter(|v| v.is_finite()).collect();
            let bars = here.iter().filter(|h| **h).count();
            let stays = (0..n).filter(|&t| here[t] && (t == 0 || !here[t - 1])).count();
            RegimeRow {
                regime,
                n: bars,
                n_eff: effective_n(&labelled, input.horizon),
                share: if known == 0 { 0.0 } else { bars as f64 / known as f64 },
                win_rate: mean_interval(&wins, input.horizon, RESAMPLES, input.seed),
                mean_return: mean_interval(&returns, input.horizon, RESAMPLES, input.seed),
                mean_volatility: (!volatility.is_empty()).then(|| crate::stats::mean(&volatility)),
                dwell_bars: (stays > 0).then(|| bars as f64 / stays as f64),
            }
        })
        .collect()
}
