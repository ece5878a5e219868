//! The same operations from candle's own differentiable ones: what runs off the CPU, and the oracle of the tests.

use candle_core::{D, Result, Tensor};

use super::dropout::Mask;
use super::layer_norm::EPSILON;

/// See [`super::layer_norm`].
pub fn layer_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let scaled = centred.broadcast_div(&(variance + EPSILON)?.sqrt()?)?;
    scaled.broadcast_mul(gain)?.broadcast_add(bias)
}

/// x Phi(x), the error-function form. Not candle's `gelu_erf`, whose backward has six-digit constants.
pub fn gelu(x: &Tensor) -> Result<Tensor> {
    let erf = (x * std::f64::consts::FRAC_1_SQRT_2)?.erf()?;
    (x * 0.5)? * (erf + 1.0)?
}

/// Context `[B, T, C]` and weights before dropout `[B, H, T, T]`; see [`super::self_attention`].
pub fn self_attention(qkv: &Tensor, heads: usize, mask: Option<Mask>) -> Result<(Tensor, Tensor)> {
    let (b, t, packed) = qkv.dims3()?;
    let width = packed / 3 / heads;
    let split = qkv.reshape((b, t, 3, heads, width))?.permute((2, 0, 3, 1, 4))?; // (3, B, H, T, K)
    let [q, k, v] = [split.get(0)?.contiguous()?, split.get(1)?.contiguous()?, split.get(2)?.contiguous()?];
    let scores = (q.matmul(&k.t()?.contiguous()?)? * (1.0 / (width as f64).sqrt()))?; // (B, H, T, T)
    let weights = softmax(&scores)?;
    let dropped = match mask {
        Some(mask) => (&weights * mask.tensor(&weights)?)?,
        None => weights.clone(),
    };
    let context = dropped.matmul(&v)?.transpose(1, 2)?.reshape((b, t, packed / 3))?;
    Ok((context, weights))
}

/// Softmax over the last axis.
pub fn softmax(x: &Tensor) -> Result<Tensor> {
    let shifted = x.broadcast_sub(&x.max_keepdim(D::Minus1)?.detach())?.exp()?;
    shifted.broadcast_div(&shifted.sum_keepdim(D::Minus1)?)
}
