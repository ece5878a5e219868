use candle_core::Result;

use super::pieces::{Heads, Target};
use super::plan::{Buffer, Plan, Span};
use super::spec::Spec;

/// Where the forward pass leaves what the backward pass needs.
struct Kept {
    /// All parameters as factors.
    parameters: Span,
    /// Mean and reciprocal deviation of each row, of the first and the second norm.
    stats: [Span; 2],
    /// What the product of queries, keys and values reads, `[B T, C]`.
    first: Span,
    /// Queries, keys and values as heads.
    qkv: Span,
    /// Attention weights before dropout.
    weights: Span,
    /// What the product behind the attention reads, `[B T, C]`.
    context: Span,
    /// The sum of the input and the attention's branch.
    middle: Span,
    /// What the feed-forward part adds to: `middle`, or with norms behind the sums its norm.
    hidden: Span,
    /// What the first product of the feed-forward part reads, `[B T, C]`.
    second: Span,
    /// Its result before bias and GELU, `[B T, ff]`.
    inner: Span,
    /// The same after them, as a factor.
    active: Span,
    /// With norms behind the sums: the sum behind the feed-forward part.
    last: Span,
}

impl Kept {
    fn take(plan: &mut Plan, spec: &Spec) -> Self {
        let (n, half, post) = (spec.rows(), spec.half, spec.post_norm);
        let rows = n * spec.width;
        let mut wide = |len| plan.take(Buffer::Kept, len, false);
        let stats = [wide(2 * n), wide(2 * n)];
        let middle = wide(rows);
        let hidden = if post { wide(rows) } else { middle };
        let (inner, weights) = (wide(n * spec.ff), wide(heads(spec).weights()));
        let last = if post { wide(rows) } else { middle };
        let mut factor = |len| plan.take(Buffer::Kept, len, half);
        let (qkv, context, active) = (factor(3 * rows), factor(rows), factor(n * spec.ff));
        let parameters = if half { factor(spec.parameters()) } else { parameters(spec) };
        let first = if half || !post { factor(rows) } else { input(spec) };
        let second = if half || !post { factor(rows) } else { hidden };
        Self { parameters, stats, first, qkv, weights, context, middle, hidden, second, inner, active, last }
    }

    /// A weight as a factor.
    fn weight(&self, start: usize, len: usize) -> Span {
        self.parameters.part(start, len)
    }
}

const fn heads(spec: &Spec) -> Heads {
    Heads { batch: spec.batch, bars: spec.bars, count: spec.heads, depth: spec.depth() }
}

const fn input(spec: &Spec) -> Span {
    Span::new(Buffer::First, 0, spec.rows() * spec.width)
}

const fn parameters(spec: &Spec) -> Span {
    Span::new(Buffer::Second, 0, spec.parameters())
}

/// Gain and bias, or weight and bias: the latter two are vectors of `len`.
fn pair(from: Span, starts: [usize; 2], len: usize) -> [Span; 2] {
    starts.map(|start| from.part(start, len))
}

/// The block over x `[B, T, C]` (first input) and its parameters (second); the result is like x.
///
/// Errors if the block is impossible, see [`Spec::check`].
pub fn forward(spec: &Spec) -> Result<Plan> {
    spec.check()?;
    let (n, c, ff, at) = (spec.rows(), spec.width, spec.ff, &spec.offsets);
    let mut plan = Plan::with_result(n * c);
    let kept = Kept::take(&mut plan, spec);
    let (x, p, out) = (input(spec), parameters(spec), plan.result());
    let (norm1, norm2) = (pair(p, at.norm1, c), pair(p, at.norm2, c));
    if spec.half {
        plan.dropped(p, None, Target::factor(kept.parameters));
    }
    if !spec.post_norm {
        plan.norm(x, norm1, Target::factor(kept.first), Some(kept.stats[0]));
    } else if spec.half {
        plan.dropped(x, None, Target::factor(kept.first));
    }
    let packed = plan.work(3 * n * c);
    let qkv = kept.weight(at.qkv, 3 * c * c).flipped();
    plan.product(1, [n, 3 * c, c], kept.first.plain(), qkv, packed, false);
    plan.split(packed, Some(pair(p, [at.query_bias, at.value_bias], c)), heads(spec), kept.qkv);
    let context = plan.attend(kept.qkv, heads(spec), spec.causal, spec.masks[0], kept.weights);
    plan.merge(context, heads(spec), Target::factor(kept.context));
    let branch = plan.work(n * c);
    plan.product(1, [n, c, c], kept.context.plain(), kept.weight(at.output[0], c * c).flipped(), branch, false);
    plan.residual(x, branch, p.part(at.output[1], c), spec.masks[1], kept.middle);
    if spec.post_norm {
        plan.norm(kept.middle, norm1, Target::both(kept.hidden, kept.second), Some(kept.stats[0]));
    } else {
        plan.norm(kept.middle, norm2, Target::factor(kept.second), Some(kept.stats[1]));
    }
    let expand = kept.weight(at.expand[0], ff * c).flipped();
    plan.product(1, [n, ff, c], kept.second.plain(), expand, kept.inner, false);
    plan.gelu(kept.inner, p.part(at.expand[1], ff), Target::factor(kept.active));
    let contract = kept.weight(at.contract[0], c * ff).flipped();
    plan.product(1, [n, c, ff], kept.active.plain(), contract, branch, false);
    let sum = if spec.post_norm { kept.last } else { out };
    plan.residual(kept.hidden, branch, p.part(at.contract[1], c), spec.masks[2], sum);
    if spec.post_norm {
        plan.norm(sum, norm2, Target::wide(out), Some(kept.stats[1]));
    }
    Ok(plan)
}

/// Gradients of the block: from x, parameters and the gradient of the result (third input) those of x, then those of
/// the parameters. Reads what [`forward`] kept.
///
/// Errors if the block is impossible, see [`Spec::check`].
pub fn backward(spec: &Spec) -> Result<Plan> {
    spec.check()?;
    let rows = spec.rows() * spec.width;
    let mut plan = Plan::with_result(rows + spec.parameters());
    let kept = Kept::take(&mut plan, spec);
    let (to_x, to_p) = (plan.result().part(0, rows), plan.result().part(rows, spec.parameters()));
    let mut way = Backward { plan: &mut plan, spec, kept: &kept, to_p };
    let grad = Span::new(Buffer::Third, 0, rows);
    if spec.post_norm {
        // The gradients of the branches are added to what passes by them.
        let sum = way.plan.work(rows);
        way.norm(1, grad, kept.last, None, sum);
        way.feed(sum, sum, true);
        way.norm(0, sum, kept.middle, None, to_x);
        way.attention(to_x, to_x, true);
    } else {
        let branch = way.plan.work(rows);
        way.feed(grad, branch, false);
        let middle = way.plan.work(rows);
        way.norm(1, branch, kept.middle, Some(grad), middle);
        let branch = way.plan.work(rows);
        way.attention(middle, branch, false);
        way.norm(0, branch, input(spec), Some(middle), to_x);
    }
    Ok(plan)
}

struct Backward<'a> {
    plan: &'a mut Plan,
    spec: &'a Spec,
    kept: &'a Kept,
    /// Gradients of the parameters.
    to_p: Span,
}

impl Backward<'_> {
    /// Norm `index` (0 or 1) with input `x`: from `grad` to `out`, `residual` added.
    fn norm(&mut self, index: usize, grad: Span, x: Span, residual: Option<Span>, out: Span) {
        let starts = [self.spec.offsets.norm1, self.spec.offsets.norm2][index];
        let scales = pair(self.to_p, starts, self.spec.width);
        let gain = parameters(self.spec).part(starts[0], self.spec.width);
        self.plan.norm_backward([grad, x, gain, self.kept.stats[index]], residual, out, scales);
    }

    /// Gradient of a weight `[outputs, inputs]`: grad^T x.
    fn weight(&mut self, start: usize, outputs: usize, inputs: usize, grad: Span, x: Span) {
        let to = self.to_p.part(start, outputs * inputs);
        self.plan.product(1, [outputs, inputs, self.spec.rows()], grad.flipped(), x.plain(), to, false);
    }

    /// Gradient of what a weight `[outputs, inputs]` read: grad W, to `out` or added to it.
    fn input(&mut self, start: usize, outputs: usize, inputs: usize, grad: Span, out: Span, add: bool) {
        let weight = self.kept.weight(start, outputs * inputs).plain();
        self.plan.product(1, [self.spec.rows(), inputs, outputs], grad.plain(), weight, out, add);
    }

    /// The feed-forward branch, from the gradient of its sum to that of its input.
    fn feed(&mut self, grad: Span, out: Span, add: bool) {
        let (c, ff, at, half) = (self.spec.width, self.spec.ff, &self.spec.offsets, self.spec.half);
        let (wide, factor) = self.plan.dropped_factor(grad, self.spec.masks[2], half);
        self.plan.column_sums(wide, c, &[(0, self.to_p.part(at.contract[1], c))]);
        self.weight(at.contract[0], c, ff, factor, self.kept.active);
        let inner = self.plan.work(self.kept.inner.len);
        self.input(at.contract[0], c, ff, factor, inner, false);
        let factor = if half { self.plan.take(Buffer::Work, inner.len, true) } else { inner };
        let bias = parameters(self.spec).part(at.expand[1], ff);
        self.plan.gelu_backward(self.kept.inner, bias, inner, Target::both(inner, factor));
        self.plan.column_sums(inner, ff, &[(0, self.to_p.part(at.expand[1], ff))]);
        self.weight(at.expand[0], ff, c, factor, self.kept.second);
        self.input(at.expand[0], ff, c, factor, out, add);
    }

    /// The attention's branch, from the gradient of its sum to that of its input.
    fn attention(&mut self, grad: Span, out: Span, add: bool) {
        let (c, at, half) = (self.spec.width, &self.spec.offsets, self.spec.half);
        let (wide, factor) = self.plan.dropped_factor(grad, self.spec.masks[1], half);
        self.plan.column_sums(wide, c, &[(0, self.to_p.part(at.output[1], c))]);
        self.weight(at.output[0], c, c, factor, self.kept.context);
        let context = self.plan.work(grad.len);
        self.input(at.output[0], c, c, factor, context, false);
        let (heads, kept) = (heads(self.spec), self.kept);
        let parts = self.plan.attend_backward(kept.qkv, kept.weights, context, heads, self.spec.masks[0]);
        let packed = self.plan.work(parts.len);
        let factor = if half { self.plan.take(Buffer::Work, parts.len, true) } else { packed };
        self.plan.merge(parts, heads, Target::both(packed, factor));
        let biases = [(0, self.to_p.part(at.query_bias, c)), (2 * c, self.to_p.part(at.value_bias, c))];
        self.plan.column_sums(packed, 3 * c, &biases);
        self.weight(at.qkv, 3 * c, c, factor, kept.first);
        self.input(at.qkv, 3 * c, c, factor, out, add);
    }
}
