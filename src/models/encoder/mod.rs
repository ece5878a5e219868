//! Sequence encoders behind one interface: a stack of residual blocks over `[B, T, C]`.

mod convolution;
mod recurrent;
mod transformer;

use candle_core::{Result, Tensor};

use self::convolution::ConvolutionBlock;
use self::recurrent::RecurrentBlock;
use self::transformer::TransformerBlock;
use super::builder::{Builder, LayerNorm};
use super::probe::Probe;
use crate::config::{Encoder, ModelConfig, Norm, Positions};
use crate::nn::{Noise, ops};

pub(super) use self::convolution::dilation;

/// Position code, blocks and final norm.
#[derive(Debug, Clone)]
pub(super) struct SequenceEncoder {
    positions: Option<Tensor>,
    blocks: Vec<Block>,
    final_norm: Option<LayerNorm>,
}

#[derive(Debug, Clone)]
enum Block {
    Transformer(TransformerBlock),
    Recurrent(RecurrentBlock),
    Convolution(ConvolutionBlock),
}

impl SequenceEncoder {
    pub(super) fn new(b: &mut Builder<'_>, config: &ModelConfig) -> Result<Self> {
        let ModelConfig { seq_len, d_model, encoder, positions, .. } = *config;
        let positions = match (encoder, positions) {
            (Encoder::Transformer, Positions::Sinusoidal) => {
                Some(b.constant(sinusoids(seq_len, d_model), (seq_len, d_model))?)
            }
            (Encoder::Transformer, Positions::Learned) => Some(b.matrix("positions", seq_len, d_model)?),
            _ => None,
        };
        let blocks = (0..config.num_layers)
            .map(|i| {
                Ok(match encoder {
                    Encoder::Transformer => Block::Transformer(TransformerBlock::new(b, i, config)?),
                    Encoder::Lstm | Encoder::Tpa => Block::Recurrent(RecurrentBlock::new(b, i, config)?),
                    Encoder::Tcn => Block::Convolution(ConvolutionBlock::new(b, i, config)?),
                })
            })
            .collect::<Result<_>>()?;
        // Post-norm blocks end normalised already.
        let final_norm = if config.norm == Norm::Pre { Some(b.norm("final.norm", d_model)?) } else { None };
        Ok(Self { positions, blocks, final_norm })
    }

    /// `[B, T, C]` to `[B, T, C]`.
    pub(super) fn forward(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Tensor> {
        let mut x = match &self.positions {
            Some(positions) => ops::add_table(x, positions)?,
            None => x.clone(),
        };
        for block in &self.blocks {
            x = match block {
                Block::Transformer(block) => block.forward(&x, noise, probe)?,
                Block::Recurrent(block) => block.forward(&x, noise)?,
                Block::Convolution(block) => block.forward(&x, noise)?,
            };
        }
        match &self.final_norm {
            Some(norm) => norm.forward(&x),
            None => Ok(x),
        }
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

/// Sinusoidal position code, `[T, C]` row-major: sine in even, cosine in odd columns (Vaswani et al. 2017, section 3.5).
fn sinusoids(t: usize, c: usize) -> Vec<f32> {
    (0..t * c)
        .map(|i| {
            let (position, column) = ((i / c) as f64, i % c);
            let angle = position * (-(10_000.0_f64.ln()) * (column / 2 * 2) as f64 / c as f64).exp();
            if column % 2 == 0 { angle.sin() as f32 } else { angle.cos() as f32 }
        })
        .collect()
}
