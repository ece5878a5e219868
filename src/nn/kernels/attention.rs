//! Scaled dot-product attention of whole windows, head by head.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use super::lanes::{LANES, kernel, largest, sum1, sum2};
use super::{Arena, View, multiply};
use crate::nn::ops::Mask;
use crate::nn::real::Real;

/// Windows that keep the threads of a usual machine busy.
const FEW: usize = 4;

/// Shape and dropout of one attention layer.
#[derive(Debug, Clone)]
pub(in crate::nn) struct Attention {
    /// Bars of a window, T.
    pub(in crate::nn) bars: usize,
    /// Width of all heads, C.
    pub(in crate::nn) width: usize,
    pub(in crate::nn) heads: usize,
    /// No bar sees a later one.
    pub(in crate::nn) causal: bool,
    /// Dropout on the weights.
    pub(in crate::nn) mask: Option<Mask>,
    /// Heads that weigh every bar they see alike, whatever they learned.
    pub(in crate::nn) uniform: BTreeSet<usize>,
}

/// Where attention weights `[B, H, T, T]` are written to on their way.
pub(in crate::nn) type Weights<'a, R> = Option<&'a mut [R]>;

impl Attention {
    /// Row length of the T x T scratch: whole vectors.
    fn padded(&self) -> usize {
        self.bars.next_multiple_of(LANES)
    }

    fn head_width(&self) -> usize {
        self.width / self.heads
    }

    fn scale<R: Real>(&self) -> R {
        R::from_f64(1.0 / (self.head_width() as f64).sqrt())
    }

    /// Part 0 (queries), 1 (keys) or 2 (values) of head `h` of one window.
    fn part<'a, R>(&self, window: &'a [R], part: usize, h: usize) -> View<'a, R> {
        let at = part * self.width + h * self.head_width();
        View::strided(&window[at..], self.bars, self.head_width(), 3 * self.width)
    }

    fn of_head<'a, R>(&self, window: &'a [R], h: usize) -> View<'a, R> {
        View::strided(&window[h * self.head_width()..], self.bars, self.head_width(), self.width)
    }

    /// Adds `query` and `value` biases to `qkv` `[B, T, 3 C]` and writes the context `[B, T, C]`; keeps the logarithm of
    /// each row's denominator, `[B, H, T]`.
    pub(in crate::nn) fn forward<R: Real>(
        &self,
        arena: &Arc<Arena<R>>,
        qkv: &mut [R],
        [query, value]: [&[R]; 2],
        context: &mut [R],
        kept: &mut [R],
        weights: Weights<'_, R>,
    ) {
        let (t, c, area) = (self.bars, self.width, self.heads * self.bars * self.bars);
        let mut none: [R; 0] = [];
        let (few, recorded) = (qkv.len() < FEW * t * 3 * c, weights.is_some());
        let weights = weights.unwrap_or(&mut none);
        let job = |w: usize, qkv: &mut [R], context: &mut [R], kept: &mut [R], record: &mut [R]| {
            for row in qkv.chunks_exact_mut(3 * c) {
                add(&mut row[..c], query);
                add(&mut row[2 * c..], value);
            }
            if few && record.is_empty() {
                self.window_by_heads(arena, w, qkv, context, kept);
            } else {
                self.window(arena, w, qkv, context, kept, record);
            }
        };
        let windows = qkv.par_chunks_mut(t * 3 * c).zip(context.par_chunks_mut(t * c));
        let windows = windows.zip(kept.par_chunks_mut(self.heads * t)).enumerate();
        if recorded {
            windows
                .zip(weights.par_chunks_mut(area))
                .for_each(|((w, ((qkv, context), kept)), record)| job(w, qkv, context, kept, record));
        } else {
            windows.for_each(|(w, ((qkv, context), kept))| job(w, qkv, context, kept, &mut []));
        }
    }

    fn window<R: Real>(
        &self,
        arena: &Arc<Arena<R>>,
        w: usize,
        qkv: &[R],
        context: &mut [R],
        kept: &mut [R],
        record: &mut [R],
    ) {
        let (t, k) = (self.bars, self.head_width());
        for (h, kept) in kept.chunks_exact_mut(t).enumerate() {
            let record = if record.is_empty() { &mut [] } else { &mut record[h * t * t..(h + 1) * t * t] };
            self.head(arena, (w, h), qkv, &mut context[h * k..], self.width, kept, record);
        }
    }

    /// [`Self::window`] with a thread for each head, where there are too few windows for all threads.
    fn window_by_heads<R: Real>(&self, arena: &Arc<Arena<R>>, w: usize, qkv: &[R], context: &mut [R], kept: &mut [R]) {
        let (t, k) = (self.bars, self.head_width());
        let mut parts = arena.take(context.len());
        parts
            .par_chunks_mut(t * k)
            .zip(kept.par_chunks_mut(t))
            .enumerate()
            .with_max_len(2)
            .for_each(|(h, (out, kept))| self.head(arena, (w, h), qkv, out, k, kept, &mut []));
        for (h, part) in parts.chunks_exact(t * k).enumerate() {
            for (row, part) in context.chunks_exact_mut(self.width).zip(part.chunks_exact(k)) {
                row[h * k..(h + 1) * k].copy_from_slice(part);
            }
        }
    }

    /// Context of one head, rows of `out` `stride` numbers apart.
    fn head<R: Real>(
        &self,
        arena: &Arc<Arena<R>>,
        (w, h): (usize, usize),
        qkv: &[R],
        out: &mut [R],
        stride: usize,
        kept: &mut [R],
        record: &mut [R],
    ) {
        let (t, padded) = (self.bars, self.padded());
        let mut scores = arena.take(t * padded);
        if self.uniform.contains(&h) {
            self.alike(&mut scores);
        } else {
            let (q, key) = (self.part(qkv, 0, h), self.part(qkv, 1, h));
            multiply(&mut scores, padded, q, key.t(), self.scale(), false);
            softmax(&mut scores, t, self.causal, kept);
        }
        if !record.is_empty() {
            for (record, row) in record.chunks_exact_mut(t).zip(scores.chunks_exact(padded)) {
                record.copy_from_slice(&row[..t]);
            }
        }
        if let Some(mask) = self.mask {
            drop(&mut scores, t, mask, (w * self.heads + h) * t * t);
        }
        let weights = View::strided(&scores, t, t, padded);
        multiply(out, stride, weights, self.part(qkv, 2, h), R::from_f64(1.0), false);
    }

    /// The same weight for every bar that is seen.
    fn alike<R: Real>(&self, scores: &mut [R]) {
        for (i, row) in scores.chunks_exact_mut(self.padded()).enumerate() {
            let seen = if self.causal { i + 1 } else { self.bars };
            row[..seen].fill(R::from_f64(1.0 / seen as f64));
            row[seen..].fill(R::from_f64(0.0));
        }
    }

    /// Gradient of `qkv` (biases added), into `out` `[B, T, 3 C]`, from that of the context; adds the gradients of the
    /// biases of queries and values to `biases`.
    pub(in crate::nn) fn backward<R: Real>(
        &self,
        arena: &Arc<Arena<R>>,
        qkv: &[R],
        kept: &[R],
        grad: &[R],
        out: &mut [R],
        biases: [&mut [R]; 2],
    ) {
        let (t, c) = (self.bars, self.width);
        let windows = out.par_chunks_mut(t * 3 * c).zip(qkv.par_chunks(t * 3 * c));
        let windows = windows.zip(grad.par_chunks(t * c)).zip(kept.par_chunks(self.heads * t));
        let mut parts = arena.zeros(qkv.len() / t);
        windows.zip(parts.par_chunks_mut(3 * c)).enumerate().for_each(|(w, ((((out, qkv), grad), kept), sums))| {
            self.window_backward(arena, w, qkv, kept, grad, out);
            for row in out.chunks_exact(3 * c) {
                add(sums, row);
            }
        });
        let mut total = arena.zeros(3 * c);
        super::reduce_sums(&parts, &mut total);
        let [query, value] = biases;
        add(query, &total[..c]);
        add(value, &total[2 * c..]);
    }

    fn window_backward<R: Real>(
        &self,
        arena: &Arc<Arena<R>>,
        w: usize,
        qkv: &[R],
        kept: &[R],
        grad: &[R],
        out: &mut [R],
    ) {
        let (t, c, padded, k) = (self.bars, self.width, self.padded(), self.head_width());
        let one = R::from_f64(1.0);
        let [mut weights, mut slopes, mut dropped] = [(); 3].map(|()| arena.take(t * padded));
        for h in 0..self.heads {
            let [query, key, value] = [0, 1, 2].map(|part| self.part(qkv, part, h));
            let grad = self.of_head(grad, h);
            let uniform = self.uniform.contains(&h);
            if uniform {
                self.alike(&mut weights);
            } else {
                multiply(&mut weights, padded, query, key.t(), self.scale(), false);
                recall(&mut weights, t, self.causal, &kept[h * t..(h + 1) * t]);
            }
            multiply(&mut slopes, padded, grad, value.t(), one, false);
            let used = match self.mask {
                Some(mask) => {
                    let first = (w * self.heads + h) * t * t;
                    drop_both(&weights, &mut slopes, &mut dropped, t, mask, first);
                    &dropped
                }
                None => &weights,
            };
            let used = View::strided(used, t, t, padded);
            multiply(&mut out[2 * c + h * k..], 3 * c, used.t(), grad, one, false);
            through_softmax(&weights, &mut slopes, t, if uniform { R::from_f64(0.0) } else { self.scale() });
            let slopes = View::strided(&slopes, t, t, padded);
            multiply(&mut out[h * k..], 3 * c, slopes, key, one, false);
            multiply(&mut out[c + h * k..], 3 * c, slopes.t(), query, one, false);
        }
    }
}

kernel! {
    fn add(sum: &'a mut [R], x: &'a [R]) {
        for (sum, &x) in sum.iter_mut().zip(x) {
            *sum += x;
        }
    }
}

kernel! {
    /// Softmax of each row's first numbers, 0 beyond; keeps the logarithm of the denominator.
    fn softmax(scores: &'a mut [R], t: usize, causal: bool, kept: &'a mut [R]) {
        let padded = scores.len() / t;
        for (i, (row, kept)) in scores.chunks_exact_mut(padded).zip(kept).enumerate() {
            let seen = if causal { i + 1 } else { t };
            let top = largest(&row[..seen]);
            // Whole vectors are faster than the rest of a row: e^-1e4 is 0.
            row[seen..].fill(top - R::from_f64(1e4));
            for v in row.iter_mut() {
                *v = (*v - top).exp();
            }
            let sum = sum1(row, |v| v);
            let factor = R::from_f64(1.0) / sum;
            for v in row.iter_mut() {
                *v *= factor;
            }
            *kept = top + sum.ln();
        }
    }
}

kernel! {
    /// The weights of [`softmax`] from its scores and what it kept.
    fn recall(scores: &'a mut [R], t: usize, causal: bool, kept: &'a [R]) {
        let padded = scores.len() / t;
        for (i, (row, &kept)) in scores.chunks_exact_mut(padded).zip(kept).enumerate() {
            row[if causal { i + 1 } else { t }..].fill(kept - R::from_f64(1e4));
            for v in row.iter_mut() {
                *v = (*v - kept).exp();
            }
        }
    }
}

kernel! {
    fn drop(weights: &'a mut [R], t: usize, mask: Mask, first: usize) {
        let padded = weights.len() / t;
        for (i, row) in weights.chunks_exact_mut(padded).enumerate() {
            let at = first + i * t;
            for (j, v) in row.iter_mut().enumerate() {
                *v *= mask.factor::<R>(at + j);
            }
        }
    }
}

kernel! {
    /// `slopes` and, into `dropped`, `weights` times the mask's factors.
    fn drop_both(weights: &'a [R], slopes: &'a mut [R], dropped: &'a mut [R], t: usize, mask: Mask, first: usize) {
        let padded = weights.len() / t;
        let rows = weights.chunks_exact(padded).zip(slopes.chunks_exact_mut(padded)).zip(dropped.chunks_exact_mut(padded));
        for (i, ((weights, slopes), dropped)) in rows.enumerate() {
            let at = first + i * t;
            for (j, ((&weight, slope), dropped)) in weights.iter().zip(slopes).zip(dropped).enumerate() {
                let factor = mask.factor::<R>(at + j);
                *dropped = weight * factor;
                *slope *= factor;
            }
        }
    }
}

kernel! {
    /// Turns `slopes`, the gradient of the weights, into `scale` times that of the softmax's input.
    fn through_softmax(weights: &'a [R], slopes: &'a mut [R], t: usize, scale: R) {
        let padded = weights.len() / t;
        for (weights, slopes) in weights.chunks_exact(padded).zip(slopes.chunks_exact_mut(padded)) {
            // Beyond the row the slopes hold anything, even what is not a number.
            slopes[t..].fill(R::from_f64(0.0));
            let along = sum2(weights, slopes, |w, s| w * s);
            for (slope, &weight) in slopes.iter_mut().zip(weights) {
                *slope = weight * (*slope - along) * scale;
            }
        }
    }
}
