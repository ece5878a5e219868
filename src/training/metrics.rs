use serde::{Deserialize, Serialize};

/// Unweighted losses per task, averaged over windows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct TaskLosses {
    /// Cross-entropy of entry.
    pub entry: f64,
    /// Cross-entropy of exit.
    pub exit: f64,
    /// Squared error of the standardised return.
    #[serde(rename = "return")]
    pub expected_return: f64,
    /// Squared error of the standardised volatility.
    pub volatility: f64,
    /// Reconstruction plus weighted KL.
    pub vae: f64,
    /// Loss of the size head.
    pub size: f64,
}

/// How good the validation forecasts are; `None` where undefined (one class only, constant forecasts).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LearnedMetrics {
    /// Area under the ROC curve of entry.
    pub entry_auc: Option<f64>,
    /// Mean squared error of the entry probability.
    pub entry_brier: f64,
    /// Area under the ROC curve of exit.
    pub exit_auc: Option<f64>,
    /// Correlation of predicted and realised return.
    pub return_ic: Option<f64>,
    /// Rank correlation of predicted and realised return.
    pub return_rank_ic: Option<f64>,
    /// Correlation of predicted and realised volatility.
    pub volatility_correlation: Option<f64>,
    /// Correlation of the last 20 bars' volatility and the realised one: what the network's has to beat. `None` also in
    /// lines of earlier versions.
    #[serde(default)]
    pub volatility_baseline: Option<f64>,
}

/// One line of metrics.jsonl: reproducible figures only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochMetrics {
    /// Always `epoch`, so that readers of mixed streams can tell.
    pub event: String,
    /// From 1.
    pub epoch: usize,
    /// Optimiser steps so far.
    pub step: u64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Training losses, with dropout and latent noise, averaged while learning.
    pub train: TaskLosses,
    /// Validation losses, without noise.
    pub validation: TaskLosses,
    /// Mean over entry, exit, return and volatility of validation loss / loss of the training-constant predictor;
    /// below 1 beats the constants. Early stopping watches it.
    pub score: f64,
    /// True if `score` is the best so far.
    pub best: bool,
    /// Validation forecasts.
    pub learned: LearnedMetrics,
    /// Mean global gradient norm before clipping.
    pub gradient_norm: f64,
    /// Largest global gradient norm before clipping.
    pub gradient_norm_max: f64,
    /// L2 norm of the weights' change over the epoch, as a share of their norm before it; `None` in lines of earlier
    /// versions.
    #[serde(default)]
    pub weight_change: Option<f64>,
    /// Units (rows of weight matrices) that no gradient reaches on some validation windows; `None` in lines of earlier
    /// versions.
    #[serde(default)]
    pub dead_units: Option<usize>,
    /// Learned log variances s of entry, exit, return, volatility, vae.
    pub log_variances: Vec<f64>,
    /// KL per latent on validation, nats.
    pub kl: Vec<f64>,
    /// Latents with KL above 0.01 nats.
    pub active_latents: usize,
    /// Attention entropy per layer and head on validation windows, as a share of uniform attention's; empty for encoders
    /// without attention over bars.
    pub attention_entropy: Vec<Vec<f64>>,
}

/// One line of steps.jsonl: the optimiser steps since the line before it, of which an epoch has 64 at most. Reproducible
/// figures only.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// Always `step`, so that readers of mixed streams can tell.
    pub event: String,
    /// Epoch at work, from 1.
    pub epoch: usize,
    /// Optimiser steps so far.
    pub step: u64,
    /// Epochs so far; of the one at work the share of its windows that were seen.
    pub epochs: f64,
    /// Optimiser steps that the line is the mean of.
    pub steps: usize,
    /// Training windows seen so far, in all epochs.
    pub windows: u64,
    /// Training losses, with dropout and latent noise, averaged over the windows of these steps.
    pub train: TaskLosses,
    /// What was minimised, averaged likewise: losses under their learned weights.
    pub total: f64,
    /// Learning rate of the last step.
    pub learning_rate: f64,
    /// Mean global gradient norm before clipping.
    pub gradient_norm: f64,
    /// Largest global gradient norm before clipping.
    pub gradient_norm_max: f64,
}

/// One line of step_timing.jsonl: wall clock, which differs between equal runs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepTiming {
    /// Optimiser steps so far; the key to steps.jsonl.
    pub step: u64,
    /// Seconds of training so far, the validations of finished epochs included and pauses left out.
    pub seconds: f64,
}

/// One line of timing.jsonl: wall clock, which differs between equal runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EpochTiming {
    /// From 1.
    pub epoch: usize,
    /// Wall seconds of the epoch.
    pub seconds: f64,
    /// Training windows per second, over the training part.
    pub windows_per_s: f64,
    /// Share of the training part spent gathering windows.
    pub data_wait: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_earlier_versions_are_read() {
        let losses = r#"{"entry":1.0,"exit":1.0,"return":1.0,"volatility":1.0,"vae":1.0,"size":1.0}"#;
        let text = format!(
            r#"{{"event":"epoch","epoch":1,"step":5,"learning_rate":1e-4,"train":{losses},"validation":{losses},
            "score":1.0,"best":true,"learned":{{"entry_auc":0.5,"entry_brier":0.2,"exit_auc":null,"return_ic":null,
            "return_rank_ic":0.1,"volatility_correlation":0.3}},"gradient_norm":1.0,"gradient_norm_max":2.0,
            "log_variances":[0.0],"kl":[0.1],"active_latents":1,"attention_entropy":[[0.9]]}}"#
        );
        let line: EpochMetrics = serde_json::from_str(&text).unwrap();
        assert_eq!((line.weight_change, line.dead_units, line.learned.volatility_baseline), (None, None, None));
        assert_eq!(line.learned.volatility_correlation, Some(0.3));
    }
}
