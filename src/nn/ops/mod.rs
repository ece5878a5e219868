//! Differentiable operations. Each picks our fused kernel on the CPU, a kernel of ours on a CUDA device where there is one,
//! and the composed version elsewhere.
//!
//! candle's own `LayerNorm`, `softmax_last_dim`, `rms_norm`, `rope` and `sdpa` record no backward and would cut the
//! gradient without a word (huggingface/candle#3011), so none of them is used.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod attention;
mod bars;
mod bias;
#[cfg(feature = "cuda")]
mod block;
pub mod composed;
mod dropout;
mod fused;
mod gelu;
mod layer_norm;
mod lstm;
mod product;
mod readout;
mod rows;
mod softplus;
mod stack;
mod taps;

use candle_core::{DType, Result, Tensor};

use super::Noise;
pub(super) use dropout::Mask;
pub(super) use layer_norm::EPSILON;
pub use readout::{HEADS, ReadoutParams, ReadoutShape, readout};
pub use stack::{Pooled, StackParams, StackProbe, StackShape, encoder_stack, sinusoidal_positions};

/// True where kernels of ours run on `x`: on the CPU, and in f32 on a CUDA device.
fn is_fused(x: &Tensor) -> bool {
    x.device().is_cpu() || on_cuda(x)
}

/// True for an f32 tensor on a CUDA device.
fn on_cuda(x: &Tensor) -> bool {
    cfg!(feature = "cuda") && x.device().is_cuda() && x.dtype() == DType::F32
}

/// Layer normalisation over the last axis with `gain` and `bias` `[C]`; `x` is `[.., C]`.
///
/// Source: Ba, Kiros & Hinton (2016).
pub fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if !is_fused(x) {
        return composed::layer_norm(x, gain, bias);
    }
    x.contiguous()?.apply_op3(gain, bias, layer_norm::LayerNorm)
}

/// x W^T + b: `x` `[.., I]`, `weight` `[O, I]`, `bias` `[O]`; gives `[.., O]`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let y = product(x, weight)?;
    if is_fused(&y) { y.apply_op2(bias, bias::AddBias) } else { y.broadcast_add(bias) }
}

/// GELU(x W^T + b), the error-function form (Hendrycks & Gimpel 2016); shapes as [`linear`].
pub fn linear_gelu(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let y = product(x, weight)?;
    if is_fused(&y) { y.apply_op2(bias, gelu::BiasGelu) } else { composed::gelu(&y.broadcast_add(bias)?) }
}

/// x W^T without a bias; shapes as [`linear`].
// One product over all leading axes: a broadcast product would copy the weights per batch entry.
pub fn product(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    let width = dims.pop().unwrap_or(1);
    let rows: usize = dims.iter().product();
    dims.push(weight.dim(0)?);
    let flat = x.contiguous()?.reshape((rows, width))?;
    let y = if flat.device().is_cpu() {
        flat.apply_op2(&weight.contiguous()?, product::Product { input_needs_gradient: x.track_op() })?
    } else {
        flat.matmul(&weight.t()?)?
    };
    y.reshape(dims)
}

/// The attention kernel of [`encoder_stack`] alone: multi-head scaled dot-product self-attention over `qkv` `[B, T, 3 C]`
/// (queries, keys, values side by side, heads inside each); gives the context `[B, T, C]`. With `causal` no bar sees a
/// later one. `dropout` falls on the weights when `noise` is on.
#[cfg(test)]
fn self_attention(qkv: &Tensor, heads: usize, causal: bool, dropout: f64, noise: &mut Noise) -> Result<Tensor> {
    let mask = dropout::Mask::next(dropout, noise);
    qkv.contiguous()?.apply_op1(attention::Attention { heads, causal, mask })
}

/// Zeroes each number with probability `p` and scales the rest by 1 / (1 - p); the identity when `noise` is off.
///
/// Source: Srivastava et al. (2014), inverted form.
pub fn dropout(x: &Tensor, p: f64, noise: &mut Noise) -> Result<Tensor> {
    match dropout::Mask::next(p, noise) {
        None => Ok(x.clone()),
        Some(mask) if is_fused(x) => x.contiguous()?.apply_op1(dropout::Dropout(mask)),
        Some(mask) => x * mask.tensor(x)?,
    }
}

/// States `[B, T, C]` of a long short-term memory layer that starts at zero: `gates` `[B, T, 4 C]` are its gate inputs,
/// bias included (input, forget, candidate, output side by side), `recurrent` `[4 C, C]` the weights of the last state.
///
/// Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers et al. (2000).
pub fn lstm(gates: &Tensor, recurrent: &Tensor) -> Result<Tensor> {
    if gates.device().is_cpu() {
        gates.contiguous()?.apply_op2(recurrent, lstm::Lstm)
    } else {
        composed::lstm(gates, recurrent)
    }
}

/// The bars a causal convolution reads, side by side, oldest first: `[B, T, C]` to `[B, T, kernel C]`; tap j of bar t is
/// bar t - (kernel - 1 - j) `dilation`, zero before the window. A product with `[O, kernel C]` completes the convolution.
pub fn taps(x: &Tensor, kernel: usize, dilation: usize) -> Result<Tensor> {
    if x.device().is_cpu() {
        let bars = x.dim(1)?;
        x.contiguous()?.apply_op1(taps::Taps { kernel, dilation, bars })
    } else {
        composed::taps(x, kernel, dilation)
    }
}

/// `x` `[B, T, C]` plus one row per bar, `table` `[T, C]`.
pub fn add_table(x: &Tensor, table: &Tensor) -> Result<Tensor> {
    if !is_fused(x) {
        return x.broadcast_add(table);
    }
    let (b, t, c) = x.dims3()?;
    let flat = x.contiguous()?.reshape((b, t * c))?;
    flat.apply_op2(&table.flatten_all()?, bias::AddBias)?.reshape((b, t, c))
}

/// Mean over bars, `[B, T, C]` to `[B, C]`.
pub fn mean_bars(x: &Tensor) -> Result<Tensor> {
    if is_fused(x) { x.contiguous()?.apply_op1(bars::MeanBars) } else { x.mean(1) }
}

/// Sum over bars of `x` `[B, T, C]` weighed by `weights` `[B, T]`: `[B, C]`.
pub fn weighted_bars(x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() {
        x.contiguous()?.apply_op2(&weights.contiguous()?, bars::WeightedBars)
    } else {
        composed::weighted_bars(x, weights)
    }
}

/// ln(1 + e^x), exact for large |x|.
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    if x.device().is_cpu() { x.contiguous()?.apply_op1(softplus::Softplus) } else { composed::softplus(x) }
}

#[cfg(test)]
mod tests;
