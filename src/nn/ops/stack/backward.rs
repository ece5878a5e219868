use rayon::prelude::*;

use super::forward::{Saved, SavedBlock};
use super::layout::Slots;
use super::{Pooled, Stack, StackShape};
use crate::nn::kernels::{
    Buffer, View, column_sums, drop_backward, gelu_backward, multiply, norm_apply, norm_backward,
};
use crate::nn::ops::fused::GradientSlots;
use crate::nn::real::Real;

/// Adds the gradients of all parameters to `flat` and, unless it is empty, writes that of the input to `to_input`, from
/// `grad`, the gradient of what the stack gave.
pub(super) fn backward<R: Real>(
    op: &Stack,
    p: &Slots<'_, R>,
    x: &[R],
    saved: &Saved<R>,
    grad: &[R],
    to_input: &mut [R],
    flat: &mut [R],
) {
    let shape = &op.shape;
    let StackShape { features, bars, width, feed, .. } = *shape;
    let n = saved.windows * bars;
    let arena = R::arena(&op.fused.arenas);
    let mut g = GradientSlots::new(&shape.names(), flat);
    let mut pass = Pass {
        op,
        p,
        n,
        // The gradient of a sum on its way down.
        down: arena.take(n * width),
        inner: arena.take(n * width),
        masked: arena.take(n * width),
        normed: arena.take(n * width),
        wide: arena.take(n * feed.max(3 * width)),
        activated: arena.take(n * feed),
    };
    spread(grad, &mut pass.down, op);
    for i in (0..=shape.sublayers()).rev() {
        // `inner` is the gradient of the normalised sum i by way of the sub-layer above it, `down` that of the sum above;
        // at the top `down` is that of the states.
        let norm = shape.norm(i);
        let (rows, moments) = (&saved.sums[i], &saved.moments[i]);
        if i < shape.sublayers() {
            if shape.post_norm || norm.is_none() {
                add(&mut pass.inner, &pass.down);
            }
            std::mem::swap(&mut pass.inner, &mut pass.down);
        }
        if let Some(slot) = norm {
            let straight = (!shape.post_norm && i < shape.sublayers()).then_some(&*pass.inner);
            norm_backward(arena, rows, p.at(slot), moments, &mut pass.down, straight, g.pair(slot, slot + 1));
        }
        let Some(sublayer) = i.checked_sub(1) else { break };
        let (layer, at) = (sublayer / 2, shape.block(sublayer / 2));
        let bias = at + if sublayer.is_multiple_of(2) { 6 } else { 12 };
        let mask = op.masks[layer][1 + sublayer % 2];
        drop_backward(arena, &pass.down, mask, &mut pass.masked, g.at(bias));
        pass.recall(shape.norm(sublayer), &saved.sums[sublayer], &saved.moments[sublayer]);
        if sublayer.is_multiple_of(2) {
            pass.attention(layer, at, &saved.blocks[layer], &mut g);
        } else {
            pass.feed(at, &saved.blocks[layer], &mut g);
        }
    }
    let grad = View::of(&pass.down, n, width);
    column_sums(arena, &pass.down, g.at(1));
    if shape.learned_positions {
        column_sums(arena, &pass.down, g.at(2));
    }
    let one = R::from_f64(1.0);
    multiply(g.at(0), features, grad.t(), View::of(x, n, features), one, true);
    if !to_input.is_empty() {
        multiply(to_input, features, grad, View::of(p.at(0), width, features), one, false);
    }
}

/// The buffers of one backward pass.
struct Pass<'a, R: Real> {
    op: &'a Stack,
    p: &'a Slots<'a, R>,
    n: usize,
    down: Buffer<R>,
    inner: Buffer<R>,
    masked: Buffer<R>,
    /// What the sub-layer saw.
    normed: Buffer<R>,
    wide: Buffer<R>,
    activated: Buffer<R>,
}

impl<R: Real> Pass<'_, R> {
    /// Makes the input of a sub-layer again.
    fn recall(&mut self, norm: Option<usize>, rows: &[R], moments: &[R]) {
        match norm {
            Some(slot) => norm_apply(rows, self.p.at(slot), self.p.at(slot + 1), &mut self.normed, moments),
            None => self.normed.copy_from_slice(rows),
        }
    }

    /// Through the attention of `layer`, from `masked` to `inner`.
    fn attention(&mut self, layer: usize, at: usize, saved: &SavedBlock<R>, g: &mut GradientSlots<'_, R>) {
        let (n, c, one) = (self.n, self.op.shape.width, R::from_f64(1.0));
        let arena = R::arena(&self.op.fused.arenas);
        let grad = View::of(&self.masked, n, c);
        multiply(g.at(at + 5), c, grad.t(), View::of(&saved.context, n, c), one, true);
        multiply(&mut self.inner, c, grad, View::of(self.p.at(at + 5), c, c), one, false);
        let packed = &mut self.wide[..n * 3 * c];
        let biases = g.pair(at + 3, at + 4);
        self.op.attention(layer).backward(arena, &saved.qkv, &saved.denominators, &self.inner, packed, biases);
        let packed = View::of(packed, n, 3 * c);
        multiply(g.at(at + 2), c, packed.t(), View::of(&self.normed, n, c), one, true);
        multiply(&mut self.inner, c, packed, View::of(self.p.at(at + 2), 3 * c, c), one, false);
    }

    /// Through a feed-forward layer, from `masked` to `inner`.
    fn feed(&mut self, at: usize, saved: &SavedBlock<R>, g: &mut GradientSlots<'_, R>) {
        let (n, c, f, one) = (self.n, self.op.shape.width, self.op.shape.feed, R::from_f64(1.0));
        let arena = R::arena(&self.op.fused.arenas);
        let grad = View::of(&self.masked, n, c);
        let inner = &mut self.wide[..n * f];
        multiply(inner, f, grad, View::of(self.p.at(at + 11), c, f), one, false);
        gelu_backward(arena, &saved.expanded, self.p.at(at + 10), inner, &mut self.activated, g.at(at + 10));
        multiply(g.at(at + 11), f, grad.t(), View::of(&self.activated, n, f), one, true);
        let inner = View::of(inner, n, f);
        multiply(g.at(at + 9), c, inner.t(), View::of(&self.normed, n, c), one, true);
        multiply(&mut self.inner, c, inner, View::of(self.p.at(at + 9), f, c), one, false);
    }
}

fn add<R: Real>(sum: &mut [R], x: &[R]) {
    const UNIT: usize = 1 << 14;
    sum.par_chunks_mut(UNIT).zip(x.par_chunks(UNIT)).for_each(|(sum, x)| {
        for (sum, &x) in sum.iter_mut().zip(x) {
            *sum += x;
        }
    });
}

/// Gradient of every bar's state from that of what was pooled.
fn spread<R: Real>(grad: &[R], out: &mut [R], op: &Stack) {
    let StackShape { bars, width, .. } = op.shape;
    let windows = out.par_chunks_mut(bars * width);
    match op.pooled {
        Pooled::States => out.copy_from_slice(grad),
        Pooled::Mean => windows.zip(grad.par_chunks(width)).for_each(|(rows, grad)| {
            for row in rows.chunks_exact_mut(width) {
                for (v, &g) in row.iter_mut().zip(grad) {
                    *v = g * R::from_f64(1.0 / bars as f64);
                }
            }
        }),
        Pooled::Last => windows.zip(grad.par_chunks(width)).for_each(|(rows, grad)| {
            let (before, last) = rows.split_at_mut((bars - 1) * width);
            before.fill(R::from_f64(0.0));
            last.copy_from_slice(grad);
        }),
    }
}
