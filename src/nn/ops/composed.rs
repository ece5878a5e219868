//! The same operations from candle's own differentiable ones: what runs off the CPU, and the oracle of the tests.

use candle_core::{D, DType, Result, Tensor};

use super::dropout::Dropout;
use super::dropout::Mask;
use super::layer_norm::EPSILON;
use super::readout::{HEADS, ReadoutNoise, ReadoutShape};
use super::{Pooled, StackParams, StackProbe, StackShape};
use crate::nn::{GradientPath, Noise};

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

/// Context `[B, T, C]` and weights before dropout `[B, H, T, T]` of multi-head scaled dot-product self-attention over `qkv`
/// `[B, T, 3 C]`: queries, keys, values side by side, heads inside each.
///
/// Source: Vaswani et al., "Attention is all you need" (2017).
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

/// A layer norm: rows, gain, bias.
pub type Norm = fn(&Tensor, &Tensor, &Tensor) -> Result<Tensor>;

/// `y` under `mask`.
fn dropped(y: Tensor, mask: Option<Mask>) -> Result<Tensor> {
    match mask {
        None => Ok(y),
        Some(mask) if super::on_cuda(&y) => y.contiguous()?.apply_op1(Dropout(mask)),
        Some(mask) => &y * mask.tensor(&y)?,
    }
}

/// `x`, as a constant where nobody asks for gradients: then no operation on it keeps anything.
fn input(x: &Tensor, path: &GradientPath) -> Tensor {
    if matches!(path, GradientPath::None) { x.detach() } else { x.clone() }
}

fn inputs(tensors: &[Tensor], path: &GradientPath) -> Vec<Tensor> {
    tensors.iter().map(|tensor| input(tensor, path)).collect()
}

/// See [`super::encoder_stack`]; `norm` is the layer norm to use. A sink is no way for gradients here: they go through
/// candle's graph.
pub fn encoder_stack(
    x: &Tensor,
    params: &StackParams,
    shape: &StackShape,
    pooled: Pooled,
    noise: &mut Noise,
    probe: &StackProbe,
    path: &GradientPath,
    norm: Norm,
) -> Result<(Tensor, Vec<Tensor>)> {
    let (x, p) = (&input(x, path), &inputs(&params.tensors, path));
    let masks = shape.masks(noise);
    let mut sum = super::linear(x, &p[0], &p[1])?;
    if let Some(table) = if shape.learned_positions { Some(&p[2]) } else { params.table.as_ref() } {
        sum = super::add_table(&sum, table)?;
    }
    let mut weights = Vec::new();
    for (layer, masks) in masks.into_iter().enumerate() {
        let uniform: Vec<usize> = probe.uniform.iter().filter(|(l, _)| *l == layer).map(|(_, h)| *h).collect();
        #[cfg(feature = "cuda")]
        if super::on_cuda(&sum) && !probe.record && uniform.is_empty() {
            sum = super::block::encoder_block(&sum, p, shape, layer, masks, path)?;
            continue;
        }
        let (y, shown) = block(&sum, &p[shape.block(layer)..], shape, masks, &uniform, norm)?;
        sum = y;
        if probe.record {
            weights.push(shown.detach());
        }
    }
    let states = if shape.post_norm {
        sum
    } else {
        let last = shape.block(shape.layers);
        norm(&sum, &p[last], &p[last + 1])?
    };
    let y = match pooled {
        Pooled::States => states,
        Pooled::Mean => super::mean_bars(&states)?,
        Pooled::Last => states.narrow(1, shape.bars - 1, 1)?.squeeze(1)?,
    };
    Ok((y, weights))
}

/// One block with the parameters `p`, and the attention weights it used, before dropout.
fn block(
    x: &Tensor,
    p: &[Tensor],
    shape: &StackShape,
    masks: [Option<Mask>; 3],
    uniform: &[usize],
    norm: Norm,
) -> Result<(Tensor, Tensor)> {
    let attention = |x: &Tensor| {
        let bias = Tensor::cat(&[&p[3], &p[3].zeros_like()?, &p[4]], 0)?;
        let qkv = super::linear(x, &p[2], &bias)?;
        let (context, weights) = attend(&qkv, shape, uniform, masks[0])?;
        Ok::<_, candle_core::Error>((dropped(super::linear(&context, &p[5], &p[6])?, masks[1])?, weights))
    };
    let feed = |x: &Tensor| {
        let inner = super::linear_gelu(x, &p[9], &p[10])?;
        dropped(super::linear(&inner, &p[11], &p[12])?, masks[2])
    };
    let first = |x: &Tensor| norm(x, &p[0], &p[1]);
    let second = |x: &Tensor| norm(x, &p[7], &p[8]);
    if shape.post_norm {
        let (y, weights) = attention(x)?;
        let middle = first(&(x + y)?)?;
        return Ok((second(&(&middle + feed(&middle)?)?)?, weights));
    }
    let (y, weights) = attention(&first(x)?)?;
    let middle = (x + y)?;
    let y = feed(&second(&middle)?)?;
    Ok(((middle + y)?, weights))
}

/// [`self_attention`] with some heads that weigh every bar they see alike.
fn attend(qkv: &Tensor, shape: &StackShape, uniform: &[usize], mask: Option<Mask>) -> Result<(Tensor, Tensor)> {
    let (b, t, packed) = qkv.dims3()?;
    let heads = shape.heads;
    let (context, weights) = self_attention(qkv, heads, shape.causal, mask)?;
    if uniform.is_empty() {
        return Ok((context, weights));
    }
    let alike = |i: usize| match (shape.causal, i / t % t, i % t) {
        (false, ..) => 1.0 / t as f64,
        (true, query, key) if key <= query => 1.0 / (query + 1) as f64,
        _ => 0.0,
    };
    let alike = Tensor::from_vec((0..t * t).map(alike).collect(), (1, 1, t, t), qkv.device())?;
    let alike = alike.to_dtype(qkv.dtype())?.broadcast_as((b, 1, t, t))?;
    let parts = (0..heads)
        .map(|h| if uniform.contains(&h) { Ok(alike.clone()) } else { weights.narrow(1, h, 1) })
        .collect::<Result<Vec<_>>>()?;
    let weights = Tensor::cat(&parts, 1)?;
    let dropped = match mask {
        Some(mask) => (&weights * mask.tensor(&weights)?)?,
        None => weights.clone(),
    };
    let width = packed / 3 / heads;
    let values = qkv.narrow(2, 2 * packed / 3, packed / 3)?.reshape((b, t, heads, width))?.transpose(1, 2)?;
    let context = dropped.matmul(&values.contiguous()?)?.transpose(1, 2)?.reshape((b, t, packed / 3))?;
    Ok((context, weights))
}

/// See [`super::readout`].
pub fn readout(
    pooled: &Tensor,
    params: &[Tensor],
    shape: &ReadoutShape,
    noise: &mut Noise,
    path: &GradientPath,
) -> Result<Tensor> {
    let (pooled, params) = (&input(pooled, path), &inputs(params, path));
    let (b, l) = (pooled.dim(0)?, shape.latents);
    let noise = ReadoutNoise::draw(shape, b, noise);
    let gelu = |x: &Tensor, slot: usize| super::linear_gelu(x, &params[slot], &params[slot + 1]);
    let linear = |x: &Tensor, slot: usize| super::linear(x, &params[slot], &params[slot + 1]);
    let hidden = gelu(pooled, 0)?;
    let (mu, logvar) = (linear(&hidden, 2)?, linear(&hidden, 4)?);
    let z = if noise.epsilon.is_empty() {
        mu.clone()
    } else {
        let epsilon = Tensor::from_slice(&noise.epsilon, (b, l), pooled.device())?.to_dtype(pooled.dtype())?;
        (&mu + ((&logvar * 0.5)?.exp()? * epsilon)?)?
    };
    let rebuilt = linear(&gelu(&z, 6)?, 8)?;
    let seen = Tensor::cat(&[pooled, &z], 1)?;
    let mut columns = Vec::new();
    for (i, (head, mask)) in HEADS.iter().zip(noise.masks).enumerate() {
        let seen = if *head == "size" { seen.detach() } else { seen.clone() };
        let hidden = dropped(gelu(&seen, 10 + 4 * i)?, mask)?;
        columns.push(linear(&hidden, 12 + 4 * i)?);
    }
    columns.extend([mu, logvar, rebuilt]);
    Tensor::cat(&columns, 1)
}
