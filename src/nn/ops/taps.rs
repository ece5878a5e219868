use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, WithDType as _};
use rayon::prelude::*;

use crate::nn::real::{Real, by_dtype, values};

/// Lays the bars a causal convolution looks at side by side: `[B, T, C]` to `[B, T, kernel C]`.
#[derive(Clone, Copy)]
pub(super) struct Taps {
    pub(super) kernel: usize,
    pub(super) dilation: usize,
    pub(super) bars: usize,
}

impl Taps {
    /// The bar that tap `tap` of bar `t` reads, oldest tap first.
    fn source(self, t: usize, tap: usize) -> Option<usize> {
        t.checked_sub((self.kernel - 1 - tap).saturating_mul(self.dilation))
    }

    fn forward<R: Real>(self, x: &[R], c: usize) -> Vec<R> {
        let mut out = vec![R::from_f64(0.0); x.len() * self.kernel];
        let windows = out.par_chunks_mut(self.bars * self.kernel * c).zip(x.par_chunks(self.bars * c));
        windows.for_each(|(out, x)| {
            for (t, out) in out.chunks_mut(self.kernel * c).enumerate() {
                for (tap, out) in out.chunks_mut(c).enumerate() {
                    if let Some(from) = self.source(t, tap) {
                        out.copy_from_slice(&x[from * c..][..c]);
                    }
                }
            }
        });
        out
    }

    fn backward<R: Real>(self, grad: &[R], c: usize) -> Vec<R> {
        let mut out = vec![R::from_f64(0.0); grad.len() / self.kernel];
        let windows = out.par_chunks_mut(self.bars * c).zip(grad.par_chunks(self.bars * self.kernel * c));
        windows.for_each(|(out, grad)| {
            for (t, grad) in grad.chunks(self.kernel * c).enumerate() {
                for (tap, grad) in grad.chunks(c).enumerate() {
                    let Some(from) = self.source(t, tap) else { continue };
                    for (sum, &g) in out[from * c..][..c].iter_mut().zip(grad) {
                        *sum += g;
                    }
                }
            }
        });
        out
    }
}

impl CustomOp1 for Taps {
    fn name(&self) -> &'static str {
        "taps"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, t, c) = layout.shape().dims3()?;
        by_dtype!(x, R => {
            let out = self.forward::<R>(values(x, layout)?, c);
            Ok((R::to_cpu_storage_owned(out), (b, t, self.kernel * c).into()))
        })
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(&TapsBackward(*self))?))
    }
}

struct TapsBackward(Taps);

impl CustomOp1 for TapsBackward {
    fn name(&self) -> &'static str {
        "taps_backward"
    }

    fn cpu_fwd(&self, grad: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, t, packed) = layout.shape().dims3()?;
        let c = packed / self.0.kernel;
        by_dtype!(grad, R => {
            let out = self.0.backward::<R>(values(grad, layout)?, c);
            Ok((R::to_cpu_storage_owned(out), (b, t, c).into()))
        })
    }
}
