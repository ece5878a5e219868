use candle_core::{Result, Tensor};

use super::builder::Builder;
use super::pattern::PatternAttention;
use crate::config::{Encoder, ModelConfig, Pooling};
use crate::nn::ops::{self, Pooled, composed::softmax};

/// `[B, T, C]` to `[B, C]`.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    Mean,
    Last,
    /// Softmax weights over bars from one learned query `[1, C]`.
    Attention(Tensor),
    Pattern(PatternAttention),
}

impl Pool {
    pub(super) fn new(b: &mut Builder<'_>, config: &ModelConfig) -> Result<Self> {
        Ok(match config.pooling {
            _ if config.encoder == Encoder::Tpa => Self::Pattern(PatternAttention::new(b, config)?),
            Pooling::Mean => Self::Mean,
            Pooling::Last => Self::Last,
            Pooling::Attention => Self::Attention(b.matrix("pool.query", 1, config.d_model)?),
        })
    }

    /// The same pooling as a part of the transformer's operation; `None` if that has no such part.
    pub(super) const fn fused(&self) -> Option<Pooled> {
        match self {
            Self::Mean => Some(Pooled::Mean),
            Self::Last => Some(Pooled::Last),
            Self::Attention(_) | Self::Pattern(_) => None,
        }
    }

    /// Weight of each bar, `[B, T]`: how much it counts in the pooled vector. `None` where bars have no weight.
    pub(super) fn weights(&self, x: &Tensor) -> Result<Option<Tensor>> {
        let (b, t, _) = x.dims3()?;
        match self {
            Self::Attention(query) => attend(x, query).map(Some),
            _ => self.fixed_weights(b, t, x),
        }
    }

    /// [`Self::weights`] of a pooling that does not look at the states; in the format and on the device of `like`.
    pub(super) fn fixed_weights(&self, b: usize, t: usize, like: &Tensor) -> Result<Option<Tensor>> {
        let mut weights = vec![0.0_f64; b * t];
        match self {
            Self::Mean => weights.fill(1.0 / t as f64),
            Self::Last => weights.chunks_exact_mut(t).for_each(|row| row[t - 1] = 1.0),
            Self::Attention(_) | Self::Pattern(_) => return Ok(None),
        }
        Tensor::from_vec(weights, (b, t), like.device())?.to_dtype(like.dtype()).map(Some)
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Mean => ops::mean_bars(x),
            Self::Last => x.narrow(1, x.dim(1)? - 1, 1)?.squeeze(1),
            Self::Attention(query) => ops::weighted_bars(x, &attend(x, query)?),
            Self::Pattern(pattern) => pattern.forward(x),
        }
    }
}

/// Softmax of the scaled products of bars and query, `[B, T]`.
fn attend(x: &Tensor, query: &Tensor) -> Result<Tensor> {
    let scores = ops::product(x, query)?.squeeze(2)?;
    softmax(&(scores * (1.0 / (x.dim(2)? as f64).sqrt()))?)
}
