use candle_core::{Result, Tensor};

use super::Residual;
use crate::config::ModelConfig;
use crate::models::builder::{Builder, Dense};
use crate::nn::{Noise, ops};

/// A long short-term memory layer with residual and layer norm.
///
/// Source: Hochreiter & Schmidhuber, "Long short-term memory" (1997); forget gates start open (Jozefowicz et al. 2015).
#[derive(Debug, Clone)]
pub(in crate::models) struct RecurrentBlock {
    residual: Residual,
    input: Dense,
    recurrent: Tensor,
    dropout: f64,
}

impl RecurrentBlock {
    pub(super) fn new(b: &mut Builder<'_>, index: usize, config: &ModelConfig) -> Result<Self> {
        let c = config.d_model;
        let name = |part: &str| format!("encoder.{index:02}.lstm.{part}");
        // Input, forget, candidate, output.
        let bias = [0.0, 1.0, 0.0, 0.0].into_iter().flat_map(|value| std::iter::repeat_n(value, c)).collect();
        Ok(Self {
            residual: Residual::new(b, &name("norm"), config)?,
            input: Dense::with_bias(b, &name("input"), c, bias)?,
            recurrent: b.matrix(&name("recurrent.weight"), 4 * c, c)?,
            dropout: config.dropout,
        })
    }

    /// `[B, T, C]` to `[B, T, C]`.
    pub(super) fn forward(&self, x: &Tensor, noise: &mut Noise) -> Result<Tensor> {
        self.residual.around(x, |x| {
            let states = ops::lstm(&self.input.forward(x)?, &self.recurrent)?;
            ops::dropout(&states, self.dropout, noise)
        })
    }
}
