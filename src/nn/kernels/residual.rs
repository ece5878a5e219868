//! The sum of a sub-layer and its input, with dropout on the sub-layer.

use std::sync::Arc;

use rayon::prelude::*;

use super::lanes::{grain, kernel};
use super::{Arena, ROWS, reduce_sums};
use crate::nn::ops::Mask;
use crate::nn::real::Real;

kernel! {
    fn forward_rows(out: &'a mut [R], base: &'a [R], bias: &'a [R], mask: Option<Mask>, first: usize) {
        let width = bias.len();
        for (row, (out, base)) in out.chunks_exact_mut(width).zip(base.chunks_exact(width)).enumerate() {
            match mask {
                Some(mask) => {
                    let at = (first + row) * width;
                    for (j, ((out, &base), &bias)) in out.iter_mut().zip(base).zip(bias).enumerate() {
                        *out = base + (*out + bias) * mask.factor::<R>(at + j);
                    }
                }
                None => {
                    for ((out, &base), &bias) in out.iter_mut().zip(base).zip(bias) {
                        *out = base + (*out + bias);
                    }
                }
            }
        }
    }
}

/// `out` = `base` + (`out` + `bias`) times the mask's factors.
pub(in crate::nn) fn residual<R: Real>(out: &mut [R], base: &[R], bias: &[R], mask: Option<Mask>) {
    let unit = ROWS * bias.len();
    out.par_chunks_mut(unit)
        .zip(base.par_chunks(unit))
        .enumerate()
        .with_min_len(grain(bias.len()))
        .for_each(|(i, (out, base))| forward_rows(out, base, bias, mask, i * ROWS));
}

kernel! {
    fn backward_rows(grad: &'a [R], mask: Option<Mask>, out: &'a mut [R], first: usize, sums: &'a mut [R]) {
        let width = sums.len();
        for (row, (out, grad)) in out.chunks_exact_mut(width).zip(grad.chunks_exact(width)).enumerate() {
            match mask {
                Some(mask) => {
                    let at = (first + row) * width;
                    for (j, (out, &g)) in out.iter_mut().zip(grad).enumerate() {
                        *out = g * mask.factor::<R>(at + j);
                    }
                }
                None => out.copy_from_slice(grad),
            }
            for (sum, &g) in sums.iter_mut().zip(&*out) {
                *sum += g;
            }
        }
    }
}

/// `out` = `grad` times the mask's factors, the gradient of the sub-layer before its bias; adds the bias's to `biases`.
pub(in crate::nn) fn drop_backward<R: Real>(
    arena: &Arc<Arena<R>>,
    grad: &[R],
    mask: Option<Mask>,
    out: &mut [R],
    biases: &mut [R],
) {
    let width = biases.len();
    let unit = ROWS * width;
    let mut parts = arena.zeros(grad.len().div_ceil(unit) * width);
    out.par_chunks_mut(unit)
        .zip(grad.par_chunks(unit))
        .zip(parts.par_chunks_mut(width))
        .enumerate()
        .with_min_len(grain(width))
        .for_each(|(i, ((out, grad), sums))| backward_rows(grad, mask, out, i * ROWS, sums));
    reduce_sums(&parts, biases);
}
