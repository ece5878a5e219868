//! The encoder block on a CUDA device: what a custom operation of candle calls.

use std::sync::{Mutex, PoisonError};

use candle_core::{CudaStorage, Layout, Result};
use cudarc::driver::CudaSlice;

use super::{Spec, block_plan, run};

/// Activations that wait for the backward pass of one operation. The memory is free again once that has run or the
/// operation is dropped.
#[derive(Debug, Default)]
pub struct Saved(Mutex<Option<CudaSlice<f32>>>);

impl Saved {
    fn put(&self, kept: CudaSlice<f32>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(kept);
    }

    fn take(&self) -> Option<CudaSlice<f32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// The block over `x` `[B, T, C]` and its flat parameters `p`, both contiguous and in single precision. With `saved` the
/// activations stay for [`backward`]; inference passes `None`.
///
/// Errors if the block is impossible, a tensor does not fit it, or memory runs out.
pub fn forward(
    spec: &Spec,
    saved: Option<&Saved>,
    x: &CudaStorage,
    lx: &Layout,
    p: &CudaStorage,
    lp: &Layout,
) -> Result<CudaStorage> {
    let (y, kept) = run::forward(&block_plan::forward(spec)?, &[(x, lx), (p, lp)])?;
    if let Some(saved) = saved {
        saved.put(kept);
    }
    Ok(y)
}

/// Gradients of [`forward`] from that of its result: those of x, then those of p, in one vector. Without saved activations
/// (none were asked for, or a backward pass has used them) the forward pass runs again.
///
/// Errors as [`forward`].
pub fn backward(
    spec: &Spec,
    saved: Option<&Saved>,
    (x, lx): (&CudaStorage, &Layout),
    (p, lp): (&CudaStorage, &Layout),
    (grad, lg): (&CudaStorage, &Layout),
) -> Result<CudaStorage> {
    let mut kept = match saved.and_then(Saved::take) {
        Some(kept) => kept,
        None => run::forward(&block_plan::forward(spec)?, &[(x, lx), (p, lp)])?.1,
    };
    run::backward(&block_plan::backward(spec)?, &[(x, lx), (p, lp), (grad, lg)], &mut kept)
}
