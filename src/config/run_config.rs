use serde::{Deserialize, Serialize};

use super::{BacktestConfig, FeaturesConfig, LabelsConfig, SplitsConfig};

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
    /// File of bars; relative paths start at the configuration file's folder.
    pub file: String,
    /// Ticker; guessed from the file name when empty.
    pub symbol: String,
    /// Bar length such as `4h`; inferred when empty.
    pub timeframe: String,
    /// First bar's open time (ISO date or date-time, UTC); the file's first when empty.
    pub start: String,
    /// Bars open before this time (ISO date or date-time, UTC); all when empty.
    pub end: String,
    /// Columns named by hand, such as `close=Last`; the others are guessed.
    pub map: Vec<String>,
    /// Clock of times that name none, such as `America/New_York`; UTC when empty.
    pub timezone: String,
    /// Factor of every price, such as `1/100000`; 1 when empty.
    pub price_scale: String,
    /// Keep prices as traded although the file has adjusted closes.
    pub keep_unadjusted: bool,
    /// Names of blocking findings in the bars that are accepted, such as `split`.
    pub accept: Vec<String>,
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
    /// Long short-term memory layers (Hochreiter & Schmidhuber 1997).
    Lstm,
    /// Dilated causal convolutions (Bai et al. 2018).
    Tcn,
    /// Temporal pattern attention over the states of long short-term memory layers (Shih et al. 2019).
    Tpa,
}

/// How the transformer learns the order of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Positions {
    /// A fixed code of sines and cosines.
    Sinusoidal,
    /// One learned vector per place.
    Learned,
}

/// The network's shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Bars the network sees at once, T.
    pub seq_len: usize,
    /// Width of a token.
    pub d_model: usize,
    /// Attention heads; transformer only.
    pub num_heads: usize,
    /// Encoder layers.
    pub num_layers: usize,
    /// Width inside the feed-forward part; transformer only.
    pub d_ff: usize,
    /// Dropout probability.
    pub dropout: f64,
    /// Width of the VAE's latent vector.
    pub latent_dim: usize,
    /// Sequence to vector; `last` with tpa, which makes its own vector of the last bar.
    pub pooling: Pooling,
    /// Pre- or post-norm.
    pub norm: Norm,
    /// Sequence encoder.
    pub encoder: Encoder,
    /// Order of bars; transformer only, the other encoders read bars in order anyway.
    pub positions: Positions,
    /// Hides later bars of the window from earlier ones; transformer only, the other encoders look back only anyway.
    pub causal: bool,
    /// Taps of a dilated convolution; tcn only.
    pub tcn_kernel: usize,
    /// Filters over the history of each state; tpa only.
    pub tpa_filters: usize,
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
            positions: Positions::Sinusoidal,
            causal: false,
            tcn_kernel: 3,
            tpa_filters: 32,
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

/// Numbers that the matrix products of training steps take; everything else, forecasts and validation among it, is in
/// single precision.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    /// Single precision.
    #[default]
    F32,
    /// bfloat16 in the transformer's blocks, summed in single precision. On a CUDA device only.
    Bf16,
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
    /// Times the cosine starts again at the peak after the warm-up.
    pub restarts: usize,
    /// Length of each cosine over that of the one before (T_mult of Loshchilov & Hutter 2017); 1 for equal lengths.
    pub restart_growth: f64,
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
    /// Numbers of the matrix products.
    pub precision: Precision,
    /// Name in the run folder.
    pub run_name: String,
    /// How much faster than evenly old windows lose weight: w = exp(-age / (recency x training bars)); 0 weighs all alike.
    pub recency: f64,
    /// Weigh each window by the average uniqueness of its label.
    pub uniqueness: bool,
    /// Let entries count together as much as the bars without one, by the training slice's shares; exits likewise.
    pub class_weights: bool,
    /// Exponent of the focal loss of entry and exit, at least 1; plain cross-entropy when 0.
    pub focal_gamma: f64,
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
            restarts: 0,
            restart_growth: 1.0,
            weight_decay: 1e-5,
            accumulation_steps: 1,
            max_grad_norm: 1.0,
            kl_beta: 0.001,
            patience: 15,
            seed: 42,
            device: DevicePreference::Auto,
            precision: Precision::F32,
            run_name: "run".to_owned(),
            recency: 0.0,
            uniqueness: false,
            class_weights: false,
            focal_gamma: 0.0,
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
