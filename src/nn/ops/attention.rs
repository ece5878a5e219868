use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType as _};
use rayon::prelude::*;

use super::dropout::Mask;
use crate::nn::real::{Real, by_dtype, values};

/// Self-attention of one packed `[B, T, 3 C]` tensor; the backward recomputes the weights instead of keeping them.
#[derive(Clone, Copy)]
pub(super) struct Attention {
    pub(super) heads: usize,
    /// Queries see keys up to their own place only.
    pub(super) causal: bool,
    pub(super) mask: Option<Mask>,
}

/// One head of one window: T rows of K numbers.
struct Head<R> {
    q: Vec<R>,
    k: Vec<R>,
    v: Vec<R>,
    /// Softmax weights before dropout, T x T.
    weights: Vec<R>,
}

#[derive(Clone, Copy)]
struct Shapes {
    t: usize,
    c: usize,
    /// Width of a head, K.
    width: usize,
    heads: usize,
    causal: bool,
}

impl Shapes {
    fn new(layout: &Layout, op: Attention) -> Result<Self> {
        let Attention { heads, causal, .. } = op;
        let (_, t, packed) = layout.shape().dims3()?;
        let c = packed / 3;
        if packed != 3 * c || c % heads != 0 {
            candle_core::bail!("{packed} packed columns are not three times a multiple of {heads} heads");
        }
        Ok(Self { t, c, width: c / heads, heads, causal })
    }

    /// Copies part 0 (queries), 1 (keys) or 2 (values) of head `h` out of one window's `[T, 3 C]`.
    fn part<R: Real>(self, window: &[R], part: usize, h: usize) -> Vec<R> {
        let at = part * self.c + h * self.width;
        window.chunks(3 * self.c).flat_map(|row| row[at..at + self.width].iter().copied()).collect()
    }

    fn scale<R: Real>(self) -> R {
        R::from_f64(1.0 / (self.width as f64).sqrt())
    }

    fn head<R: Real>(self, window: &[R], h: usize) -> Head<R> {
        let (q, k, v) = (self.part(window, 0, h), self.part(window, 1, h), self.part(window, 2, h));
        let mut weights = product_transposed(&q, &k, self.t, self.width);
        for (query, row) in weights.chunks_mut(self.t).enumerate() {
            let (seen, hidden) = row.split_at_mut(if self.causal { query + 1 } else { self.t });
            softmax(seen, self.scale());
            hidden.fill(R::from_f64(0.0));
        }
        Head { q, k, v, weights }
    }
}

/// softmax(scale * row), in place.
fn softmax<R: Real>(row: &mut [R], scale: R) {
    let mut largest = row[0];
    for &v in row.iter() {
        if v > largest {
            largest = v;
        }
    }
    let mut sum = R::from_f64(0.0);
    for v in row.iter_mut() {
        *v = ((*v - largest) * scale).exp();
        sum += *v;
    }
    for v in row.iter_mut() {
        *v /= sum;
    }
}

/// A B^T for `[T, K]` operands: `[T, T]`.
fn product_transposed<R: Real>(a: &[R], b: &[R], t: usize, width: usize) -> Vec<R> {
    let zero = R::from_f64(0.0);
    // Transposing B first lets the inner loop run over contiguous memory.
    let mut columns = vec![zero; b.len()];
    for (i, row) in b.chunks(width).enumerate() {
        for (j, &value) in row.iter().enumerate() {
            columns[j * t + i] = value;
        }
    }
    let mut out = vec![zero; t * t];
    for (out, a) in out.chunks_mut(t).zip(a.chunks(width)) {
        for (&a, column) in a.iter().zip(columns.chunks(t)) {
            for (out, &b) in out.iter_mut().zip(column) {
                *out += a * b;
            }
        }
    }
    out
}

/// W B for `[T, T]` by `[T, K]`: `[T, K]`.
fn product<R: Real>(w: &[R], b: &[R], t: usize, width: usize) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); t * width];
    for (out, w) in out.chunks_mut(width).zip(w.chunks(t)) {
        for (&w, b) in w.iter().zip(b.chunks(width)) {
            for (out, &b) in out.iter_mut().zip(b) {
                *out += w * b;
            }
        }
    }
    out
}

/// W^T B for `[T, T]` by `[T, K]`: `[T, K]`.
fn transposed_product<R: Real>(w: &[R], b: &[R], t: usize, width: usize) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); t * width];
    for (w, b) in w.chunks(t).zip(b.chunks(width)) {
        for (&w, out) in w.iter().zip(out.chunks_mut(width)) {
            for (out, &b) in out.iter_mut().zip(b) {
                *out += w * b;
            }
        }
    }
    out
}

impl Attention {
    /// The weights after dropout, for the head whose first weight has number `first` in the batch.
    fn dropped<R: Real>(self, weights: &[R], first: usize) -> Vec<R> {
        match self.mask {
            None => weights.to_vec(),
            Some(mask) => weights.iter().enumerate().map(|(i, &w)| w * mask.factor::<R>(first + i)).collect(),
        }
    }

    fn forward<R: Real>(self, qkv: &[R], s: Shapes) -> Vec<R> {
        let mut out = vec![R::from_f64(0.0); qkv.len() / 3];
        out.par_chunks_mut(s.t * s.c).zip(qkv.par_chunks(s.t * 3 * s.c)).enumerate().for_each(|(b, (out, window))| {
            for h in 0..s.heads {
                let head = s.head(window, h);
                let weights = self.dropped(&head.weights, (b * s.heads + h) * s.t * s.t);
                let context = product(&weights, &head.v, s.t, s.width);
                for (out, row) in out.chunks_mut(s.c).zip(context.chunks(s.width)) {
                    out[h * s.width..(h + 1) * s.width].copy_from_slice(row);
                }
            }
        });
        out
    }

    fn backward<R: Real>(self, qkv: &[R], grad: &[R], s: Shapes) -> Vec<R> {
        let mut out = vec![R::from_f64(0.0); qkv.len()];
        let windows = qkv.par_chunks(s.t * 3 * s.c).zip(grad.par_chunks(s.t * s.c));
        out.par_chunks_mut(s.t * 3 * s.c).zip(windows).enumerate().for_each(|(b, (out, (window, grad)))| {
            for h in 0..s.heads {
                let first = (b * s.heads + h) * s.t * s.t;
                let parts = self.backward_head(&s.head(window, h), grad, h, first, s);
                for (part, values) in parts.iter().enumerate() {
                    let at = part * s.c + h * s.width;
                    for (out, row) in out.chunks_mut(3 * s.c).zip(values.chunks(s.width)) {
                        out[at..at + s.width].copy_from_slice(row);
                    }
                }
            }
        });
        out
    }

    /// Gradients of queries, keys and values of one head.
    fn backward_head<R: Real>(self, head: &Head<R>, grad: &[R], h: usize, first: usize, s: Shapes) -> [Vec<R>; 3] {
        let at = h * s.width;
        let grad: Vec<R> = grad.chunks(s.c).flat_map(|row| row[at..at + s.width].iter().copied()).collect();
        let weights = self.dropped(&head.weights, first);
        let dv = transposed_product(&weights, &grad, s.t, s.width);
        let mut dw = product_transposed(&grad, &head.v, s.t, s.width);
        if let Some(mask) = self.mask {
            for (i, dw) in dw.iter_mut().enumerate() {
                *dw *= mask.factor::<R>(first + i);
            }
        }
        for (dw, w) in dw.chunks_mut(s.t).zip(head.weights.chunks(s.t)) {
            let mut along = R::from_f64(0.0);
            for (&dw, &w) in dw.iter().zip(w) {
                along += dw * w;
            }
            for (dw, &w) in dw.iter_mut().zip(w) {
                *dw = w * (*dw - along) * s.scale();
            }
        }
        [product(&dw, &head.k, s.t, s.width), transposed_product(&dw, &head.q, s.t, s.width), dv]
    }
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "self_attention"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let s = Shapes::new(layout, *self)?;
        let b = layout.shape().dims()[0];
        by_dtype!(x, R => {
            let out = self.forward::<R>(values(x, layout)?, s);
            Ok((R::to_cpu_storage_owned(out), (b, s.t, s.c).into()))
        })
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(qkv.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &AttentionBackward(*self))?))
    }
}

struct AttentionBackward(Attention);

impl CustomOp2 for AttentionBackward {
    fn name(&self) -> &'static str {
        "self_attention_backward"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let s = Shapes::new(lx, self.0)?;
        by_dtype!(x, R => {
            let out = self.0.backward::<R>(values(x, lx)?, values(g, lg)?, s);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }
}
