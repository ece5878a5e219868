//! Differentiable operations. Each picks our fused kernel on the CPU and the composed version elsewhere.
//!
//! candle's own `LayerNorm`, `softmax_last_dim`, `rms_norm`, `rope` and `sdpa` record no backward and would cut the
//! gradient without a word (huggingface/candle#3011), so none of them is used.

mod attention;
mod bias;
pub mod composed;
mod dropout;
mod gelu;
mod layer_norm;
mod product;
mod rows;

use candle_core::{Result, Tensor};

use super::Noise;

/// Layer normalisation over the last axis with `gain` and `bias` `[C]`; `x` is `[.., C]`.
///
/// Source: Ba, Kiros & Hinton (2016).
pub fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return composed::layer_norm(x, gain, bias);
    }
    x.contiguous()?.apply_op3(gain, bias, layer_norm::LayerNorm)
}

/// x W^T + b: `x` `[.., I]`, `weight` `[O, I]`, `bias` `[O]`; gives `[.., O]`.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let y = product(x, weight)?;
    if y.device().is_cpu() { y.apply_op2(bias, bias::AddBias) } else { y.broadcast_add(bias) }
}

/// GELU(x W^T + b), the error-function form (Hendrycks & Gimpel 2016); shapes as [`linear`].
pub fn linear_gelu(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let y = product(x, weight)?;
    if y.device().is_cpu() { y.apply_op2(bias, gelu::BiasGelu) } else { composed::gelu(&y.broadcast_add(bias)?) }
}

/// One product over all leading axes: a broadcast product would copy the weights per batch entry.
fn product(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
    let mut dims = x.dims().to_vec();
    let width = dims.pop().unwrap_or(1);
    let rows: usize = dims.iter().product();
    dims.push(weight.dim(0)?);
    let flat = x.contiguous()?.reshape((rows, width))?;
    let y = if flat.device().is_cpu() {
        flat.apply_op2(weight, product::Product { input_needs_gradient: x.track_op() })?
    } else {
        flat.matmul(&weight.t()?)?
    };
    y.reshape(dims)
}

/// Multi-head scaled dot-product self-attention over `qkv` `[B, T, 3 C]` (queries, keys, values side by side, heads
/// inside each); gives the context `[B, T, C]`. `dropout` falls on the weights when `noise` is on.
///
/// Source: Vaswani et al., "Attention is all you need" (2017).
pub fn self_attention(qkv: &Tensor, heads: usize, dropout: f64, noise: &mut Noise) -> Result<Tensor> {
    let mask = dropout::Mask::next(dropout, noise);
    if qkv.device().is_cpu() {
        qkv.contiguous()?.apply_op1(attention::Attention { heads, mask })
    } else {
        composed::self_attention(qkv, heads, mask).map(|(context, _)| context)
    }
}

/// Attention weights `[B, H, T, T]` of the same `qkv`, rows summing to 1.
pub fn attention_weights(qkv: &Tensor, heads: usize) -> Result<Tensor> {
    composed::self_attention(qkv, heads, None).map(|(_, weights)| weights)
}

/// Zeroes each number with probability `p` and scales the rest by 1 / (1 - p); the identity when `noise` is off.
///
/// Source: Srivastava et al. (2014), inverted form.
pub fn dropout(x: &Tensor, p: f64, noise: &mut Noise) -> Result<Tensor> {
    match dropout::Mask::next(p, noise) {
        None => Ok(x.clone()),
        Some(mask) if x.device().is_cpu() => x.contiguous()?.apply_op1(dropout::Dropout(mask)),
        Some(mask) => x * mask.tensor(x)?,
    }
}

#[cfg(test)]
mod tests;
