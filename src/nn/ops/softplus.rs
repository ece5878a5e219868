use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType as _};

use crate::nn::real::{Real, by_dtype, values};

/// ln(1 + e^x). candle's pieces of it have a wrong slope at exactly 0.
pub(super) struct Softplus;

impl CustomOp1 for Softplus {
    fn name(&self) -> &'static str {
        "softplus"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let x: &[R] = values(x, layout)?;
            let out = x.iter().map(|&x| softplus(x)).collect::<Vec<R>>();
            Ok((R::to_cpu_storage_owned(out), layout.shape().clone()))
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(x.apply_op2_no_bwd(&grad.contiguous()?, &SoftplusBackward)?))
    }
}

fn softplus<R: Real>(x: R) -> R {
    let zero = R::from_f64(0.0);
    let (positive, size) = if x > zero { (x, x) } else { (zero, zero - x) };
    positive + (R::from_f64(1.0) + (zero - size).exp()).ln()
}

/// 1 / (1 + e^-x), to its last digit on the small side too.
fn logistic<R: Real>(x: R) -> R {
    let (zero, one) = (R::from_f64(0.0), R::from_f64(1.0));
    if x < zero {
        let small = x.exp();
        small / (one + small)
    } else {
        one / (one + (zero - x).exp())
    }
}

struct SoftplusBackward;

impl CustomOp2 for SoftplusBackward {
    fn name(&self) -> &'static str {
        "softplus_backward"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let (x, g): (&[R], &[R]) = (values(x, lx)?, values(g, lg)?);
            let out = x.iter().zip(g).map(|(&x, &g)| g * logistic(x)).collect::<Vec<R>>();
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }
}
