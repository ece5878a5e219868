#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, WithDType as _};
use rayon::prelude::*;

#[cfg(feature = "cuda")]
use crate::nn::cuda::{run, single};
use crate::nn::real::{Real, by_dtype, values};

/// Mean over bars: `[B, T, C]` to `[B, C]`.
pub(super) struct MeanBars;

fn mean<R: Real>(x: &[R], t: usize, c: usize) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); x.len() / t];
    out.par_chunks_mut(c).zip(x.par_chunks(t * c)).for_each(|(out, x)| {
        for row in x.chunks(c) {
            for (sum, &value) in out.iter_mut().zip(row) {
                *sum += value;
            }
        }
        for sum in out {
            *sum *= R::from_f64(1.0 / t as f64);
        }
    });
    out
}

impl CustomOp1 for MeanBars {
    fn name(&self) -> &'static str {
        "mean_bars"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, t, c) = layout.shape().dims3()?;
        by_dtype!(x, R => {
            let out = mean::<R>(values(x, layout)?, t, c);
            Ok((R::to_cpu_storage_owned(out), (b, c).into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (b, t, c) = layout.shape().dims3()?;
        Ok((run(&single::mean_bars(b, t, c), &[(x, layout)])?, (b, c).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(grad.contiguous()?.apply_op1_no_bwd(&Spread { t: x.dim(1)? })?))
    }
}

/// Every row shared out among `t` bars alike: `[B, C]` to `[B, T, C]`.
struct Spread {
    t: usize,
}

impl CustomOp1 for Spread {
    fn name(&self) -> &'static str {
        "spread"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, c) = layout.shape().dims2()?;
        by_dtype!(x, R => {
            let share = R::from_f64(1.0 / self.t as f64);
            let x: Vec<R> = values::<R>(x, layout)?.iter().map(|&value| value * share).collect();
            let out: Vec<R> = x.chunks(c).flat_map(|row| std::iter::repeat_n(row, self.t).flatten().copied()).collect();
            Ok((R::to_cpu_storage_owned(out), (b, self.t, c).into()))
        })
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(&self, x: &CudaStorage, layout: &Layout) -> Result<(CudaStorage, Shape)> {
        let (b, c) = layout.shape().dims2()?;
        Ok((run(&single::mean_bars_backward(b, self.t, c), &[(x, layout)])?, (b, self.t, c).into()))
    }
}

/// Weighted sum over bars: `[B, T, C]` and `[B, T]` to `[B, C]`.
pub(super) struct WeightedBars;

fn weighted<R: Real>(x: &[R], weights: &[R], t: usize, c: usize) -> Vec<R> {
    let mut out = vec![R::from_f64(0.0); x.len() / t];
    out.par_chunks_mut(c).zip(x.par_chunks(t * c).zip(weights.par_chunks(t))).for_each(|(out, (x, weights))| {
        for (row, &weight) in x.chunks(c).zip(weights) {
            for (sum, &value) in out.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
    });
    out
}

impl CustomOp2 for WeightedBars {
    fn name(&self) -> &'static str {
        "weighted_bars"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        let (b, t, c) = lx.shape().dims3()?;
        if lw.shape().dims() != [b, t] {
            candle_core::bail!("weights {:?} do not meet {b} windows of {t} bars", lw.shape());
        }
        by_dtype!(x, R => {
            let out = weighted::<R>(values(x, lx)?, values(w, lw)?, t, c);
            Ok((R::to_cpu_storage_owned(out), (b, c).into()))
        })
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let to_bars = w.apply_op2_no_bwd(&grad, &Outer)?;
        let to_weights = x.matmul(&grad.unsqueeze(2)?)?.squeeze(2)?;
        Ok((Some(to_bars), Some(to_weights)))
    }
}

/// `[B, T]` and `[B, C]` to their products `[B, T, C]`.
struct Outer;

impl CustomOp2 for Outer {
    fn name(&self) -> &'static str {
        "outer"
    }

    fn cpu_fwd(&self, w: &CpuStorage, lw: &Layout, g: &CpuStorage, lg: &Layout) -> Result<(CpuStorage, Shape)> {
        let ((b, t), (_, c)) = (lw.shape().dims2()?, lg.shape().dims2()?);
        by_dtype!(w, R => {
            let (w, g): (&[R], &[R]) = (values(w, lw)?, values(g, lg)?);
            let mut out = vec![R::from_f64(0.0); b * t * c];
            out.par_chunks_mut(t * c).zip(w.par_chunks(t).zip(g.par_chunks(c))).for_each(|(out, (w, g))| {
                for (out, &w) in out.chunks_mut(c).zip(w) {
                    for (out, &g) in out.iter_mut().zip(g) {
                        *out = w * g;
                    }
                }
            });
            Ok((R::to_cpu_storage_owned(out), (b, t, c).into()))
        })
    }
}
