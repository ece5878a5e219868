use candle_core::{Result, Tensor};

use crate::config::{ModelConfig, Norm, Positions};
use crate::models::Probe;
use crate::models::builder::Builder;
use crate::nn::ops::{self, Pooled, StackParams, StackProbe, StackShape};
use crate::nn::{Arenas, GradientPath, Noise};

/// A transformer encoder with its input projection, run as one fused operation.
#[derive(Debug, Clone)]
pub(in crate::models) struct Transformer {
    shape: StackShape,
    params: StackParams,
    arenas: Arenas,
}

impl Transformer {
    pub(in crate::models) fn new(b: &mut Builder<'_>, config: &ModelConfig, features: usize) -> Result<Self> {
        let ModelConfig { seq_len, d_model, num_heads, positions, .. } = *config;
        if num_heads == 0 || !d_model.is_multiple_of(num_heads) {
            candle_core::bail!("{num_heads} heads do not divide the width {d_model}");
        }
        let shape = StackShape {
            features,
            bars: seq_len,
            width: d_model,
            feed: config.d_ff,
            heads: num_heads,
            layers: config.num_layers,
            causal: config.causal,
            post_norm: config.norm == Norm::Post,
            learned_positions: positions == Positions::Learned,
            dropout: config.dropout,
            half: false,
        };
        let tensors = b.all(shape.names())?;
        let table = match positions {
            Positions::Sinusoidal => Some(b.constant(ops::sinusoidal_positions(seq_len, d_model), (seq_len, d_model))?),
            Positions::Learned => None,
        };
        Ok(Self { shape, params: StackParams { tensors, table, transposed: false }, arenas: b.arenas().clone() })
    }

    /// `[B, T, F]` to what `pooled` says.
    pub(in crate::models) fn forward(
        &self,
        x: &Tensor,
        noise: &mut Noise,
        probe: &mut Probe,
        path: &GradientPath,
        pooled: Pooled,
    ) -> Result<Tensor> {
        let show = StackProbe { record: probe.record, uniform: probe.uniform.clone() };
        let (y, weights) = if x.device().is_cpu() && !Self::takes_candles_norm() {
            ops::encoder_stack(x, &self.params, &self.shape, pooled, noise, &show, path, &self.arenas)?
        } else {
            ops::composed::encoder_stack(x, &self.params, &self.shape, pooled, noise, &show, path, Self::norm())?
        };
        probe.attention.extend(weights);
        Ok(y)
    }

    /// Lets the blocks' matrix products take bfloat16 operands on a CUDA device.
    pub(in crate::models) const fn take_half(&mut self, half: bool) {
        self.shape.half = half;
    }

    /// A constant copy that is faster on a few windows. On the CPU only.
    pub(in crate::models) fn frozen(&self) -> Result<Self> {
        Ok(Self { params: self.params.transposed(&self.shape)?, ..self.clone() })
    }

    /// Names and sizes of the parameters whose gradients a sink takes.
    pub(in crate::models) fn parts(&self) -> Vec<(String, usize)> {
        self.shape.names().into_iter().map(|(name, dims)| (name, dims.iter().product())).collect()
    }

    #[cfg(not(test))]
    const fn takes_candles_norm() -> bool {
        false
    }

    #[cfg(test)]
    fn takes_candles_norm() -> bool {
        crate::models::builder::takes_candles_norm()
    }

    fn norm() -> fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor> {
        #[cfg(test)]
        if Self::takes_candles_norm() {
            return crate::models::builder::candles_norm;
        }
        ops::layer_norm
    }
}
