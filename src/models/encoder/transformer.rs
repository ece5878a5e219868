use candle_core::{Result, Tensor};

use super::Residual;
use crate::config::ModelConfig;
use crate::models::Probe;
use crate::models::builder::{Builder, Dense};
use crate::nn::{Noise, ops};

/// One transformer encoder layer: self-attention and feed-forward, each with residual and layer norm.
#[derive(Debug, Clone)]
pub(super) struct TransformerBlock {
    index: usize,
    heads: usize,
    causal: bool,
    dropout: f64,
    attention: Residual,
    qkv: Tensor,
    query_bias: Tensor,
    /// Zeros: softmax ignores a shift common to all keys, so a key bias would have no gradient.
    key_bias: Tensor,
    value_bias: Tensor,
    output: Dense,
    feed: Residual,
    expand: Dense,
    contract: Dense,
}

impl TransformerBlock {
    pub(super) fn new(b: &mut Builder<'_>, index: usize, config: &ModelConfig) -> Result<Self> {
        let c = config.d_model;
        if config.num_heads == 0 || !c.is_multiple_of(config.num_heads) {
            candle_core::bail!("{} heads do not divide the width {c}", config.num_heads);
        }
        let name = |part: &str| format!("encoder.{index:02}.{part}");
        Ok(Self {
            index,
            heads: config.num_heads,
            causal: config.causal,
            dropout: config.dropout,
            attention: Residual::new(b, &name("attention.norm"), config)?,
            qkv: b.matrix(&name("attention.qkv.weight"), 3 * c, c)?,
            query_bias: b.vector(&name("attention.query.bias"), c, 0.0)?,
            key_bias: b.zeros(c)?,
            value_bias: b.vector(&name("attention.value.bias"), c, 0.0)?,
            output: b.dense(&name("attention.output"), c, c)?,
            feed: Residual::new(b, &name("feed.norm"), config)?,
            expand: b.dense(&name("feed.expand"), config.d_ff, c)?,
            contract: b.dense(&name("feed.contract"), c, config.d_ff)?,
        })
    }

    /// `[B, T, C]` to `[B, T, C]`.
    pub(super) fn forward(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Tensor> {
        let x = self.attention.around(x, |x| self.attend(x, noise, probe))?;
        self.feed.around(&x, |x| self.feed(x, noise))
    }

    fn attend(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Tensor> {
        let bias = Tensor::cat(&[&self.query_bias, &self.key_bias, &self.value_bias], 0)?;
        let qkv = ops::linear(x, &self.qkv, &bias)?;
        let context = match probe.attend(self.index, &qkv, self.heads, self.causal)? {
            Some(replaced) => replaced,
            None => ops::self_attention(&qkv, self.heads, self.causal, self.dropout, noise)?,
        };
        ops::dropout(&self.output.forward(&context)?, self.dropout, noise)
    }

    fn feed(&self, x: &Tensor, noise: &mut Noise) -> Result<Tensor> {
        ops::dropout(&self.contract.forward(&self.expand.forward_gelu(x)?)?, self.dropout, noise)
    }
}
