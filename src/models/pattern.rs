use candle_core::{Result, Tensor};

use super::builder::{Builder, Dense};
use crate::config::ModelConfig;
use crate::nn::ops;

/// Temporal pattern attention of the last bar over the history of every state: filters find patterns in the row of each
/// state, a sigmoid weighs the rows by their likeness to the last bar.
///
/// Source: Shih, Sun & Lee, "Temporal pattern attention for multivariate time series forecasting" (2019), equations 4 to 8.
#[derive(Debug, Clone)]
pub(super) struct PatternAttention {
    /// `[K, T - 1]`.
    filters: Tensor,
    /// `[K, C]`, what the last bar looks for.
    query: Tensor,
    /// `[C, C]` with bias, what the last bar adds itself.
    state: Dense,
    /// `[C, K]`.
    pattern: Tensor,
}

impl PatternAttention {
    pub(super) fn new(b: &mut Builder<'_>, config: &ModelConfig) -> Result<Self> {
        let (c, k) = (config.d_model, config.tpa_filters);
        if config.seq_len < 2 {
            candle_core::bail!("temporal pattern attention needs windows of at least 2 bars");
        }
        Ok(Self {
            filters: b.matrix("pattern.filters", k, config.seq_len - 1)?,
            query: b.matrix("pattern.query", k, c)?,
            state: b.dense("pattern.state", c, c)?,
            pattern: b.matrix("pattern.output", c, k)?,
        })
    }

    /// `[B, T, C]` to `[B, C]`.
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let t = x.dim(1)?;
        let history = x.narrow(1, 0, t - 1)?.transpose(1, 2)?.contiguous()?; // (B, C, T - 1)
        let last = x.narrow(1, t - 1, 1)?.squeeze(1)?.contiguous()?; // (B, C)
        let patterns = ops::product(&history, &self.filters)?; // (B, C, K)
        let query = ops::product(&last, &self.query)?; // (B, K)
        let scores = patterns.matmul(&query.unsqueeze(2)?)?.squeeze(2)?; // (B, C)
        let seen = ops::weighted_bars(&patterns, &candle_nn::ops::sigmoid(&scores)?)?; // (B, K)
        self.state.forward(&last)? + ops::product(&seen, &self.pattern)?
    }
}
