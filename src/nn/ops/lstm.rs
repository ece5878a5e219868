use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType as _};
use rayon::prelude::*;

use crate::nn::real::{Real, by_dtype, values};

/// Windows that step through time together; fixed, so that the number of threads changes nothing.
const GROUP: usize = 8;

/// One long short-term memory layer over gate inputs `[B, T, 4 C]` with recurrent weights `[4 C, C]`; the backward
/// recomputes gates and cells from the states.
pub(super) struct Lstm;

#[derive(Clone, Copy)]
struct Shapes {
    b: usize,
    t: usize,
    c: usize,
}

impl Shapes {
    fn new(gates: &Layout, recurrent: &Layout) -> Result<Self> {
        let (b, t, packed) = gates.shape().dims3()?;
        let c = packed / 4;
        if packed != 4 * c || recurrent.shape().dims() != [packed, c] {
            candle_core::bail!("{packed} gate columns do not meet recurrent weights {:?}", recurrent.shape());
        }
        Ok(Self { b, t, c })
    }

    /// Numbers of one group of windows with `per_bar` numbers a bar.
    fn group(self, per_bar: usize) -> usize {
        GROUP * self.t * per_bar
    }
}

/// Gate weights by state, `[C, 4 C]`: inner loops then run over contiguous memory.
fn by_state<R: Real>(recurrent: &[R], c: usize) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); recurrent.len()];
    for (gate, row) in recurrent.chunks(c).enumerate() {
        for (state, &value) in row.iter().enumerate() {
            out[state * 4 * c + gate] = value;
        }
    }
    out
}

/// Adds W h to the gate inputs of each window of a group; `states` `[G, C]`, `gates` `[G, 4 C]`.
fn recur<R: Real>(gates: &mut [R], states: &[R], by_state: &[R], c: usize) {
    for (state, weights) in by_state.chunks(4 * c).enumerate() {
        for (gates, states) in gates.chunks_mut(4 * c).zip(states.chunks(c)) {
            let value = states[state];
            for (gate, &weight) in gates.iter_mut().zip(weights) {
                *gate += value * weight;
            }
        }
    }
}

/// Turns gate sums of one window into input, forget, candidate and output, in place.
fn activate<R: Real>(gates: &mut [R], c: usize) {
    for (part, gates) in gates.chunks_mut(c).enumerate() {
        for gate in gates {
            *gate = if part == 2 { gate.tanh() } else { gate.sigmoid() };
        }
    }
}

/// The cells after one bar, from the activated gates.
fn advance<R: Real>(cells: &mut [R], gates: &[R]) {
    let c = cells.len();
    for j in 0..c {
        cells[j] = gates[c + j] * cells[j] + gates[j] * gates[2 * c + j];
    }
}

fn forward<R: Real>(gates: &[R], recurrent: &[R], s: Shapes) -> Vec<R> {
    let (t, c) = (s.t, s.c);
    let zero = R::from_f64(0.0);
    let weights = by_state(recurrent, c);
    let mut out = vec![zero; s.b * t * c];
    out.par_chunks_mut(s.group(c)).zip(gates.par_chunks(s.group(4 * c))).for_each(|(out, inputs)| {
        let n = out.len() / (t * c);
        let (mut states, mut cells, mut gates) = (vec![zero; n * c], vec![zero; n * c], vec![zero; n * 4 * c]);
        for step in 0..t {
            for (g, gates) in gates.chunks_mut(4 * c).enumerate() {
                gates.copy_from_slice(&inputs[(g * t + step) * 4 * c..][..4 * c]);
            }
            recur(&mut gates, &states, &weights, c);
            for (g, gates) in gates.chunks_mut(4 * c).enumerate() {
                activate(gates, c);
                let cells = &mut cells[g * c..][..c];
                advance(cells, gates);
                for j in 0..c {
                    states[g * c + j] = gates[3 * c + j] * cells[j].tanh();
                }
                out[(g * t + step) * c..][..c].copy_from_slice(&states[g * c..][..c]);
            }
        }
    });
    out
}

/// Gradients of the gate inputs, from the states and their gradients.
fn backward<R: Real>(gates: &[R], recurrent: &[R], states: &[R], grad: &[R], s: Shapes) -> Vec<R> {
    let (t, c) = (s.t, s.c);
    let weights = by_state(recurrent, c);
    let mut out = gates.to_vec();
    let inputs = states.par_chunks(s.group(c)).zip(grad.par_chunks(s.group(c)));
    out.par_chunks_mut(s.group(4 * c)).zip(inputs).for_each(|(out, (states, grad))| {
        let cells = replay(out, states, &weights, t, c);
        unroll(out, &cells, grad, recurrent, t, c);
    });
    out
}

/// Turns the gate inputs of a group `[G, T, 4 C]` into activated gates, in place; gives the cells `[G, T, C]`.
fn replay<R: Real>(gates: &mut [R], states: &[R], weights: &[R], t: usize, c: usize) -> Vec<R> {
    let mut cells = vec![R::from_f64(0.0); states.len()];
    let windows = gates.chunks_mut(t * 4 * c).zip(states.chunks(t * c)).zip(cells.chunks_mut(t * c));
    for ((gates, states), cells) in windows {
        // All states are known, so the recurrent part of all bars but the first is one product.
        recur(&mut gates[4 * c..], &states[..(t - 1) * c], weights, c);
        let mut now = vec![R::from_f64(0.0); c];
        for (gates, cells) in gates.chunks_mut(4 * c).zip(cells.chunks_mut(c)) {
            activate(gates, c);
            advance(&mut now, gates);
            cells.copy_from_slice(&now);
        }
    }
    cells
}

/// Turns the activated gates of a group into the gradients of their sums, in place, walking back in time.
fn unroll<R: Real>(gates: &mut [R], cells: &[R], grad: &[R], recurrent: &[R], t: usize, c: usize) {
    let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
    let n = grad.len() / (t * c);
    let (mut to_state, mut to_cell) = (vec![zero; n * c], vec![zero; n * c]);
    for step in (0..t).rev() {
        for g in 0..n {
            let at = g * t + step;
            let (gates, grad) = (&mut gates[at * 4 * c..][..4 * c], &grad[at * c..][..c]);
            for j in 0..c {
                let [input, forget, candidate, output] = [gates[j], gates[c + j], gates[2 * c + j], gates[3 * c + j]];
                let before = if step == 0 { zero } else { cells[(at - 1) * c + j] };
                let bent = cells[at * c + j].tanh();
                let up = grad[j] + to_state[g * c + j];
                let cell = to_cell[g * c + j] + up * output * (one - bent * bent);
                gates[j] = cell * candidate * input * (one - input);
                gates[c + j] = cell * before * forget * (one - forget);
                gates[2 * c + j] = cell * input * (one - candidate * candidate);
                gates[3 * c + j] = up * bent * output * (one - output);
                to_cell[g * c + j] = cell * forget;
            }
        }
        to_state.fill(zero);
        for (gate, weights) in recurrent.chunks(c).enumerate() {
            for (g, to_state) in to_state.chunks_mut(c).enumerate() {
                let value = gates[(g * t + step) * 4 * c + gate];
                for (sum, &weight) in to_state.iter_mut().zip(weights) {
                    *sum += value * weight;
                }
            }
        }
    }
}

impl CustomOp2 for Lstm {
    fn name(&self) -> &'static str {
        "lstm"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let s = Shapes::new(lx, lw)?;
        by_dtype!(x, R => {
            let out = forward::<R>(values(x, lx)?, values(w, lw)?, s);
            Ok((R::to_cpu_storage_owned(out), (s.b, s.t, s.c).into()))
        })
    }

    fn bwd(
        &self,
        gates: &Tensor,
        recurrent: &Tensor,
        states: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let op = LstmBackward { grad: grad.contiguous()? };
        let to_gates = gates.apply_op3_no_bwd(recurrent, states, &op)?;
        let (b, t, c) = states.dims3()?;
        let before = Tensor::cat(&[&states.zeros_like()?.narrow(1, 0, 1)?, &states.narrow(1, 0, t - 1)?], 1)?;
        let to_weights = to_gates.reshape((b * t, 4 * c))?.t()?.matmul(&before.reshape((b * t, c))?)?;
        Ok((Some(to_gates), Some(to_weights)))
    }
}

struct LstmBackward {
    grad: Tensor,
}

impl CustomOp3 for LstmBackward {
    fn name(&self) -> &'static str {
        "lstm_backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        h: &CpuStorage,
        lh: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let s = Shapes::new(lx, lw)?;
        let (storage, layout) = self.grad.storage_and_layout();
        let candle_core::Storage::Cpu(grad) = &*storage else { candle_core::bail!("the gradient is not on the CPU") };
        by_dtype!(x, R => {
            let out = backward::<R>(values(x, lx)?, values(w, lw)?, values(h, lh)?, values(grad, layout)?, s);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }
}
