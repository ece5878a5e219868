//! Sequence encoders behind one interface: residual blocks over `[B, T, C]`.

mod convolution;
mod recurrent;
mod transformer;

use candle_core::{Result, Tensor};

use self::convolution::ConvolutionBlock;
use self::recurrent::RecurrentBlock;
use self::transformer::Transformer;
use super::builder::{Builder, Dense, LayerNorm};
use super::pooling::Pool;
use super::probe::Probe;
use crate::config::{Encoder, ModelConfig, Norm};
use crate::nn::ops::Pooled;
use crate::nn::{GradientPath, Noise};

pub(super) use self::convolution::dilation;

/// Input projection and a stack of residual blocks; the transformer is one fused operation.
#[derive(Debug, Clone)]
pub(super) enum SequenceEncoder {
    Transformer(Transformer),
    Blocks {
        input: Dense,
        blocks: Vec<Block>,
        /// Post-norm blocks end normalised already.
        final_norm: Option<LayerNorm>,
    },
}

#[derive(Debug, Clone)]
pub(in crate::models) enum Block {
    Recurrent(RecurrentBlock),
    Convolution(ConvolutionBlock),
}

impl SequenceEncoder {
    pub(super) fn new(b: &mut Builder<'_>, config: &ModelConfig, features: usize) -> Result<Self> {
        if config.encoder == Encoder::Transformer {
            return Transformer::new(b, config, features).map(Self::Transformer);
        }
        let input = b.dense("input", config.d_model, features)?;
        let blocks = (0..config.num_layers)
            .map(|i| {
                Ok(match config.encoder {
                    Encoder::Tcn => Block::Convolution(ConvolutionBlock::new(b, i, config)?),
                    _ => Block::Recurrent(RecurrentBlock::new(b, i, config)?),
                })
            })
            .collect::<Result<_>>()?;
        let final_norm = if config.norm == Norm::Pre { Some(b.norm("final.norm", config.d_model)?) } else { None };
        Ok(Self::Blocks { input, blocks, final_norm })
    }

    /// `[B, T, F]` to states `[B, T, C]`.
    pub(super) fn states(
        &self,
        x: &Tensor,
        noise: &mut Noise,
        probe: &mut Probe,
        path: &GradientPath,
    ) -> Result<Tensor> {
        let (input, blocks, final_norm) = match self {
            Self::Transformer(stack) => return stack.forward(x, noise, probe, path, Pooled::States),
            Self::Blocks { input, blocks, final_norm } => (input, blocks, final_norm),
        };
        let mut x = input.forward(x)?;
        for block in blocks {
            x = match block {
                Block::Recurrent(block) => block.forward(&x, noise)?,
                Block::Convolution(block) => block.forward(&x, noise)?,
            };
        }
        match final_norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        }
    }

    /// `[B, T, F]` to `[B, C]`.
    pub(super) fn pooled(
        &self,
        x: &Tensor,
        pool: &Pool,
        noise: &mut Noise,
        probe: &mut Probe,
        path: &GradientPath,
    ) -> Result<Tensor> {
        if let (Self::Transformer(stack), Some(pooled)) = (self, pool.fused()) {
            if probe.record {
                let (b, t, _) = x.dims3()?;
                probe.pooling = pool.fixed_weights(b, t, x)?;
            }
            return stack.forward(x, noise, probe, path, pooled);
        }
        let states = self.states(x, noise, probe, path)?;
        if probe.record {
            probe.pooling = pool.weights(&states)?.map(|weights| weights.detach());
        }
        pool.forward(&states)
    }
}

/// The sum of a sub-layer and its input, with the layer norm before the one or after the other.
#[derive(Debug, Clone)]
struct Residual {
    kind: Norm,
    norm: LayerNorm,
}

impl Residual {
    fn new(b: &mut Builder<'_>, name: &str, config: &ModelConfig) -> Result<Self> {
        Ok(Self { kind: config.norm, norm: b.norm(name, config.d_model)? })
    }

    fn around(&self, x: &Tensor, body: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        match self.kind {
            Norm::Pre => x + body(&self.norm.forward(x)?)?,
            Norm::Post => self.norm.forward(&(x + body(x)?)?),
        }
    }
}
