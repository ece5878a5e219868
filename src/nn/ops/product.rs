use candle_core::backend::BackendStorage as _;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

/// x W^T for `x` `[N, I]` and `weight` `[O, I]`. Unlike candle's own product it makes no gradient for an input that
/// needs none: the first layer's would be as large as the whole batch.
pub(super) struct Product {
    pub(super) input_needs_gradient: bool,
}

impl CustomOp2 for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, width) = lx.shape().dims2()?;
        let (outputs, inputs) = lw.shape().dims2()?;
        if width != inputs {
            candle_core::bail!("rows of {width} numbers do not meet weights of {inputs}");
        }
        let y = x.matmul(w, (1, rows, outputs, width), lx, &lw.transpose(0, 1)?)?;
        Ok((y, (rows, outputs).into()))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let to_input = if self.input_needs_gradient { Some(grad.matmul(w)?) } else { None };
        Ok((to_input, Some(grad.t()?.matmul(x)?)))
    }
}
