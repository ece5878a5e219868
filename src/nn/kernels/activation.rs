//! GELU(u) = u Phi(u), the error-function form (Hendrycks & Gimpel 2016), of u = x + bias.

use std::sync::Arc;

use rayon::prelude::*;

use super::lanes::{grain, kernel};
use super::{Arena, ROWS, reduce_sums};
use crate::nn::real::Real;

/// Phi(u), the standard normal distribution function.
#[inline(always)]
fn phi<R: Real>(u: R) -> R {
    R::from_f64(0.5) * (R::from_f64(1.0) + (u * R::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

kernel! {
    fn forward_rows(x: &'a [R], bias: &'a [R], out: &'a mut [R]) {
        for (out, x) in out.chunks_exact_mut(bias.len()).zip(x.chunks_exact(bias.len())) {
            for ((out, &x), &b) in out.iter_mut().zip(x).zip(bias) {
                let u = x + b;
                *out = u * phi(u);
            }
        }
    }
}

/// `out` = GELU(`x` + `bias`).
pub(in crate::nn) fn gelu<R: Real>(x: &[R], bias: &[R], out: &mut [R]) {
    let unit = ROWS * bias.len();
    out.par_chunks_mut(unit)
        .zip(x.par_chunks(unit))
        .with_min_len(grain(bias.len()))
        .for_each(|(out, x)| forward_rows(x, bias, out));
}

kernel! {
    fn backward_rows(x: &'a [R], bias: &'a [R], grad: &'a mut [R], out: &'a mut [R], sums: &'a mut [R]) {
        let width = bias.len();
        let density = R::from_f64((std::f64::consts::TAU).sqrt().recip());
        let half = R::from_f64(-0.5);
        let rows = x.chunks_exact(width).zip(grad.chunks_exact_mut(width)).zip(out.chunks_exact_mut(width));
        for ((x, grad), out) in rows {
            for ((((&x, &b), grad), out), sum) in x.iter().zip(bias).zip(grad).zip(out).zip(&mut *sums) {
                let u = x + b;
                let phi = phi(u);
                *out = u * phi;
                *grad *= phi + u * density * (half * u * u).exp();
                *sum += *grad;
            }
        }
    }
}

/// Turns `grad`, the gradient of GELU(`x` + `bias`), into that of `x`; adds the bias's to `biases` and gives the values
/// themselves once more in `out`.
pub(in crate::nn) fn gelu_backward<R: Real>(
    arena: &Arc<Arena<R>>,
    x: &[R],
    bias: &[R],
    grad: &mut [R],
    out: &mut [R],
    biases: &mut [R],
) {
    let width = bias.len();
    let unit = ROWS * width;
    let mut parts = arena.zeros(x.len().div_ceil(unit) * width);
    grad.par_chunks_mut(unit)
        .zip(out.par_chunks_mut(unit))
        .zip(x.par_chunks(unit))
        .zip(parts.par_chunks_mut(width))
        .with_min_len(grain(width))
        .for_each(|(((grad, out), x), sums)| backward_rows(x, bias, grad, out, sums));
    reduce_sums(&parts, biases);
}
