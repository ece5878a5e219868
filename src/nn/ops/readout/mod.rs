//! From the pooled vector to everything a network says, as one operation: variational regime embedding and heads.

mod passes;

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Result, Shape, Tensor, WithDType as _};

use self::passes::Saved;
use super::Mask;
use super::fused::{Fused, check_slots, in_pool, transposed};
use crate::nn::real::{Real, by_dtype, values};
use crate::nn::{Arenas, GradientPath, Noise};

/// Heads in the order of the columns they give. The last one, of the size, learns without moving what lies below it.
pub const HEADS: [&str; 5] = ["entry", "exit", "return", "volatility", "size"];
/// Slots of a dense layer's weight; the bias follows.
const ENCODE: usize = 0;
const MU: usize = 2;
const LOGVAR: usize = 4;
const DECODE_HIDDEN: usize = 6;
const DECODE: usize = 8;

/// Shape of a readout.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadoutShape {
    /// Width of the pooled vector, C.
    pub width: usize,
    /// Latents, L.
    pub latents: usize,
    /// Dropout in the heads.
    pub dropout: f64,
}

impl ReadoutShape {
    /// Names of the parameters, in their order, with their shapes; weights are `[outputs, inputs]`.
    pub fn names(&self) -> Vec<(String, Vec<usize>)> {
        let (c, h, l) = (self.width, self.hidden(), self.latents);
        let dense = |name: &str, outputs: usize, inputs: usize| {
            [(format!("{name}.weight"), vec![outputs, inputs]), (format!("{name}.bias"), vec![outputs])]
        };
        let mut all = Vec::new();
        all.extend(dense("vae.encode", h, c));
        all.extend(dense("vae.mu", l, h));
        all.extend(dense("vae.logvar", l, h));
        all.extend(dense("vae.decode.hidden", h, l));
        all.extend(dense("vae.decode.output", c, h));
        for head in HEADS {
            all.extend(dense(&format!("head.{head}.hidden"), h, c + l));
            all.extend(dense(&format!("head.{head}.output"), 1, h));
        }
        all
    }

    /// Width of all hidden layers.
    pub const fn hidden(&self) -> usize {
        self.width / 2
    }

    /// Columns of the output: one per head, mu and logvar of each latent, the reconstruction.
    pub const fn columns(&self) -> usize {
        HEADS.len() + 2 * self.latents + self.width
    }

    const fn head(head: usize) -> usize {
        DECODE + 2 + 4 * head
    }
}

/// Noise of one pass: of the latents, `[B, L]`, and the heads' dropout.
#[derive(Debug, Clone)]
pub(super) struct ReadoutNoise {
    /// Empty when off: then z = mu.
    pub(super) epsilon: Vec<f32>,
    /// In the order of [`HEADS`].
    pub(super) masks: [Option<Mask>; HEADS.len()],
}

impl ReadoutNoise {
    pub(super) fn draw(shape: &ReadoutShape, windows: usize, noise: &mut Noise) -> Self {
        let epsilon = if noise.is_on() { noise.normals(windows * shape.latents) } else { Vec::new() };
        let mut masks = [None; HEADS.len()];
        for head in [4, 0, 1, 2, 3] {
            masks[head] = Mask::next(shape.dropout, noise);
        }
        Self { epsilon, masks }
    }
}

/// Parameters of a readout.
#[derive(Debug, Clone)]
pub struct ReadoutParams {
    /// One tensor per name of [`ReadoutShape::names`], in their order.
    pub tensors: Vec<Tensor>,
    /// Weight matrices are stored `[inputs, outputs]`, which makes forecasts of a few windows faster; such parameters cannot learn.
    pub transposed: bool,
}

impl ReadoutParams {
    /// Constant copies with transposed matrices.
    pub fn transposed(&self, shape: &ReadoutShape) -> Result<Self> {
        Ok(Self { tensors: transposed(&shape.names(), &self.tensors)?, transposed: true })
    }
}

/// Reads `pooled` `[B, C]` out with `params`: `[B, columns]`, on each row the raw
/// number of each of [`HEADS`], mu, logvar and the reconstruction of `pooled`. On the CPU, in f32 or f64.
///
/// Each head sees `pooled` and z = mu + e^(logvar / 2) epsilon (mu when `noise` is off) through a hidden layer of half the
/// width, GELU and dropout.
///
/// Source: Kingma & Welling, "Auto-encoding variational Bayes" (2014).
pub fn readout(
    pooled: &Tensor,
    params: &ReadoutParams,
    shape: &ReadoutShape,
    noise: &mut Noise,
    path: &GradientPath,
    arenas: &Arenas,
) -> Result<Tensor> {
    let path = if params.transposed { &GradientPath::None } else { path };
    let fused = Fused::new(&params.tensors, path, arenas);
    let (x, tie) = (fused.input(pooled)?, fused.tie()?);
    let noise = ReadoutNoise::draw(shape, pooled.dim(0)?, noise);
    x.apply_op2(&tie, Readout { shape: shape.clone(), noise, transposed: params.transposed, fused })
}

struct Readout {
    shape: ReadoutShape,
    noise: ReadoutNoise,
    transposed: bool,
    fused: Fused,
}

impl Readout {
    fn forward<R: Real>(&self, x: &[R]) -> Result<Vec<R>> {
        self.fused.with_values(None, |slots: &[&[R]]| {
            check_slots(&self.shape.names(), slots)?;
            let (out, saved) = in_pool(|| passes::forward(self, slots, x));
            if self.fused.keeps() {
                self.fused.keep(saved);
            }
            Ok(out)
        })
    }

    fn backward<R: Real>(&self, x: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.fused.backward(x, grad, |x: &[R], grad, saved: &Saved<R>, to_input, flat| {
            self.fused.with_values(None, |slots| {
                in_pool(|| passes::backward(self, slots, x, saved, grad, to_input, flat));
                Ok(())
            })
        })
    }
}

impl CustomOp2 for Readout {
    fn name(&self) -> &'static str {
        "readout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let (windows, width) = lx.shape().dims2()?;
        if width != self.shape.width {
            candle_core::bail!("a pooled vector of {width} numbers meets a readout of {}", self.shape.width);
        }
        by_dtype!(x, R => {
            let out = self.forward::<R>(values(x, lx)?)?;
            Ok((R::to_cpu_storage_owned(out), (windows, self.shape.columns()).into()))
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        match x.dtype() {
            DType::F64 => self.backward::<f64>(x, grad),
            _ => self.backward::<f32>(x, grad),
        }
    }
}

#[cfg(test)]
mod tests;
