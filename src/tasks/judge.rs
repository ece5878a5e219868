use serde::Serialize;

use super::forecast::sigmoid;
use crate::dataset::{Labels, effective_n};
use crate::stats::{auc, correlation, mean, ranks};
use crate::training::Forecasts;

/// Forecasts of a test slice against what came.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Judged {
    /// Bars with a forecast and every label.
    pub bars: usize,
    /// Independent labels they are worth.
    pub n_eff: f64,
    /// Share of entries among them.
    pub base_rate: f64,
    /// Area under the ROC curve of the entry logit; `None` with one class only.
    pub entry_auc: Option<f64>,
    /// Mean squared error of the entry probability.
    pub entry_brier: f64,
    /// The same for a forecaster that always says the training slice's share of entries.
    pub constant_brier: f64,
    /// Correlation of predicted and realised return; `None` where one of them is constant.
    pub return_ic: Option<f64>,
    /// Rank correlation of the same.
    pub return_rank_ic: Option<f64>,
    /// Correlation of predicted and realised volatility.
    pub volatility_correlation: Option<f64>,
}

impl Judged {
    /// Of `bars`, in time order; `train_rate` is the share of entries on the training slice.
    pub(super) fn new(forecasts: &Forecasts, labels: &Labels, bars: &[usize], train_rate: f64) -> Self {
        let known = |t: &usize| forecasts.entry_logit[*t].is_finite() && labels.entry[*t].is_finite();
        let bars: Vec<usize> = bars.iter().copied().filter(known).collect();
        let pick = |values: &[f64]| bars.iter().map(|&t| values[t]).collect::<Vec<_>>();
        let finite = |x: f64| x.is_finite().then_some(x);
        let (logit, entry) = (pick(&forecasts.entry_logit), pick(&labels.entry));
        let brier = |p: &dyn Fn(usize) -> f64| {
            mean(&entry.iter().enumerate().map(|(i, y)| (p(i) - y).powi(2)).collect::<Vec<_>>())
        };
        let (expected, realised) = (pick(&forecasts.expected_return), pick(&labels.forward_return));
        Self {
            bars: bars.len(),
            n_eff: effective_n(bars.iter().copied(), labels.horizon),
            base_rate: mean(&entry),
            entry_auc: finite(auc(&logit, &entry)),
            entry_brier: brier(&|i| sigmoid(logit[i])),
            constant_brier: brier(&|_| train_rate),
            return_ic: finite(correlation(&expected, &realised)),
            return_rank_ic: finite(correlation(&ranks(&expected), &ranks(&realised))),
            volatility_correlation: finite(correlation(&pick(&forecasts.volatility), &pick(&labels.volatility))),
        }
    }
}
