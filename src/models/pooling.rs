use candle_core::{Result, Tensor};

use super::builder::Builder;
use crate::config::{ModelConfig, Pooling};
use crate::nn::ops::composed::softmax;

/// `[B, T, C]` to `[B, C]`.
#[derive(Debug, Clone)]
pub(super) enum Pool {
    Mean,
    Last,
    /// Softmax weights over bars from one learned query `[1, C]`.
    Attention(Tensor),
}

impl Pool {
    pub(super) fn new(b: &mut Builder<'_>, config: &ModelConfig) -> Result<Self> {
        Ok(match config.pooling {
            Pooling::Mean => Self::Mean,
            Pooling::Last => Self::Last,
            Pooling::Attention => Self::Attention(b.matrix("pool.query", 1, config.d_model)?),
        })
    }

    /// Weight of each bar, `[B, T]`: how much it counts in the pooled vector.
    pub(super) fn weights(&self, x: &Tensor) -> Result<Tensor> {
        let (b, t, c) = x.dims3()?;
        match self {
            Self::Mean => Tensor::full(1.0 / t as f32, (b, t), x.device())?.to_dtype(x.dtype()),
            Self::Last => {
                let mut last = vec![0.0_f32; b * t];
                for row in last.chunks_mut(t) {
                    row[t - 1] = 1.0;
                }
                Tensor::from_vec(last, (b, t), x.device())?.to_dtype(x.dtype())
            }
            Self::Attention(query) => {
                let scores = x.contiguous()?.reshape((b * t, c))?.matmul(&query.t()?)?.reshape((b, t))?;
                softmax(&(scores * (1.0 / (c as f64).sqrt()))?)
            }
        }
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Mean => x.mean(1),
            Self::Last => x.narrow(1, x.dim(1)? - 1, 1)?.squeeze(1),
            Self::Attention(_) => self.weights(x)?.unsqueeze(1)?.matmul(x)?.squeeze(1),
        }
    }
}
