#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType as _};

#[cfg(feature = "cuda")]
use crate::nn::cuda::{run, single};
use crate::nn::kernels;
use crate::nn::real::{Arenas, Real, by_dtype, values};

/// Added to the variance, as in PyTorch.
pub(in crate::nn) const EPSILON: f64 = 1e-5;

/// y = gain (x - mean) / sqrt(variance + epsilon) + bias over the last axis.
pub(super) struct LayerNorm;

fn forward<R: Real>(x: &[R], gain: &[R], bias: &[R]) -> [Vec<R>; 2] {
    let mut out = vec![R::from_f64(0.0); x.len()];
    let mut kept = vec![R::from_f64(0.0); 2 * (x.len() / gain.len())];
    kernels::norm_forward(x, gain, bias, &mut out, &mut kept);
    [out, kept]
}

/// Input gradient, then gain gradient, then bias gradient.
fn backward<R: Real>(x: &[R], gain: &[R], grad: &[R]) -> Vec<R> {
    let (width, arenas) = (gain.len(), Arenas::default());
    let [_, kept] = forward(x, gain, gain);
    let mut out = grad.to_vec();
    out.resize(x.len() + 2 * width, R::from_f64(0.0));
    let (body, tail) = out.split_at_mut(x.len());
    let (gains, biases) = tail.split_at_mut(width);
    kernels::norm_backward(R::arena(&arenas), x, gain, &kept, body, None, [gains, biases]);
    out
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        g: &CpuStorage,
        lg: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let [out, _] = forward::<R>(values(x, lx)?, values(g, lg)?, values(b, lb)?);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        lx: &Layout,
        g: &CudaStorage,
        lg: &Layout,
        b: &CudaStorage,
        lb: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let width = lg.shape().elem_count();
        let plan = single::layer_norm(lx.shape().elem_count() / width, width);
        Ok((run(&plan, &[(x, lx), (g, lg), (b, lb)])?, lx.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gain: &Tensor,
        _: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let all = x.contiguous()?.apply_op3_no_bwd(gain, &grad.contiguous()?, &LayerNormBackward)?;
        let (n, width) = (x.elem_count(), gain.elem_count());
        Ok((
            Some(all.narrow(0, 0, n)?.reshape(x.shape())?),
            Some(all.narrow(0, n, width)?),
            Some(all.narrow(0, n + width, width)?),
        ))
    }
}

struct LayerNormBackward;

impl CustomOp3 for LayerNormBackward {
    fn name(&self) -> &'static str {
        "layer_norm_backward"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        g: &CpuStorage,
        lg: &Layout,
        d: &CpuStorage,
        ld: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let out = backward::<R>(values(x, lx)?, values(g, lg)?, values(d, ld)?);
            let n = out.len();
            Ok((R::to_cpu_storage_owned(out), n.into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        lx: &Layout,
        g: &CudaStorage,
        lg: &Layout,
        d: &CudaStorage,
        ld: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let width = lg.shape().elem_count();
        let plan = single::layer_norm_backward(lx.shape().elem_count() / width, width);
        Ok((run(&plan, &[(x, lx), (g, lg), (d, ld)])?, plan.out.into()))
    }
}
