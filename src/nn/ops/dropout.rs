#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType as _};

use super::rows;
#[cfg(feature = "cuda")]
use crate::nn::cuda;
use crate::nn::noise::{Noise, draw};
use crate::nn::real::{Real, by_dtype, values};

/// A dropout mask that is computed wherever it is needed instead of being stored.
#[derive(Debug, Clone, Copy)]
pub struct Mask {
    key: u64,
    #[cfg(feature = "cuda")]
    p: f64,
    /// Elements drop whose upper 32 random bits are below it.
    threshold: u32,
    /// 1 / (1 - p).
    scale: f64,
}

impl Mask {
    /// The mask of the next place that drops; `None` without noise or with p = 0.
    pub(in crate::nn) fn next(p: f64, noise: &mut Noise) -> Option<Self> {
        let key = noise.next_key()?;
        let threshold = (p * (1_u64 << 32) as f64) as u32;
        (p > 0.0).then_some(Self {
            key,
            #[cfg(feature = "cuda")]
            p,
            threshold,
            scale: 1.0 / (1.0 - p),
        })
    }

    /// 0 or 1 / (1 - p) for element `index`.
    #[inline(always)]
    pub(in crate::nn) fn factor<R: Real>(self, index: usize) -> R {
        let keep = ((draw(self.key, index as u64) >> 32) as u32) >= self.threshold;
        if keep { R::from_f64(self.scale) } else { R::from_f64(0.0) }
    }

    /// The same mask for the GPU's kernels.
    #[cfg(feature = "cuda")]
    pub(super) const fn on_cuda(self) -> cuda::Mask {
        cuda::Mask { key: self.key, p: self.p }
    }

    /// All factors as a tensor like `x`.
    pub(super) fn tensor(self, x: &Tensor) -> Result<Tensor> {
        let factors: Vec<f64> = (0..x.elem_count()).map(|i| self.factor(i)).collect();
        Tensor::from_vec(factors, x.shape(), x.device())?.to_dtype(x.dtype())
    }
}

/// y = x * mask.
pub(super) struct Dropout(pub(super) Mask);

impl CustomOp1 for Dropout {
    fn name(&self) -> &'static str {
        "dropout"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = layout.shape().dims().last().copied().unwrap_or(1);
        by_dtype!(x, R => {
            let out = rows::map::<R>(values(x, layout)?, width, |row, x, out| {
                for (j, (out, &x)) in out.iter_mut().zip(x).enumerate() {
                    *out = x * self.0.factor::<R>(row * width + j);
                }
            });
            Ok((R::to_cpu_storage_owned(out), layout.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let plan = cuda::single::dropout(layout.shape().elem_count(), self.0.on_cuda());
        Ok((cuda::run(&plan, &[(x, layout)])?, layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(&Self(self.0))?))
    }
}
