#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, WithDType as _};

#[cfg(feature = "cuda")]
use crate::nn::cuda::{run, single};
use crate::nn::kernels;
use crate::nn::real::{Arenas, Real, by_dtype, values};

/// y = GELU(x + b) = u Phi(u) with u = x + b.
pub(super) struct BiasGelu;

fn forward<R: Real>(x: &[R], bias: &[R]) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); x.len()];
    kernels::gelu(x, bias, &mut out);
    out
}

/// Input gradient, then bias gradient.
fn backward<R: Real>(x: &[R], bias: &[R], grad: &[R]) -> Vec<R> {
    let arenas = Arenas::default();
    let mut out = grad.to_vec();
    out.resize(x.len() + bias.len(), R::from_f64(0.0));
    let (body, tail) = out.split_at_mut(x.len());
    let mut again = R::arena(&arenas).take(x.len());
    kernels::gelu_backward(R::arena(&arenas), x, bias, body, &mut again, tail);
    out
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

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, lx: &Layout, b: &CudaStorage, lb: &Layout) -> Result<(CudaStorage, Shape)> {
        let width = lb.shape().elem_count();
        let plan = single::bias_gelu(lx.shape().elem_count() / width, width);
        Ok((run(&plan, &[(x, lx), (b, lb)])?, lx.shape().clone()))
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

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        lx: &Layout,
        b: &CudaStorage,
        lb: &Layout,
        g: &CudaStorage,
        lg: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let width = lb.shape().elem_count();
        let plan = single::bias_gelu_backward(lx.shape().elem_count() / width, width);
        Ok((run(&plan, &[(x, lx), (b, lb), (g, lg)])?, plan.out.into()))
    }
}
