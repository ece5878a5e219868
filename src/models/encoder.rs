use candle_core::{Result, Tensor};

use super::builder::{Builder, Dense, LayerNorm};
use super::network::Probe;
use crate::config::{ModelConfig, Norm};
use crate::nn::{Noise, ops};

/// One transformer encoder layer: self-attention and feed-forward, each with residual and layer norm.
#[derive(Debug, Clone)]
pub(super) struct EncoderLayer {
    index: usize,
    heads: usize,
    dropout: f64,
    norm: Norm,
    attention_norm: LayerNorm,
    qkv: Tensor,
    query_bias: Tensor,
    /// Zeros: softmax ignores a shift common to all keys, so a key bias would have no gradient.
    key_bias: Tensor,
    value_bias: Tensor,
    output: Dense,
    feed_norm: LayerNorm,
    expand: Dense,
    contract: Dense,
}

impl EncoderLayer {
    pub(super) fn new(b: &mut Builder<'_>, index: usize, config: &ModelConfig) -> Result<Self> {
        let c = config.d_model;
        let name = |part: &str| format!("encoder.{index:02}.{part}");
        Ok(Self {
            index,
            heads: config.num_heads,
            dropout: config.dropout,
            norm: config.norm,
            attention_norm: b.norm(&name("attention.norm"), c)?,
            qkv: b.matrix(&name("attention.qkv.weight"), 3 * c, c)?,
            query_bias: b.vector(&name("attention.query.bias"), c, 0.0)?,
            key_bias: b.zeros(c)?,
            value_bias: b.vector(&name("attention.value.bias"), c, 0.0)?,
            output: b.dense(&name("attention.output"), c, c)?,
            feed_norm: b.norm(&name("feed.norm"), c)?,
            expand: b.dense(&name("feed.expand"), config.d_ff, c)?,
            contract: b.dense(&name("feed.contract"), c, config.d_ff)?,
        })
    }

    /// `[B, T, C]` to `[B, T, C]`.
    pub(super) fn forward(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Tensor> {
        match self.norm {
            Norm::Pre => {
                let x = (x + self.attend(&self.attention_norm.forward(x)?, noise, probe)?)?;
                &x + self.feed(&self.feed_norm.forward(&x)?, noise)?
            }
            Norm::Post => {
                let x = self.attention_norm.forward(&(x + self.attend(x, noise, probe)?)?)?;
                self.feed_norm.forward(&(&x + self.feed(&x, noise)?)?)
            }
        }
    }

    fn attend(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Tensor> {
        let bias = Tensor::cat(&[&self.query_bias, &self.key_bias, &self.value_bias], 0)?;
        let qkv = ops::linear(x, &self.qkv, &bias)?;
        let context = match probe.attend(self.index, &qkv, self.heads)? {
            Some(replaced) => replaced,
            None => ops::self_attention(&qkv, self.heads, self.dropout, noise)?,
        };
        ops::dropout(&self.output.forward(&context)?, self.dropout, noise)
    }

    fn feed(&self, x: &Tensor, noise: &mut Noise) -> Result<Tensor> {
        ops::dropout(&self.contract.forward(&self.expand.forward_gelu(x)?)?, self.dropout, noise)
    }
}
