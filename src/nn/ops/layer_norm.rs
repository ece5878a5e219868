use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, WithDType as _};

use super::rows;
use crate::nn::real::{Real, by_dtype, values};

/// Added to the variance, as in PyTorch.
pub(super) const EPSILON: f64 = 1e-5;

/// y = gain (x - mean) / sqrt(variance + epsilon) + bias over the last axis.
pub(super) struct LayerNorm;

/// Mean and reciprocal deviation of one row.
fn moments<R: Real>(x: &[R]) -> (R, R) {
    let n = R::from_f64(x.len() as f64);
    let mut sum = R::from_f64(0.0);
    for &v in x {
        sum += v;
    }
    let mean = sum / n;
    let mut squares = R::from_f64(0.0);
    for &v in x {
        squares += (v - mean) * (v - mean);
    }
    (mean, R::from_f64(1.0) / (squares / n + R::from_f64(EPSILON)).sqrt())
}

fn forward<R: Real>(x: &[R], gain: &[R], bias: &[R]) -> Vec<R> {
    rows::map(x, gain.len(), |_, x, out| {
        let (mean, scale) = moments(x);
        for j in 0..x.len() {
            out[j] = (x[j] - mean) * scale * gain[j] + bias[j];
        }
    })
}

/// Input gradient, then gain gradient, then bias gradient.
fn backward<R: Real>(x: &[R], gain: &[R], grad: &[R]) -> Vec<R> {
    let width = gain.len();
    let n = R::from_f64(width as f64);
    rows::map_and_sum(x, width, 2 * width, |row, x, out, sums| {
        let grad = &grad[row * width..(row + 1) * width];
        let (mean, scale) = moments(x);
        let (mut sum, mut along) = (R::from_f64(0.0), R::from_f64(0.0));
        for j in 0..width {
            let normed = (x[j] - mean) * scale;
            sums[j] += grad[j] * normed;
            sums[width + j] += grad[j];
            sum += grad[j] * gain[j];
            along += grad[j] * gain[j] * normed;
        }
        for j in 0..width {
            let normed = (x[j] - mean) * scale;
            out[j] = scale * (grad[j] * gain[j] - (sum + normed * along) / n);
        }
    })
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
            let out = forward::<R>(values(x, lx)?, values(g, lg)?, values(b, lb)?);
            Ok((R::to_cpu_storage_owned(out), lx.shape().clone()))
        })
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
}
