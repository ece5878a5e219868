//! The transformer as one operation: input projection, positions, blocks, final norm and pooling, with one fused forward
//! and one fused backward per block.

mod backward;
mod forward;
mod layout;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use candle_core::{CpuStorage, CustomOp2, DType, Device, Layout, Result, Shape, Tensor, WithDType as _};

use self::forward::Saved;
use self::layout::Slots;
pub use self::layout::{Pooled, StackShape, sinusoidal_positions};
use super::Mask;
use super::fused::{Fused, in_pool, transposed};
use crate::nn::real::{Arenas, Real, by_dtype, values};
use crate::nn::{GradientPath, Noise};

/// What a pass over the stack shall show or change on its way.
#[derive(Debug, Clone, Default)]
pub struct StackProbe {
    /// Give the attention weights of every layer.
    pub record: bool,
    /// Layer and head pairs whose attention weighs every bar it sees alike.
    pub uniform: BTreeSet<(usize, usize)>,
}

/// Parameters of a stack, in the order of [`StackShape::names`], and the position code where it is no parameter.
#[derive(Debug, Clone)]
pub struct StackParams {
    /// One tensor per name.
    pub tensors: Vec<Tensor>,
    /// Fixed position code `[T, C]`, if there is one.
    pub table: Option<Tensor>,
    /// Weight matrices are stored `[inputs, outputs]`, which makes forecasts of a few windows faster; such parameters cannot learn.
    pub transposed: bool,
}

impl StackParams {
    /// Constant copies with transposed matrices.
    pub fn transposed(&self, shape: &StackShape) -> Result<Self> {
        Ok(Self { tensors: transposed(&shape.names(), &self.tensors)?, table: self.table.clone(), transposed: true })
    }
}

/// Runs `x` `[B, T, F]` through the stack: pooled `[B, C]` or, unpooled, states `[B, T, C]`; then, if asked for, the
/// attention weights of each layer, `[B, H, T, T]`. On the CPU, in f32 or f64.
///
/// Source: Vaswani et al. (2017); pre-norm after Xiong et al. (2020).
pub fn encoder_stack(
    x: &Tensor,
    params: &StackParams,
    shape: &StackShape,
    pooled: Pooled,
    noise: &mut Noise,
    probe: &StackProbe,
    path: &GradientPath,
    arenas: &Arenas,
) -> Result<(Tensor, Vec<Tensor>)> {
    let masks = shape.masks(noise);
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let path = if params.transposed { &GradientPath::None } else { path };
    let fused = Fused::new(&params.tensors, path, arenas);
    let (x, tie) = (fused.input(x)?, fused.tie()?);
    let op = Stack {
        shape: shape.clone(),
        pooled,
        masks,
        probe: probe.clone(),
        table: params.table.clone(),
        transposed: params.transposed,
        fused,
        recorded: Arc::clone(&recorded),
    };
    let y = x.apply_op2(&tie, op)?;
    let recorded = std::mem::take(&mut *recorded.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((y, recorded))
}

struct Stack {
    shape: StackShape,
    pooled: Pooled,
    /// Per layer: attention weights, attention output, feed-forward output.
    masks: Vec<[Option<Mask>; 3]>,
    probe: StackProbe,
    table: Option<Tensor>,
    transposed: bool,
    fused: Fused,
    recorded: Arc<Mutex<Vec<Tensor>>>,
}

impl Stack {
    fn forward<R: Real>(&self, x: &[R], windows: usize) -> Result<Vec<R>> {
        self.fused.with_values(self.table.as_ref(), |slices: &[&[R]]| {
            let slots = Slots::new(&self.shape, slices)?;
            let (out, saved, weights) = in_pool(|| forward::forward(self, &slots, x, windows));
            if let Some(saved) = saved {
                self.fused.keep(saved);
            }
            let StackShape { heads, bars, .. } = self.shape;
            let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
            for weights in weights {
                recorded.push(Tensor::from_vec(weights, (windows, heads, bars, bars), &Device::Cpu)?);
            }
            Ok(out)
        })
    }

    fn backward<R: Real>(&self, x: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.fused.backward(x, grad, |x: &[R], grad, saved: &Saved<R>, to_input, flat| {
            self.fused.with_values(self.table.as_ref(), |slices| {
                let slots = Slots::new(&self.shape, slices)?;
                in_pool(|| backward::backward(self, &slots, x, saved, grad, to_input, flat));
                Ok(())
            })
        })
    }
}

impl CustomOp2 for Stack {
    fn name(&self) -> &'static str {
        "encoder_stack"
    }

    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        let (windows, bars, features) = lx.shape().dims3()?;
        let StackShape { bars: t, features: f, width, .. } = self.shape;
        if (bars, features) != (t, f) {
            candle_core::bail!("windows of {bars} bars and {features} features meet a stack of {t} and {f}");
        }
        by_dtype!(x, R => {
            let out = self.forward::<R>(values(x, lx)?, windows)?;
            let shape = match self.pooled {
                Pooled::States => Shape::from((windows, bars, width)),
                Pooled::Mean | Pooled::Last => Shape::from((windows, width)),
            };
            Ok((R::to_cpu_storage_owned(out), shape))
        })
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        match x.dtype() {
            DType::F64 => self.backward::<f64>(x, grad),
            _ => self.backward::<f32>(x, grad),
        }
    }
}

#[cfg(test)]
mod tests;
