use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType as _};

use super::rows;
use crate::nn::real::{Real, by_dtype, values};

/// y = GELU(x + b) = u Phi(u) with u = x + b.
pub(super) struct BiasGelu;

/// Phi(u), the standard normal distribution function.
fn phi<R: Real>(u: R) -> R {
    R::from_f64(0.5) * (R::from_f64(1.0) + (u * R::from_f64(std::f64::consts::FRAC_1_SQRT_2)).erf())
}

fn forward<R: Real>(x: &[R], bias: &[R]) -> Vec<R> {
    rows::map(x, bias.len(), |_, x, out| {
        for ((out, &x), &b) in out.iter_mut().zip(x).zip(bias) {
            let u = x + b;
            *out = u * phi(u);
        }
    })
}

/// Input gradient, then bias gradient.
fn backward<R: Real>(x: &[R], bias: &[R], grad: &[R]) -> Vec<R> {
    let width = bias.len();
    let density = R::from_f64((std::f64::consts::TAU).sqrt().recip());
    let half = R::from_f64(-0.5);
    rows::map_and_sum(x, width, width, |row, x, out, sums| {
        let grad = &grad[row * width..(row + 1) * width];
        for j in 0..width {
            let u = x[j] + bias[j];
            let slope = phi(u) + u * density * (half * u * u).exp();
            out[j] = grad[j] * slope;
            sums[j] += out[j];
        }
    })
}

impl CustomOp2 for BiasGelu {
    fn name(&self) -> &'static str {
        "bias_gelu"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let out = forward::<R>(values(x, lx)?, values(b, lb)?);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }

    fn bwd(&self, x: &Tensor, bias: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let both = x.contiguous()?.apply_op3_no_bwd(bias, &grad.contiguous()?, &BiasGeluBackward)?;
        let n = x.elem_count();
        Ok((Some(both.narrow(0, 0, n)?.reshape(x.shape())?), Some(both.narrow(0, n, bias.elem_count())?)))
    }
}

struct BiasGeluBackward;

impl CustomOp3 for BiasGeluBackward {
    fn name(&self) -> &'static str {
        "bias_gelu_backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        b: &CpuStorage,
        lb: &Layout,
        g: &CpuStorage,
        lg: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let out = backward::<R>(values(x, lx)?, values(b, lb)?, values(g, lg)?);
            let n = out.len();
            Ok((R::to_cpu_storage_owned(out), n.into()))
        })
    }
}
