use serde::{Deserialize, Serialize};

use super::BacktestConfig;

/// Everything a run depends on, apart from the bars themselves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RunConfig {
    /// Which bars.
    pub data: DataConfig,
    /// What the network sees of them.
    pub features: FeaturesConfig,
    /// What it is asked to foresee.
    pub labels: LabelsConfig,
    /// Which bars teach, select, calibrate and judge.
    pub splits: SplitsConfig,
    /// The network.
    pub model: ModelConfig,
    /// How it is taught.
    pub train: TrainConfig,
    /// How it is examined.
    pub analysis: AnalysisConfig,
    /// How it trades on paper.
    pub backtest: BacktestConfig,
}

/// Which bars.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataConfig {
    /// CSV or Parquet file of bars; relative paths start at the configuration file's folder.
    pub file: String,
    /// Ticker; guessed from the file name when empty.
    pub symbol: String,
    /// Bar length such as `4h`; inferred when empty.
    pub timeframe: String,
    /// First bar's open time (ISO date or date-time, UTC); the file's first when empty.
    pub start: String,
    /// Bars open before this time (ISO date or date-time, UTC); all when empty.
    pub end: String,
}

/// A switchable family of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureGroup {
    /// Every indicator line, made stationary by its unit.
    Lines,
    /// Velocity and acceleration of every line over 1, 3, 5 and 10 bars.
    Changes,
    /// Mean, deviation, skew, kurtosis and quartiles per look-back window.
    Windows,
    /// Correlation, ratio and spread of chosen line pairs over 20 bars.
    Pairs,
    /// Dominant period and spectral entropy of 64 closes.
    Spectral,
    /// Hurst exponent's regime flags.
    Hurst,
    /// Current, relative and varying ATR over 20 bars.
    Volatility,
    /// Run length of the volatility squeeze.
    Squeeze,
    /// Log returns over several horizons.
    Returns,
    /// Hour and weekday as sine and cosine.
    Calendar,
}

/// What the network sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FeaturesConfig {
    /// Feature families to compute.
    pub groups: Vec<FeatureGroup>,
    /// Ids of the indicators whose lines become features, with all their lines; when empty those of the whole catalogue
    /// that do not restate another line.
    pub indicators: Vec<String>,
    /// Bars of each statistics window.
    pub lookback_windows: Vec<usize>,
    /// Exact width to pad to with named `pad_k` features; 0 keeps the natural width.
    pub feature_dim: usize,
    /// Extraction threads; 0 takes all.
    pub fe_workers: usize,
    /// Rows per parallel chunk.
    pub fe_chunk: usize,
    /// Bars below which extraction stays on one thread.
    pub fe_parallel_threshold: usize,
}

impl Default for FeaturesConfig {
    fn default() -> Self {
        use FeatureGroup::{Calendar, Changes, Hurst, Lines, Pairs, Returns, Spectral, Squeeze, Volatility, Windows};
        Self {
            groups: vec![Lines, Changes, Windows, Pairs, Spectral, Hurst, Volatility, Squeeze, Returns, Calendar],
            indicators: Vec::new(),
            lookback_windows: vec![5, 10, 20, 50, 100],
            feature_dim: 0,
            fe_workers: 0,
            fe_chunk: 1024,
            fe_parallel_threshold: 5000,
        }
    }
}

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

/// Shares of the usable bars, in time order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SplitsConfig {
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
        Self { train: 0.70, validation: 0.10, calibration: 0.05, test: 0.15, embargo: 0 }
    }
}

/// How a sequence becomes one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pooling {
    /// Average over all bars.
    Mean,
    /// The last bar.
    Last,
    /// Learned weights over bars.
    Attention,
}

/// Where layer normalisation sits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Before each sub-layer.
    Pre,
    /// After each residual sum.
    Post,
}

/// The sequence encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoder {
    /// Self-attention layers (Vaswani et al. 2017).
    Transformer,
}

/// The network's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Bars the network sees at once, T.
    pub seq_len: usize,
    /// Width of a token.
    pub d_model: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Encoder layers.
    pub num_layers: usize,
    /// Width inside the feed-forward part.
    pub d_ff: usize,
    /// Dropout probability.
    pub dropout: f64,
    /// Width of the VAE's latent vector.
    pub latent_dim: usize,
    /// Sequence to vector.
    pub pooling: Pooling,
    /// Pre- or post-norm.
    pub norm: Norm,
    /// Sequence encoder.
    pub encoder: Encoder,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            seq_len: 100,
            d_model: 256,
            num_heads: 8,
            num_layers: 4,
            d_ff: 1024,
            dropout: 0.1,
            latent_dim: 8,
            pooling: Pooling::Mean,
            norm: Norm::Pre,
            encoder: Encoder::Transformer,
        }
    }
}

/// Where tensors live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DevicePreference {
    /// CUDA when the build and the machine have it, else the CPU.
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA or an error.
    Cuda,
}

/// How the network is taught.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrainConfig {
    /// Windows per forward pass.
    pub batch_size: usize,
    /// Passes over the training slice at most.
    pub num_epochs: usize,
    /// Peak learning rate, reached after the warm-up.
    pub learning_rate: f64,
    /// Learning rate at the end of the cosine.
    pub min_lr: f64,
    /// Share of all optimiser steps spent warming up.
    pub warmup: f64,
    /// Decoupled weight decay, on matrices only.
    pub weight_decay: f64,
    /// Batches whose gradients are summed per optimiser step.
    pub accumulation_steps: usize,
    /// Global L2 norm gradients are clipped to; 0 turns clipping off.
    pub max_grad_norm: f64,
    /// Weight of the KL term after its warm-up.
    pub kl_beta: f64,
    /// Epochs without improvement before stopping.
    pub patience: usize,
    /// Seeds weights, dropout, latent noise and shuffling.
    pub seed: u64,
    /// Device.
    pub device: DevicePreference,
    /// Name in the run folder.
    pub run_name: String,
    /// Asks for a Weights & Biases directory; not written by this version, and said so at start.
    pub use_wandb: bool,
}

impl Default for TrainConfig {
    fn default() -> Self {
        Self {
            batch_size: 64,
            num_epochs: 100,
            learning_rate: 1e-4,
            min_lr: 1e-6,
            warmup: 0.05,
            weight_decay: 1e-5,
            accumulation_steps: 1,
            max_grad_norm: 1.0,
            kl_beta: 0.001,
            patience: 15,
            seed: 42,
            device: DevicePreference::Auto,
            run_name: "run".to_owned(),
            use_wandb: false,
        }
    }
}

/// How the network is examined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnalysisConfig {
    /// Number of regimes; 0 chooses 2 to 8 by BIC.
    pub regimes: usize,
    /// Windows of the test slice used for attention and attribution.
    pub windows: usize,
}

impl Default for AnalysisConfig {
    fn default() -> Self {
        Self { regimes: 5, windows: 256 }
    }
}
