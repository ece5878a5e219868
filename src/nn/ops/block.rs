use candle_core::{CpuStorage, CudaStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor, bail};

use super::{Mask, StackShape};
use crate::nn::GradientPath;
use crate::nn::cuda::block::{Saved, backward, forward};
use crate::nn::cuda::{Offsets, Spec};

/// Block `layer` of a stack over `x` `[B, T, C]` on a CUDA device, in f32. `params` are those of the whole stack. bfloat16 is
/// for passes that teach only: forecasts have the same precision everywhere.
pub(super) fn encoder_block(
    x: &Tensor,
    params: &[Tensor],
    shape: &StackShape,
    layer: usize,
    masks: [Option<Mask>; 3],
    path: &GradientPath,
) -> Result<Tensor> {
    let (batch, bars, width) = x.dims3()?;
    let spec = Spec {
        batch,
        bars,
        width,
        ff: shape.feed,
        heads: shape.heads,
        causal: shape.causal,
        post_norm: shape.post_norm,
        masks: masks.map(|mask| mask.map(Mask::on_cuda)),
        offsets: Offsets::in_order(width, shape.feed),
        half: shape.half && !matches!(path, GradientPath::None),
    };
    let own = &params[shape.block(layer)..shape.block(layer + 1)];
    let flat = Tensor::cat(&own.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?, 0)?;
    let x = x.contiguous()?;
    // A pass whose gradients nobody can ask for keeps nothing.
    let saved = (x.track_op() || flat.track_op()).then(Saved::default);
    x.apply_op2(&flat, Block { spec, saved })
}

struct Block {
    spec: Spec,
    saved: Option<Saved>,
}

impl CustomOp2 for Block {
    fn name(&self) -> &'static str {
        "encoder_block"
    }

    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        bail!("an encoder block of the GPU got tensors on the CPU, where the fused stack runs")
    }

    fn cuda_fwd(&self, x: &CudaStorage, lx: &Layout, p: &CudaStorage, lp: &Layout) -> Result<(CudaStorage, Shape)> {
        let y = forward(&self.spec, self.saved.as_ref(), x, lx, p, lp)?;
        Ok((y, lx.shape().clone()))
    }

    fn bwd(&self, x: &Tensor, p: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let way_back = BlockBackward { spec: self.spec, saved: self.saved.as_ref() };
        let both = x.apply_op3_no_bwd(p, &grad.contiguous()?, &way_back)?;
        let (n, parameters) = (x.elem_count(), p.elem_count());
        Ok((Some(both.narrow(0, 0, n)?.reshape(x.shape())?), Some(both.narrow(0, n, parameters)?)))
    }
}

/// From input, parameters and the result's gradient to the gradients of input and parameters, one after the other.
struct BlockBackward<'a> {
    spec: Spec,
    saved: Option<&'a Saved>,
}

impl CustomOp3 for BlockBackward<'_> {
    fn name(&self) -> &'static str {
        "encoder_block_backward"
    }

    fn cpu_fwd(
        &self,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
        _: &CpuStorage,
        _: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        bail!("an encoder block of the GPU got gradients on the CPU, where the fused stack runs")
    }

    fn cuda_fwd(
        &self,
        x: &CudaStorage,
        lx: &Layout,
        p: &CudaStorage,
        lp: &Layout,
        grad: &CudaStorage,
        lg: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        let both = backward(&self.spec, self.saved, (x, lx), (p, lp), (grad, lg))?;
        Ok((both, (lx.shape().elem_count() + self.spec.parameters()).into()))
    }
}
