//! Plans of single operations, forward and backward; a backward result holds the gradients of the inputs one after the
//! other, as in `ops`.

use super::pieces::{Heads, Target};
use super::plan::{Arg, Buffer, Plan, Span};
use super::spec::Mask;

const fn first(len: usize) -> Span {
    Span::new(Buffer::First, 0, len)
}

const fn second(len: usize) -> Span {
    Span::new(Buffer::Second, 0, len)
}

const fn third(len: usize) -> Span {
    Span::new(Buffer::Third, 0, len)
}

/// Layer normalisation of `rows` of `width` numbers (first input) with gain (second) and bias (third).
pub fn layer_norm(rows: usize, width: usize) -> Plan {
    let mut plan = Plan::with_result(rows * width);
    plan.norm(first(rows * width), [second(width), third(width)], Target::wide(plan.result()), None);
    plan
}

/// From x, gain and the result's gradient to those of x, gain and bias.
pub fn layer_norm_backward(rows: usize, width: usize) -> Plan {
    let n = rows * width;
    let mut plan = Plan::with_result(n + 2 * width);
    let stats = plan.work(2 * rows);
    // Only the moments are wanted: the gain stands in for a bias nobody reads.
    plan.norm(first(n), [second(width); 2], Target { wide: None, half: None }, Some(stats));
    let out = plan.result();
    let scales = [out.part(n, width), out.part(n + width, width)];
    plan.norm_backward([third(n), first(n), second(width), stats], None, out.part(0, n), scales);
    plan
}

/// x (first input, `n` numbers) plus a table (second) repeated every `period` numbers: a bias, or a row per bar. The
/// table's gradient is [`column_sums`] with the period as width.
pub fn add_table(n: usize, period: usize) -> Plan {
    let mut plan = Plan::with_result(n);
    let args = vec![first(n).into(), second(period).into(), plan.result().into(), n.into(), period.into()];
    plan.elements("add_table", n, args);
    plan
}

/// Sums of the columns of `rows` of `width` numbers.
pub fn column_sums(rows: usize, width: usize) -> Plan {
    let mut plan = Plan::with_result(width);
    plan.column_sums(first(rows * width), width, &[(0, plan.result())]);
    plan
}

/// GELU(x + bias) over `rows` of `width` numbers.
pub fn bias_gelu(rows: usize, width: usize) -> Plan {
    let mut plan = Plan::with_result(rows * width);
    plan.gelu(first(rows * width), second(width), Target::wide(plan.result()));
    plan
}

/// From x, bias and the result's gradient to those of x and bias.
pub fn bias_gelu_backward(rows: usize, width: usize) -> Plan {
    let n = rows * width;
    let mut plan = Plan::with_result(n + width);
    let out = plan.result();
    plan.gelu_backward(first(n), second(width), third(n), Target::wide(out.part(0, n)));
    plan.column_sums(out.part(0, n), width, &[(0, out.part(n, width))]);
    plan
}

/// mask x; its own gradient.
pub fn dropout(n: usize, mask: Mask) -> Plan {
    let mut plan = Plan::with_result(n);
    plan.dropped(first(n), Some(mask), Target::wide(plan.result()));
    plan
}

/// Mean over the bars of x `[batch, bars, width]`.
pub fn mean_bars(batch: usize, bars: usize, width: usize) -> Plan {
    let n = batch * width;
    let mut plan = Plan::with_result(n);
    let ends: [Arg; 3] = [n.into(), bars.into(), width.into()];
    plan.elements("mean_bars", n, [&[first(n * bars).into(), plan.result().into()], &ends[..]].concat());
    plan
}

/// From the mean's gradient (first input) to that of x.
pub fn mean_bars_backward(batch: usize, bars: usize, width: usize) -> Plan {
    let n = batch * bars * width;
    let mut plan = Plan::with_result(n);
    let ends: [Arg; 3] = [n.into(), bars.into(), width.into()];
    let ends = [&[first(batch * width).into(), plan.result().into()], &ends[..]].concat();
    plan.elements("mean_bars_backward", n, ends);
    plan
}

/// Shape of a self-attention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attention {
    /// Windows.
    pub batch: usize,
    /// Bars of a window.
    pub bars: usize,
    /// Heads.
    pub heads: usize,
    /// Width of a head.
    pub depth: usize,
    /// No bar sees a later one.
    pub causal: bool,
    /// Dropout on the weights.
    pub mask: Option<Mask>,
}

impl Attention {
    const fn heads(self) -> Heads {
        Heads { batch: self.batch, bars: self.bars, count: self.heads, depth: self.depth }
    }

    /// From `qkv` `[B, T, 3 C]` as in `ops::self_attention` to the context `[B, T, C]`.
    pub fn forward(self) -> Plan {
        let heads = self.heads();
        let mut plan = Plan::with_result(heads.part());
        let (qkv, weights) = (plan.work(3 * heads.part()), plan.work(heads.weights()));
        plan.split(first(3 * heads.part()), None, heads, qkv);
        let context = plan.attend(qkv, heads, self.causal, self.mask, weights);
        plan.merge(context, heads, Target::wide(plan.result()));
        plan
    }

    /// From `qkv` and the gradient of the context (second input) to that of `qkv`.
    pub fn backward(self) -> Plan {
        let heads = self.heads();
        let mut plan = Plan::with_result(3 * heads.part());
        let (qkv, weights) = (plan.work(3 * heads.part()), plan.work(heads.weights()));
        plan.split(first(3 * heads.part()), None, heads, qkv);
        plan.attend(qkv, heads, self.causal, self.mask, weights);
        let parts = plan.attend_backward(qkv, weights, second(heads.part()), heads, self.mask);
        plan.merge(parts, heads, Target::wide(plan.result()));
        plan
    }
}
