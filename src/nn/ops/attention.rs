use std::collections::BTreeSet;

use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType as _};

use super::dropout::Mask;
use crate::nn::kernels;
use crate::nn::real::{Arenas, Real, by_dtype, values};

/// Self-attention of one packed `[B, T, 3 C]` tensor; the backward recomputes the weights instead of keeping them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attention {
    pub(super) heads: usize,
    /// Queries see keys up to their own place only.
    pub(super) causal: bool,
    pub(super) mask: Option<Mask>,
}

impl Attention {
    fn kernel(self, layout: &Layout) -> Result<kernels::Attention> {
        let (_, bars, packed) = layout.shape().dims3()?;
        let (width, heads) = (packed / 3, self.heads);
        if packed != 3 * width || width % heads != 0 {
            candle_core::bail!("{packed} packed columns are not three times a multiple of {heads} heads");
        }
        let Self { causal, mask, .. } = self;
        Ok(kernels::Attention { bars, width, heads, causal, mask, uniform: BTreeSet::new() })
    }
}

/// Context and the logarithms of the softmax denominators.
fn forward<R: Real>(kernel: &kernels::Attention, qkv: &[R]) -> [Vec<R>; 2] {
    let zero = R::from_f64(0.0);
    let mut packed = qkv.to_vec();
    let none = vec![zero; kernel.width];
    let mut context = vec![zero; qkv.len() / 3];
    let mut kept = vec![zero; qkv.len() / (3 * kernel.width) * kernel.heads];
    let arenas = Arenas::default();
    kernel.forward(R::arena(&arenas), &mut packed, [&none, &none], &mut context, &mut kept, None);
    [context, kept]
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "self_attention"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let kernel = self.kernel(layout)?;
        let (b, t, c) = (layout.shape().dims()[0], kernel.bars, kernel.width);
        by_dtype!(x, R => {
            let [context, _] = forward::<R>(&kernel, values(x, layout)?);
            Ok((R::to_cpu_storage_owned(context), (b, t, c).into()))
        })
    }

    fn bwd(&self, qkv: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(qkv.contiguous()?.apply_op2_no_bwd(&grad.contiguous()?, &AttentionBackward(*self))?))
    }
}

struct AttentionBackward(Attention);

impl CustomOp2 for AttentionBackward {
    fn name(&self) -> &'static str {
        "self_attention_backward"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let kernel = self.0.kernel(lx)?;
        by_dtype!(x, R => {
            let (qkv, grad) = (values::<R>(x, lx)?, values::<R>(g, lg)?);
            let [_, kept] = forward(&kernel, qkv);
            let mut out = vec![R::from_f64(0.0); qkv.len()];
            let [mut query, mut value] = [(); 2].map(|()| vec![R::from_f64(0.0); kernel.width]);
            let arenas = Arenas::default();
            kernel.backward(R::arena(&arenas), qkv, &kept, grad, &mut out, [&mut query, &mut value]);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
    }
}
