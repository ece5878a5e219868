use super::{DECODE, DECODE_HIDDEN, ENCODE, HEADS, LOGVAR, MU, Readout, ReadoutShape};
use crate::nn::kernels::{Buffer, View, column_sums, gelu, gelu_backward, kernel, multiply};
use crate::nn::ops::fused::{GradientSlots, weight};
use crate::nn::real::Real;

/// What the backward pass needs of the forward one.
pub(super) struct Saved<R: Real> {
    /// Hidden layers before bias and activation, `[B, C / 2]` each: encoder, decoder, then the heads.
    hidden: Vec<Buffer<R>>,
    /// Pooled vector and z side by side, `[B, C + L]`.
    seen: Buffer<R>,
    /// e^(logvar / 2) epsilon, `[B, L]`: what the noise added to mu; zeros without noise.
    shift: Buffer<R>,
}

struct Pass<'a, R> {
    slots: &'a [&'a [R]],
    windows: usize,
    transposed: bool,
}

impl<'a, R: Real> Pass<'a, R> {
    fn new(op: &Readout, slots: &'a [&'a [R]], x: &[R]) -> Self {
        Self { slots, windows: x.len() / op.shape.width, transposed: op.transposed }
    }

    /// `out` = x W^T for the layer at `slot`, without its bias.
    fn product(&self, x: &[R], inputs: usize, slot: usize, out: &mut [R]) {
        let (n, outputs) = (self.windows, out.len() / self.windows);
        let weight = weight(self.slots[slot], outputs, inputs, self.transposed);
        multiply(out, outputs, View::of(x, n, inputs), weight, R::from_f64(1.0), false);
    }

    /// Through the layer at `slot`, which saw `x`: adds its weight's gradient, and the input's to `to_input`.
    fn product_backward(
        &self,
        grad: &[R],
        x: &[R],
        inputs: usize,
        slot: usize,
        g: &mut GradientSlots<'_, R>,
        to_input: Option<&mut [R]>,
    ) {
        let (n, one) = (self.windows, R::from_f64(1.0));
        let outputs = grad.len() / n;
        let grad = View::of(grad, n, outputs);
        multiply(g.at(slot), inputs, grad.t(), View::of(x, n, inputs), one, true);
        if let Some(to_input) = to_input {
            multiply(to_input, inputs, grad, View::of(self.slots[slot], outputs, inputs), one, true);
        }
    }
}

/// The packed output and what the backward pass needs.
pub(super) fn forward<R: Real>(op: &Readout, slots: &[&[R]], x: &[R]) -> (Vec<R>, Saved<R>) {
    let pass = Pass::new(op, slots, x);
    let ReadoutShape { width: c, latents: l, .. } = op.shape;
    let (n, h, columns) = (pass.windows, op.shape.hidden(), op.shape.columns());
    let arena = R::arena(&op.fused.arenas);
    let mut out = vec![R::from_f64(0.0); n * columns];
    let mut saved = Saved { hidden: Vec::new(), seen: arena.take(n * (c + l)), shift: arena.zeros(n * l) };
    let mut active = arena.take(n * h);

    let mut encoded = arena.take(n * h);
    pass.product(x, c, ENCODE, &mut encoded);
    gelu(&encoded, slots[ENCODE + 1], &mut active);
    saved.hidden.push(encoded);
    let [mut mu, mut logvar] = [(); 2].map(|()| arena.take(n * l));
    for (slot, values) in [(MU, &mut mu), (LOGVAR, &mut logvar)] {
        pass.product(&active, h, slot, values);
        add_bias(values, slots[slot + 1]);
    }
    let half = R::from_f64(0.5);
    for ((shift, &logvar), &epsilon) in saved.shift.iter_mut().zip(&*logvar).zip(&op.noise.epsilon) {
        *shift = (half * logvar).exp() * R::from_f64(f64::from(epsilon));
    }
    let mut z = arena.take(n * l);
    for ((z, &mu), &shift) in z.iter_mut().zip(&*mu).zip(&*saved.shift) {
        *z = mu + shift;
    }

    let mut decoded = arena.take(n * h);
    pass.product(&z, l, DECODE_HIDDEN, &mut decoded);
    gelu(&decoded, slots[DECODE_HIDDEN + 1], &mut active);
    saved.hidden.push(decoded);
    let mut rebuilt = arena.take(n * c);
    pass.product(&active, h, DECODE, &mut rebuilt);
    add_bias(&mut rebuilt, slots[DECODE + 1]);

    for ((seen, x), z) in saved.seen.chunks_exact_mut(c + l).zip(x.chunks_exact(c)).zip(z.chunks_exact(l)) {
        seen[..c].copy_from_slice(x);
        seen[c..].copy_from_slice(z);
    }
    for head in 0..HEADS.len() {
        let slot = ReadoutShape::head(head);
        let mut hidden = arena.take(n * h);
        pass.product(&saved.seen, c + l, slot, &mut hidden);
        gelu(&hidden, slots[slot + 1], &mut active);
        drop_out(op, head, &mut active);
        saved.hidden.push(hidden);
        let weight = slots[slot + 2];
        for (row, active) in out.chunks_exact_mut(columns).zip(active.chunks_exact(h)) {
            row[head] = slots[slot + 3][0] + dot(active, weight);
        }
    }
    for (i, row) in out.chunks_exact_mut(columns).enumerate() {
        let parts = &mut row[HEADS.len()..];
        parts[..l].copy_from_slice(&mu[i * l..(i + 1) * l]);
        parts[l..2 * l].copy_from_slice(&logvar[i * l..(i + 1) * l]);
        parts[2 * l..].copy_from_slice(&rebuilt[i * c..(i + 1) * c]);
    }
    (out, saved)
}

/// Adds the gradients of all parameters to `flat` and, unless it is empty, writes that of the pooled vector to `to_input`.
pub(super) fn backward<R: Real>(
    op: &Readout,
    slots: &[&[R]],
    x: &[R],
    saved: &Saved<R>,
    grad: &[R],
    to_input: &mut [R],
    flat: &mut [R],
) {
    let pass = Pass::new(op, slots, x);
    let ReadoutShape { width: c, latents: l, .. } = op.shape;
    let (n, h, columns) = (pass.windows, op.shape.hidden(), op.shape.columns());
    let arena = R::arena(&op.fused.arenas);
    let mut g = GradientSlots::new(&op.shape.names(), flat);
    let part = |at: usize, width: usize| {
        let mut values = arena.take(n * width);
        for (values, row) in values.chunks_exact_mut(width).zip(grad.chunks_exact(columns)) {
            values.copy_from_slice(&row[at..at + width]);
        }
        values
    };
    let (mut slope, mut active) = (arena.take(n * h), arena.take(n * h));
    let mut to_seen = arena.zeros(n * (c + l));
    for head in 0..HEADS.len() {
        let slot = ReadoutShape::head(head);
        let own = part(head, 1);
        for (slope, &own) in slope.chunks_exact_mut(h).zip(&*own) {
            for (slope, &weight) in slope.iter_mut().zip(slots[slot + 2]) {
                *slope = own * weight;
            }
        }
        drop_out(op, head, &mut slope);
        gelu_backward(arena, &saved.hidden[2 + head], slots[slot + 1], &mut slope, &mut active, g.at(slot + 1));
        drop_out(op, head, &mut active);
        multiply(g.at(slot + 2), h, View::of(&own, n, 1).t(), View::of(&active, n, h), R::from_f64(1.0), true);
        column_sums(arena, &own, g.at(slot + 3));
        // The size head shall not move the regime or the encoder.
        let below = (HEADS[head] != "size").then_some(&mut *to_seen);
        pass.product_backward(&slope, &saved.seen, c + l, slot, &mut g, below);
    }

    let [mut to_mu, mut to_logvar] = [part(HEADS.len(), l), part(HEADS.len() + l, l)];
    let rebuilt = part(HEADS.len() + 2 * l, c);
    let mut z = arena.take(n * l);
    let mut to_z = arena.take(n * l);
    for (i, row) in saved.seen.chunks_exact(c + l).enumerate() {
        z[i * l..(i + 1) * l].copy_from_slice(&row[c..]);
        to_z[i * l..(i + 1) * l].copy_from_slice(&to_seen[i * (c + l) + c..(i + 1) * (c + l)]);
    }
    // The decoder's hidden layer again, and its slope.
    column_sums(arena, &rebuilt, g.at(DECODE + 1));
    slope.fill(R::from_f64(0.0));
    let weight = View::of(slots[DECODE], c, h);
    multiply(&mut slope, h, View::of(&rebuilt, n, c), weight, R::from_f64(1.0), false);
    let bias = slots[DECODE_HIDDEN + 1];
    gelu_backward(arena, &saved.hidden[1], bias, &mut slope, &mut active, g.at(DECODE_HIDDEN + 1));
    pass.product_backward(&rebuilt, &active, h, DECODE, &mut g, None);
    pass.product_backward(&slope, &z, l, DECODE_HIDDEN, &mut g, Some(&mut to_z));

    let half = R::from_f64(0.5);
    for (((to_mu, to_logvar), &to_z), &shift) in
        to_mu.iter_mut().zip(to_logvar.iter_mut()).zip(&*to_z).zip(&*saved.shift)
    {
        *to_mu += to_z;
        *to_logvar += to_z * shift * half;
    }
    slope.fill(R::from_f64(0.0));
    gelu(&saved.hidden[0], slots[ENCODE + 1], &mut active);
    for (slot, own) in [(MU, &to_mu), (LOGVAR, &to_logvar)] {
        column_sums(arena, own, g.at(slot + 1));
        pass.product_backward(own, &active, h, slot, &mut g, Some(&mut slope));
    }
    gelu_backward(arena, &saved.hidden[0], slots[ENCODE + 1], &mut slope, &mut active, g.at(ENCODE + 1));
    let mut to_pooled = arena.take(n * c);
    for (row, to_seen) in to_pooled.chunks_exact_mut(c).zip(to_seen.chunks_exact(c + l)) {
        row.copy_from_slice(&to_seen[..c]);
    }
    pass.product_backward(&slope, x, c, ENCODE, &mut g, Some(&mut to_pooled));
    if !to_input.is_empty() {
        to_input.copy_from_slice(&to_pooled);
    }
}

fn drop_out<R: Real>(op: &Readout, head: usize, x: &mut [R]) {
    if let Some(mask) = op.noise.masks[head] {
        for (i, x) in x.iter_mut().enumerate() {
            *x *= mask.factor::<R>(i);
        }
    }
}

kernel! {
    fn add_bias(x: &'a mut [R], bias: &'a [R]) {
        for row in x.chunks_exact_mut(bias.len()) {
            for (x, &b) in row.iter_mut().zip(bias) {
                *x += b;
            }
        }
    }
}

fn dot<R: Real>(x: &[R], y: &[R]) -> R {
    let mut sum = R::from_f64(0.0);
    for (&x, &y) in x.iter().zip(y) {
        sum += x * y;
    }
    sum
}
