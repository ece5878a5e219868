use candle_core::{Result, Tensor};

use super::Residual;
use crate::config::ModelConfig;
use crate::models::builder::{Builder, Dense};
use crate::nn::{Noise, ops};

/// Two dilated causal convolutions with residual and layer norm; the dilation doubles from block to block.
///
/// Source: Bai, Kolter & Koltun, "An empirical evaluation of generic convolutional and recurrent networks" (2018), with
/// layer norm for weight norm and GELU for ReLU.
#[derive(Debug, Clone)]
pub(in crate::models) struct ConvolutionBlock {
    residual: Residual,
    first: Dense,
    second: Dense,
    kernel: usize,
    dilation: usize,
    dropout: f64,
}

/// Bars between the taps of block `index`.
pub(in crate::models) fn dilation(index: usize) -> usize {
    1 << index.min(16)
}

impl ConvolutionBlock {
    pub(super) fn new(b: &mut Builder<'_>, index: usize, config: &ModelConfig) -> Result<Self> {
        let (c, kernel) = (config.d_model, config.tcn_kernel);
        let name = |part: &str| format!("encoder.{index:02}.convolution.{part}");
        Ok(Self {
            residual: Residual::new(b, &name("norm"), config)?,
            first: b.dense(&name("first"), c, kernel * c)?,
            second: b.dense(&name("second"), c, kernel * c)?,
            kernel,
            dilation: dilation(index),
            dropout: config.dropout,
        })
    }

    /// `[B, T, C]` to `[B, T, C]`.
    pub(super) fn forward(&self, x: &Tensor, noise: &mut Noise) -> Result<Tensor> {
        let taps = |x: &Tensor| ops::taps(x, self.kernel, self.dilation);
        self.residual.around(x, |x| {
            let inner = ops::dropout(&self.first.forward_gelu(&taps(x)?)?, self.dropout, noise)?;
            ops::dropout(&self.second.forward(&taps(&inner)?)?, self.dropout, noise)
        })
    }
}
