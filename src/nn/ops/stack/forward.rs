use rayon::prelude::*;

use super::layout::Slots;
use super::{Pooled, Stack, StackShape};
use crate::nn::kernels::{Attention, Buffer, ROWS, View, gelu, kernel, multiply, norm_forward, residual};
use crate::nn::ops::fused::weight;
use crate::nn::real::Real;

/// What the backward pass needs of the forward one: per sum its rows and their moments, per block what is costly to make
/// again.
pub(super) struct Saved<R: Real> {
    pub(super) windows: usize,
    /// The input's projection and each sum of sub-layer and input, `[N, C]`.
    pub(super) sums: Vec<Buffer<R>>,
    /// Mean and reciprocal deviation of each row of the sums.
    pub(super) moments: Vec<Buffer<R>>,
    pub(super) blocks: Vec<SavedBlock<R>>,
}

pub(super) struct SavedBlock<R: Real> {
    /// Queries, keys and values with their biases, `[N, 3 C]`.
    pub(super) qkv: Buffer<R>,
    /// Logarithms of the softmax denominators, `[B, H, T]`.
    pub(super) denominators: Buffer<R>,
    /// `[N, C]`.
    pub(super) context: Buffer<R>,
    /// The feed-forward layer before bias and activation, `[N, feed]`.
    pub(super) expanded: Buffer<R>,
}

impl Stack {
    pub(super) fn attention(&self, layer: usize) -> Attention {
        let StackShape { bars, width, heads, causal, .. } = self.shape;
        let uniform = self.probe.uniform.iter().filter(|(l, _)| *l == layer).map(|(_, h)| *h).collect();
        Attention { bars, width, heads, causal, mask: self.masks[layer][0], uniform }
    }
}

/// Output, what the backward pass needs if there may be one, and recorded attention weights per layer.
pub(super) fn forward<R: Real>(
    op: &Stack,
    p: &Slots<'_, R>,
    x: &[R],
    windows: usize,
) -> (Vec<R>, Option<Saved<R>>, Vec<Vec<R>>) {
    let shape = &op.shape;
    let StackShape { features, bars, width, feed, heads, .. } = *shape;
    let (n, one) = (windows * bars, R::from_f64(1.0));
    let arena = R::arena(&op.fused.arenas);
    let (keep, flip) = (op.fused.keeps(), op.transposed);
    let mut saved = Saved { windows, sums: Vec::new(), moments: Vec::new(), blocks: Vec::new() };
    let mut weights = Vec::new();

    let mut sum = arena.take(n * width);
    multiply(&mut sum, width, View::of(x, n, features), weight(p.at(0), width, features, flip), one, false);
    embed(&mut sum, p.at(1), p.positions, bars);
    let mut normed = arena.take(n * width);
    let mut activated = arena.take(n * feed);
    for i in 0..=shape.sublayers() {
        let mut moments = arena.take(2 * n);
        if let Some(slot) = shape.norm(i) {
            norm_forward(&sum, p.at(slot), p.at(slot + 1), &mut normed, &mut moments);
        } else {
            normed.copy_from_slice(&sum);
        }
        if i == shape.sublayers() {
            saved.sums.push(sum);
            saved.moments.push(moments);
            break;
        }
        let input = View::of(&normed, n, width);
        let (layer, at) = (i / 2, shape.block(i / 2));
        let mut next = arena.take(n * width);
        let bias = if i.is_multiple_of(2) {
            let mut qkv = arena.take(n * 3 * width);
            multiply(&mut qkv, 3 * width, input, weight(p.at(at + 2), 3 * width, width, flip), one, false);
            let (mut context, mut denominators) = (arena.take(n * width), arena.take(n * heads));
            let mut record = if op.probe.record { vec![R::from_f64(0.0); n * heads * bars] } else { Vec::new() };
            let biases = [p.at(at + 3), p.at(at + 4)];
            let recorded = op.probe.record.then_some(record.as_mut_slice());
            op.attention(layer).forward(arena, &mut qkv, biases, &mut context, &mut denominators, recorded);
            if op.probe.record {
                weights.push(record);
            }
            let output = weight(p.at(at + 5), width, width, flip);
            multiply(&mut next, width, View::of(&context, n, width), output, one, false);
            if keep {
                let expanded = arena.take(0);
                saved.blocks.push(SavedBlock { qkv, denominators, context, expanded });
            }
            p.at(at + 6)
        } else {
            let mut expanded = arena.take(n * feed);
            multiply(&mut expanded, feed, input, weight(p.at(at + 9), feed, width, flip), one, false);
            gelu(&expanded, p.at(at + 10), &mut activated);
            let contract = weight(p.at(at + 11), width, feed, flip);
            multiply(&mut next, width, View::of(&activated, n, feed), contract, one, false);
            if keep {
                saved.blocks[layer].expanded = expanded;
            }
            p.at(at + 12)
        };
        let base = if shape.post_norm { &normed } else { &sum };
        residual(&mut next, base, bias, op.masks[layer][1 + i % 2]);
        let done = std::mem::replace(&mut sum, next);
        if keep {
            saved.sums.push(done);
            saved.moments.push(moments);
        }
    }
    (pool(&normed, op, windows), keep.then_some(saved), weights)
}

/// Adds `bias` and the position code to every bar.
fn embed<R: Real>(rows: &mut [R], bias: &[R], table: Option<&[R]>, bars: usize) {
    let width = bias.len();
    let table = table.unwrap_or(&[]);
    rows.par_chunks_mut(ROWS * width).enumerate().for_each(|(i, rows)| embed_rows(rows, bias, table, bars, i * ROWS));
}

kernel! {
    fn embed_rows(rows: &'a mut [R], bias: &'a [R], table: &'a [R], bars: usize, first: usize) {
        let width = bias.len();
        for (i, row) in rows.chunks_exact_mut(width).enumerate() {
            for (v, &b) in row.iter_mut().zip(bias) {
                *v += b;
            }
            let bar = (first + i) % bars;
            if let Some(code) = table.get(bar * width..(bar + 1) * width) {
                for (v, &code) in row.iter_mut().zip(code) {
                    *v += code;
                }
            }
        }
    }
}

kernel! {
    /// `out` = mean of `rows`, each as long as `out`.
    fn mean_rows(out: &'a mut [R], rows: &'a [R]) {
        let factor = R::from_f64(out.len() as f64 / rows.len() as f64);
        for row in rows.chunks_exact(out.len()) {
            for (sum, &v) in out.iter_mut().zip(row) {
                *sum += v;
            }
        }
        for sum in out {
            *sum *= factor;
        }
    }
}

fn pool<R: Real>(states: &[R], op: &Stack, windows: usize) -> Vec<R> {
    let StackShape { bars, width, .. } = op.shape;
    let pooled = op.pooled;
    let of_window = states.par_chunks(bars * width);
    let mut out = vec![R::from_f64(0.0); if pooled == Pooled::States { 0 } else { windows * width }];
    match pooled {
        Pooled::States => return states.to_vec(),
        Pooled::Last => out
            .par_chunks_mut(width)
            .zip(of_window)
            .for_each(|(out, rows)| out.copy_from_slice(&rows[(bars - 1) * width..])),
        Pooled::Mean => out.par_chunks_mut(width).zip(of_window).for_each(|(out, rows)| mean_rows(out, rows)),
    }
    out
}
