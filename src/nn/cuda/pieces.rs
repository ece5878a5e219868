//! The pieces plans are put together from: one kernel each, or one and the sums behind it.

use super::plan::{Arg, Buffer, Plan, Span, mask_args};
use super::spec::Mask;

/// Added to the variance, as in `ops::layer_norm`.
const EPSILON: f32 = 1e-5;
/// Rows summed by one block, at least.
const CHUNK: usize = 64;
/// Chunks of rows, at most.
const CHUNKS: usize = 256;

/// Where a kernel writes: in single precision, in bfloat16, or both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) wide: Option<Span>,
    pub(super) half: Option<Span>,
}

impl Target {
    /// Into memory that is a factor of products.
    pub(super) fn factor(span: Span) -> Self {
        if span.half { Self { wide: None, half: Some(span) } } else { Self::wide(span) }
    }

    pub(super) const fn wide(span: Span) -> Self {
        Self { wide: Some(span), half: None }
    }

    /// Into `wide`, and into `factor` where that is another span.
    pub(super) fn both(wide: Span, factor: Span) -> Self {
        Self { wide: Some(wide), half: factor.half.then_some(factor) }
    }

    fn args(self) -> [Arg; 2] {
        [self.wide.into(), self.half.into()]
    }
}

/// Shape of the heads of an attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    pub(super) batch: usize,
    pub(super) bars: usize,
    pub(super) count: usize,
    pub(super) depth: usize,
}

impl Heads {
    /// Numbers of one part: queries, keys or values.
    pub(super) const fn part(self) -> usize {
        self.batch * self.bars * self.count * self.depth
    }

    /// Attention weights.
    pub(super) const fn weights(self) -> usize {
        self.batch * self.count * self.bars * self.bars
    }

    fn scale(self) -> Arg {
        Arg::Float((1.0 / (self.depth as f64).sqrt()) as f32)
    }

    fn args(self, n: usize) -> [Arg; 5] {
        [n.into(), (n / self.part()).into(), self.bars.into(), self.count.into(), self.depth.into()]
    }
}

impl Plan {
    /// mask x.
    pub(super) fn dropped(&mut self, x: Span, mask: Option<Mask>, to: Target) {
        let args = [&[x.into()], &to.args()[..], &[x.len.into()], &mask_args(mask)].concat();
        self.elements("drop", x.len, args);
    }

    /// mask x as gradient and as factor; nothing is done where both are `x`.
    pub(super) fn dropped_factor(&mut self, x: Span, mask: Option<Mask>, half: bool) -> (Span, Span) {
        let wide = if mask.is_some() { self.work(x.len) } else { x };
        let factor = if half { self.take(Buffer::Work, x.len, true) } else { wide };
        if mask.is_some() {
            self.dropped(x, mask, Target::both(wide, factor));
        } else if half {
            self.dropped(x, None, Target::factor(factor));
        }
        (wide, factor)
    }

    /// Layer normalisation with `scales`, gain and bias; `stats` receives two numbers per row.
    pub(super) fn norm(&mut self, x: Span, scales: [Span; 2], to: Target, stats: Option<Span>) {
        let (width, rows) = (scales[0].len, x.len / scales[0].len);
        let ends = [stats.into(), rows.into(), width.into(), Arg::Float(EPSILON)];
        let args = [&[x.into(), scales[0].into(), scales[1].into()], &to.args()[..], &ends].concat();
        self.rows("layer_norm", rows, args);
    }

    /// Gradients of the input of [`Self::norm`] (plus `residual`), its gain and its bias.
    pub(super) fn norm_backward(
        &mut self,
        [grad, x, gain, stats]: [Span; 4],
        residual: Option<Span>,
        out: Span,
        scales: [Span; 2],
    ) {
        let (width, rows) = (gain.len, x.len / gain.len);
        let inputs = [grad.into(), x.into(), gain.into(), stats.into()];
        let ends = [residual.into(), out.into(), rows.into(), width.into()];
        self.rows("layer_norm_backward", rows, [inputs, ends].concat());
        let (span, chunks) = chunks(rows);
        let partial = self.work(chunks * 2 * width);
        let args = vec![grad.into(), x.into(), stats.into(), partial.into(), rows.into(), width.into(), span.into()];
        self.tiles("layer_norm_sums", chunks, width, args);
        self.finish(partial, chunks, 2 * width, &[(0, scales[0]), (width, scales[1])]);
    }

    /// Sums of the columns of rows of `width` numbers, from the given column on for the length of each span.
    pub(super) fn column_sums(&mut self, x: Span, width: usize, to: &[(usize, Span)]) {
        let (span, chunks) = chunks(x.len / width);
        let partial = self.work(chunks * width);
        let args = vec![x.into(), partial.into(), (x.len / width).into(), width.into(), span.into()];
        self.tiles("column_sums", chunks, width, args);
        self.finish(partial, chunks, width, to);
    }

    fn finish(&mut self, partial: Span, chunks: usize, width: usize, to: &[(usize, Span)]) {
        for &(start, to) in to {
            let ends = [chunks.into(), width.into(), start.into(), to.len.into()];
            self.elements("finish_sums", to.len, [&[partial.into(), to.into()], &ends[..]].concat());
        }
    }

    pub(super) fn gelu(&mut self, x: Span, bias: Span, to: Target) {
        let args = [&[x.into(), bias.into()], &to.args()[..], &[x.len.into(), bias.len.into()]].concat();
        self.elements("gelu", x.len, args);
    }

    pub(super) fn gelu_backward(&mut self, x: Span, bias: Span, grad: Span, to: Target) {
        let args = [&[x.into(), bias.into(), grad.into()], &to.args()[..], &[x.len.into(), bias.len.into()]].concat();
        self.elements("gelu_backward", x.len, args);
    }

    /// base + mask (x + bias).
    pub(super) fn residual(&mut self, base: Span, x: Span, bias: Span, mask: Option<Mask>, out: Span) {
        let inputs = [base.into(), x.into(), bias.into(), out.into(), x.len.into(), bias.len.into()];
        self.elements("residual", x.len, [&inputs[..], &mask_args(mask)].concat());
    }

    /// Takes rows of `x` apart into heads, biases of queries and values added.
    pub(super) fn split(&mut self, x: Span, biases: Option<[Span; 2]>, heads: Heads, to: Span) {
        let biases = biases.map_or([Arg::Null; 2], |biases| biases.map(Arg::from));
        let args = [&[x.into()], &biases[..], &Target::factor(to).args(), &heads.args(x.len)].concat();
        self.elements("split_heads", x.len, args);
    }

    /// Puts heads together into rows.
    pub(super) fn merge(&mut self, x: Span, heads: Heads, to: Target) {
        self.elements("merge_heads", x.len, [&[x.into()], &to.args()[..], &heads.args(x.len)].concat());
    }

    /// Context `[B, H, T, K]` of `heads` (queries, keys, values); `weights` receives the weights before dropout.
    pub(super) fn attend(&mut self, qkv: Span, heads: Heads, causal: bool, mask: Option<Mask>, weights: Span) -> Span {
        let Heads { batch, bars, count, depth } = heads;
        let [q, k, v] = parts(qkv, heads);
        self.product(batch * count, [bars, bars, depth], q.plain(), k.flipped(), weights, false);
        let apart = qkv.half || mask.is_some();
        let dropped = if apart { self.take(Buffer::Work, weights.len, qkv.half) } else { weights };
        let target = if apart { Target::factor(dropped) } else { Target { wide: None, half: None } };
        let rows = weights.len / bars;
        let ends = [rows.into(), bars.into(), heads.scale(), Arg::Int(causal.into())];
        self.rows("softmax", rows, [&[weights.into()], &target.args()[..], &ends, &mask_args(mask)].concat());
        let context = self.work(heads.part());
        self.product(batch * count, [bars, depth, bars], dropped.plain(), v.plain(), context, false);
        context
    }

    /// Gradients of queries, keys and values, as heads, from that of the context, `grad` `[B, T, C]`.
    pub(super) fn attend_backward(
        &mut self,
        qkv: Span,
        weights: Span,
        grad: Span,
        heads: Heads,
        mask: Option<Mask>,
    ) -> Span {
        let Heads { batch, bars, count, depth } = heads;
        let (matrices, half) = (batch * count, qkv.half);
        let [q, k, v] = parts(qkv, heads);
        let context = self.take(Buffer::Work, grad.len, half);
        self.split(grad, None, heads, context);
        let dropped = if half || mask.is_some() {
            let dropped = self.take(Buffer::Work, weights.len, half);
            self.dropped(weights, mask, Target::factor(dropped));
            dropped
        } else {
            weights
        };
        let out = self.work(3 * heads.part());
        let [to_q, to_k, to_v] = parts(out, heads);
        self.product(matrices, [bars, depth, bars], dropped.flipped(), context.plain(), to_v, false);
        let scores = self.work(weights.len);
        self.product(matrices, [bars, bars, depth], context.plain(), v.flipped(), scores, false);
        let factor = if half { self.take(Buffer::Work, weights.len, true) } else { scores };
        let rows = weights.len / bars;
        let ends = [rows.into(), bars.into(), heads.scale()];
        let inputs = [weights.into(), scores.into()];
        let args = [&inputs, &Target::factor(factor).args()[..], &ends, &mask_args(mask)].concat();
        self.rows("softmax_backward", rows, args);
        self.product(matrices, [bars, depth, bars], factor.plain(), k.plain(), to_q, false);
        self.product(matrices, [bars, depth, bars], factor.flipped(), q.plain(), to_k, false);
        out
    }
}

/// Queries, keys and values.
fn parts(qkv: Span, heads: Heads) -> [Span; 3] {
    [0, 1, 2].map(|i| qkv.part(i * heads.part(), heads.part()))
}

/// Rows per chunk and chunks.
fn chunks(rows: usize) -> (usize, usize) {
    let span = CHUNK.max(rows.div_ceil(CHUNKS));
    (span, rows.div_ceil(span))
}
