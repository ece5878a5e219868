#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType as _};

use super::rows;
#[cfg(feature = "cuda")]
use crate::nn::cuda::{run, single};
use crate::nn::kernels::column_sums;
use crate::nn::real::{Arenas, Real, by_dtype, values};

/// y = x + b over the last axis.
pub(super) struct AddBias;

fn add<R: Real>(x: &[R], bias: &[R]) -> Vec<R> {
    rows::map(x, bias.len(), |_, x, out| {
        for ((out, &x), &b) in out.iter_mut().zip(x).zip(bias) {
            *out = x + b;
        }
    })
}

impl CustomOp2 for AddBias {
    fn name(&self) -> &'static str {
        "add_bias"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let out = add::<R>(values(x, lx)?, values(b, lb)?);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, lx: &Layout, b: &CudaStorage, lb: &Layout) -> Result<(CudaStorage, Shape)> {
        let plan = single::add_table(lx.shape().elem_count(), lb.shape().elem_count());
        Ok((run(&plan, &[(x, lx), (b, lb)])?, lx.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, bias: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let sums = grad.contiguous()?.apply_op1_no_bwd(&ColumnSums { width: bias.elem_count() })?;
        Ok((Some(grad.clone()), Some(sums)))
    }
}

/// Sums over all but the last axis.
struct ColumnSums {
    width: usize,
}

impl CustomOp1 for ColumnSums {
    fn name(&self) -> &'static str {
        "column_sums"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        by_dtype!(x, R => {
            let mut sums = vec![R::from_f64(0.0); self.width];
            column_sums(R::arena(&Arenas::default()), values::<R>(x, layout)?, &mut sums);
            Ok((R::to_cpu_storage_owned(sums), self.width.into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let plan = single::column_sums(layout.shape().elem_count() / self.width, self.width);
        Ok((run(&plan, &[(x, layout)])?, self.width.into()))
    }
}
