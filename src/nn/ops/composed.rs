//! The same operations from candle's own differentiable ones: what runs off the CPU, and the oracle of the tests.

use candle_core::{D, DType, Result, Tensor};

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
pub fn self_attention(qkv: &Tensor, heads: usize, causal: bool, mask: Option<Mask>) -> Result<(Tensor, Tensor)> {
    let (b, t, packed) = qkv.dims3()?;
    let width = packed / 3 / heads;
    let split = qkv.reshape((b, t, 3, heads, width))?.permute((2, 0, 3, 1, 4))?; // (3, B, H, T, K)
    let [q, k, v] = [split.get(0)?.contiguous()?, split.get(1)?.contiguous()?, split.get(2)?.contiguous()?];
    let scores = (q.matmul(&k.t()?.contiguous()?)? * (1.0 / (width as f64).sqrt()))?; // (B, H, T, T)
    let scores = if causal { scores.broadcast_add(&hide_later(t, &scores)?)? } else { scores };
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

/// `[T, T]`: 0 up to the diagonal, beyond it so low that its softmax is exactly 0 (not infinite, which would make NaN).
fn hide_later(t: usize, like: &Tensor) -> Result<Tensor> {
    let seen = Tensor::tril2(t, DType::F64, like.device())?;
    ((seen - 1.0)? * 1e9)?.to_dtype(like.dtype())
}

/// See [`super::lstm`].
pub fn lstm(gates: &Tensor, recurrent: &Tensor) -> Result<Tensor> {
    let (b, t, packed) = gates.dims3()?;
    let c = packed / 4;
    let mut hidden = Tensor::zeros((b, c), gates.dtype(), gates.device())?;
    let mut cell = hidden.clone();
    let mut all = Vec::with_capacity(t);
    for step in 0..t {
        let at = (gates.narrow(1, step, 1)?.squeeze(1)? + hidden.matmul(&recurrent.t()?)?)?;
        let part = |i: usize| at.narrow(1, i * c, c);
        let [input, forget, output] = [sigmoid(&part(0)?)?, sigmoid(&part(1)?)?, sigmoid(&part(3)?)?];
        cell = ((forget * cell)? + (input * part(2)?.tanh()?)?)?;
        hidden = (output * cell.tanh()?)?;
        all.push(hidden.clone());
    }
    Tensor::stack(&all, 1)
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
    (x.neg()?.exp()? + 1.0)?.recip()
}

/// See [`super::taps`].
pub fn taps(x: &Tensor, kernel: usize, dilation: usize) -> Result<Tensor> {
    let (b, t, c) = x.dims3()?;
    let parts: Vec<Tensor> = (0..kernel)
        .map(|tap| {
            let back = ((kernel - 1 - tap) * dilation).min(t);
            let zeros = Tensor::zeros((b, back, c), x.dtype(), x.device())?;
            Tensor::cat(&[&zeros, &x.narrow(1, 0, t - back)?], 1)
        })
        .collect::<Result<_>>()?;
    Tensor::cat(&parts, 2)
}

/// See [`super::weighted_bars`].
pub fn weighted_bars(x: &Tensor, weights: &Tensor) -> Result<Tensor> {
    x.broadcast_mul(&weights.unsqueeze(2)?)?.sum(1)
}

/// See [`super::softplus`].
pub fn softplus(x: &Tensor) -> Result<Tensor> {
    x.relu()? + (x.abs()?.neg()?.exp()? + 1.0)?.log()?
}
