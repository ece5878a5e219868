//! Layer normalisation over rows; `moments` holds mean and reciprocal deviation of each row.

use std::sync::Arc;

use rayon::prelude::*;

use super::lanes::{grain, kernel, sum1, sum2};
use super::{Arena, ROWS, reduce_sums};
use crate::nn::ops::EPSILON;
use crate::nn::real::Real;

#[inline(always)]
pub(super) fn moments<R: Real>(x: &[R]) -> [R; 2] {
    let n = R::from_f64(1.0 / x.len() as f64);
    let mean = sum1(x, |v| v) * n;
    let variance = sum1(x, |v| (v - mean) * (v - mean)) * n;
    [mean, R::from_f64(1.0) / (variance + R::from_f64(EPSILON)).sqrt()]
}

#[inline(always)]
pub(super) fn apply<R: Real>(x: &[R], [mean, scale]: [R; 2], gain: &[R], bias: &[R], out: &mut [R]) {
    for (((out, &x), &gain), &bias) in out.iter_mut().zip(x).zip(gain).zip(bias) {
        *out = (x - mean) * scale * gain + bias;
    }
}

kernel! {
    fn forward_rows(x: &'a [R], gain: &'a [R], bias: &'a [R], out: &'a mut [R], kept: &'a mut [[R; 2]]) {
        let width = gain.len();
        for ((x, out), kept) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(kept) {
            *kept = moments(x);
            apply(x, *kept, gain, bias, out);
        }
    }
}

/// `out` = the normalised rows of `x`.
pub(in crate::nn) fn norm_forward<R: Real>(x: &[R], gain: &[R], bias: &[R], out: &mut [R], kept: &mut [R]) {
    let unit = ROWS * gain.len();
    out.par_chunks_mut(unit)
        .zip(x.par_chunks(unit))
        .zip(kept.as_chunks_mut::<2>().0.par_chunks_mut(ROWS))
        .with_min_len(grain(gain.len()))
        .for_each(|((out, x), kept)| forward_rows(x, gain, bias, out, kept));
}

kernel! {
    fn apply_rows(x: &'a [R], gain: &'a [R], bias: &'a [R], out: &'a mut [R], kept: &'a [[R; 2]]) {
        let width = gain.len();
        for ((x, out), kept) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(kept) {
            apply(x, *kept, gain, bias, out);
        }
    }
}

/// [`norm_forward`] once more, from the moments it kept.
pub(in crate::nn) fn norm_apply<R: Real>(x: &[R], gain: &[R], bias: &[R], out: &mut [R], kept: &[R]) {
    let unit = ROWS * gain.len();
    out.par_chunks_mut(unit)
        .zip(x.par_chunks(unit))
        .zip(kept.as_chunks::<2>().0.par_chunks(ROWS))
        .with_min_len(grain(gain.len()))
        .for_each(|((out, x), kept)| apply_rows(x, gain, bias, out, kept));
}

kernel! {
    fn backward_rows(x: &'a [R], gain: &'a [R], kept: &'a [[R; 2]], grad: &'a mut [R], add: Option<&'a [R]>, sums: &'a mut [R]) {
        let width = gain.len();
        let n = R::from_f64(1.0 / width as f64);
        let (gains, biases) = sums.split_at_mut(width);
        for (row, ((x, grad), &[mean, scale])) in
            x.chunks_exact(width).zip(grad.chunks_exact_mut(width)).zip(kept).enumerate()
        {
            for (((&x, &g), gain), bias) in x.iter().zip(&*grad).zip(&mut *gains).zip(&mut *biases) {
                *gain += g * ((x - mean) * scale);
                *bias += g;
            }
            for (g, &gain) in grad.iter_mut().zip(gain) {
                *g *= gain;
            }
            let sum = sum1(grad, |g| g) * n;
            let along = sum2(x, grad, |x, g| (x - mean) * scale * g) * n;
            for (g, &x) in grad.iter_mut().zip(x) {
                *g = scale * (*g - sum - (x - mean) * scale * along);
            }
            if let Some(add) = add {
                for (g, &a) in grad.iter_mut().zip(&add[row * width..(row + 1) * width]) {
                    *g += a;
                }
            }
        }
    }
}

/// Turns `grad`, the gradient of the normalised rows, into that of `x`, plus `add` where there is one; adds the gradients
/// of gain and bias to `gains` and `biases`.
pub(in crate::nn) fn norm_backward<R: Real>(
    arena: &Arc<Arena<R>>,
    x: &[R],
    gain: &[R],
    kept: &[R],
    grad: &mut [R],
    add: Option<&[R]>,
    [gains, biases]: [&mut [R]; 2],
) {
    let width = gain.len();
    let unit = ROWS * width;
    let mut parts = arena.zeros(x.len().div_ceil(unit) * 2 * width);
    grad.par_chunks_mut(unit)
        .zip(x.par_chunks(unit))
        .zip(kept.as_chunks::<2>().0.par_chunks(ROWS))
        .zip(parts.par_chunks_mut(2 * width))
        .enumerate()
        .with_min_len(grain(width))
        .for_each(|(i, (((grad, x), kept), sums))| {
            let add = add.map(|add| &add[i * unit..i * unit + x.len()]);
            backward_rows(x, gain, kept, grad, add, sums);
        });
    let mut total = arena.zeros(2 * width);
    reduce_sums(&parts, &mut total);
    reduce_sums(&total[..width], gains);
    reduce_sums(&total[width..], biases);
}
