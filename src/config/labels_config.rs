use serde::{Deserialize, Serialize};

/// How entry and exit labels are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelMode {
    /// Entry r > 1 %, exit r < -0.5 %.
    Fixed,
    /// Entry r > k sigma sqrt(h) + cost, exit r < -k_x sigma sqrt(h).
    Volatility,
    /// First touch of close exp(+-m sigma sqrt(h)) within h bars.
    TripleBarrier,
    /// The original's take-profit and stop-loss labels: whether, how far and how soon the path ahead runs either way.
    Context,
}

/// The price the forward return starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelBase {
    /// r = close[t+h] / open[t+1] - 1: what a fill at the next open earns.
    NextOpen,
    /// r = close[t+h] / close[t] - 1.
    Close,
}

/// What the network is asked to foresee.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelsConfig {
    /// Entry and exit rule.
    pub mode: LabelMode,
    /// Start of the forward return.
    pub base: LabelBase,
    /// Bars ahead, h.
    pub prediction_horizon: usize,
    /// Entry threshold in units of sigma sqrt(h).
    pub entry_k: f64,
    /// Exit threshold in units of sigma sqrt(h).
    pub exit_k: f64,
    /// Barrier distance m of the triple barrier, in units of sigma sqrt(h).
    pub barrier_width: f64,
}

impl LabelsConfig {
    /// Fewest bars ahead for [`LabelMode::Context`].
    pub const LEAST_CONTEXT: usize = 5;
}

impl Default for LabelsConfig {
    fn default() -> Self {
        Self {
            mode: LabelMode::Volatility,
            base: LabelBase::NextOpen,
            prediction_horizon: 5,
            entry_k: 0.5,
            exit_k: 0.5,
            barrier_width: 1.0,
        }
    }
}

/// How bars are shared out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SplitMethod {
    /// Train, validation, calibration and test once, in time order.
    Chronological,
    /// Walk-forward with a training slice of one length that moves along.
    Rolling,
    /// Walk-forward with a training slice that grows from the first bar.
    Anchored,
    /// Every choice of `test_groups` of `groups` blocks is the test slice once.
    Combinatorial,
}

/// Which bars teach, select, calibrate and judge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitsConfig {
    /// How bars are shared out.
    pub method: SplitMethod,
    /// Folds of a walk-forward.
    pub folds: usize,
    /// The fold of it that a single run teaches, from 1; 0 for the last one.
    pub fold: usize,
    /// Blocks of equal length for combinatorial cross-validation.
    pub groups: usize,
    /// Blocks among them that are tested at once.
    pub test_groups: usize,
    /// Share that teaches.
    pub train: f64,
    /// Share that stops the training.
    pub validation: f64,
    /// Share that calibrates probabilities and sizes.
    pub calibration: f64,
    /// Share that judges.
    pub test: f64,
    /// Bars left out at each boundary beyond the purge of h bars.
    pub embargo: usize,
}

impl Default for SplitsConfig {
    fn default() -> Self {
        Self {
            method: SplitMethod::Chronological,
            folds: 5,
            fold: 0,
            groups: 6,
            test_groups: 2,
            train: 0.70,
            validation: 0.10,
            calibration: 0.05,
            test: 0.15,
            embargo: 0,
        }
    }
}
