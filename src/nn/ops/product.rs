use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, WithDType as _};

use crate::nn::kernels::{View, multiply};
use crate::nn::real::{by_dtype, values};

/// x W^T for `x` `[N, I]` and `weight` `[O, I]`. Unlike candle's own product it makes no gradient for an input that
/// needs none: the first layer's would be as large as the whole batch.
pub(super) struct Product {
    pub(super) input_needs_gradient: bool,
}

/// A product of two matrices, either transposed.
struct Pair {
    transpose: [bool; 2],
}

impl CustomOp2 for Pair {
    fn name(&self) -> &'static str {
        "matrix_product"
    }

    fn cpu_fwd(&self, a: &CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> Result<(CpuStorage, Shape)> {
        let dims = |layout: &Layout, transposed: bool| {
            let (rows, columns) = layout.shape().dims2()?;
            Ok::<_, candle_core::Error>(if transposed { (columns, rows) } else { (rows, columns) })
        };
        let ((m, inner), (other, n)) = (dims(la, self.transpose[0])?, dims(lb, self.transpose[1])?);
        if inner != other {
            candle_core::bail!("rows of {inner} numbers do not meet columns of {other}");
        }
        by_dtype!(a, R => {
            let view = |data, rows, columns, transposed| {
                if transposed { View::of(data, columns, rows).t() } else { View::of(data, rows, columns) }
            };
            let a = view(values::<R>(a, la)?, m, inner, self.transpose[0]);
            let b = view(values::<R>(b, lb)?, inner, n, self.transpose[1]);
            let mut out = vec![R::from_f64(0.0); m * n];
            multiply(&mut out, n, a, b, R::from_f64(1.0), false);
            Ok((R::to_cpu_storage_owned(out), (m, n).into()))
        })
    }
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        Pair { transpose: [false, true] }.cpu_fwd(x, lx, w, lw)
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (x, w, grad) = (x.contiguous()?, w.contiguous()?, grad.contiguous()?);
        let to_input = if self.input_needs_gradient {
            Some(grad.apply_op2_no_bwd(&w, &Pair { transpose: [false, false] })?)
        } else {
            None
        };
        Ok((to_input, Some(grad.apply_op2_no_bwd(&x, &Pair { transpose: [true, false] })?)))
    }
}
