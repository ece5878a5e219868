//! The transformer as one operation: input projection, positions, blocks, final norm and pooling, with one fused forward
//! and one fused backward per block.

mod backward;
mod forward;
mod layout;

use std::any::Any;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Storage, Tensor, WithDType as _};

use self::forward::Saved;
pub use self::layout::{Pooled, StackShape};
use self::layout::{Slots, positions};
use super::Mask;
use crate::nn::real::{Arenas, Real, by_dtype, values};
use crate::nn::sink::forget_constants;
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
    let masks = (0..shape.layers).map(|_| [(); 3].map(|()| Mask::next(shape.dropout, noise))).collect();
    let recorded = Arc::new(Mutex::new(Vec::new()));
    let flat = match path {
        GradientPath::Tensors => {
            let parts = params.tensors.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?;
            Tensor::cat(&parts, 0)?
        }
        GradientPath::Sink(sink) => sink.anchor().clone(),
        GradientPath::None => params.tensors[0].detach(),
    };
    let x = if matches!(path, GradientPath::None) { x.detach() } else { x.contiguous()? };
    let op = Stack {
        shape: shape.clone(),
        pooled,
        masks,
        probe: probe.clone(),
        params: params.clone(),
        path: path.clone(),
        input_needs_gradient: x.track_op(),
        saved: Mutex::new(None),
        recorded: Arc::clone(&recorded),
        arenas: arenas.clone(),
    };
    let y = x.apply_op2(&flat, op)?;
    let recorded = std::mem::take(&mut *recorded.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((y, recorded))
}

struct Stack {
    shape: StackShape,
    pooled: Pooled,
    /// Per layer: attention weights, attention output, feed-forward output.
    masks: Vec<[Option<Mask>; 3]>,
    probe: StackProbe,
    params: StackParams,
    path: GradientPath,
    input_needs_gradient: bool,
    /// [`Saved`] of the forward pass, until the graph is dropped.
    saved: Mutex<Option<Box<dyn Any + Send>>>,
    recorded: Arc<Mutex<Vec<Tensor>>>,
    arenas: Arenas,
}

impl Stack {
    /// Calls `work` with the parameters' values.
    fn with_slots<R: Real, T>(&self, work: impl FnOnce(&Slots<'_, R>) -> Result<T>) -> Result<T> {
        let all: Vec<&Tensor> = self.params.tensors.iter().chain(&self.params.table).collect();
        let guards: Vec<_> = all.iter().map(|tensor| tensor.storage_and_layout()).collect();
        let slices = guards
            .iter()
            .map(|(storage, layout)| match &**storage {
                Storage::Cpu(storage) => values::<R>(storage, layout),
                _ => candle_core::bail!("a parameter is not on the CPU"),
            })
            .collect::<Result<Vec<_>>>()?;
        work(&Slots::new(&self.shape, &slices)?)
    }

    fn saved(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forward<R: Real>(&self, x: &[R], windows: usize) -> Result<Vec<R>> {
        let keep = !matches!(self.path, GradientPath::None);
        self.with_slots(|slots: &Slots<'_, R>| {
            let (out, saved, weights) = forward::forward(self, slots, x, windows, keep);
            if let Some(saved) = saved {
                *self.saved() = Some(Box::new(saved));
            }
            let StackShape { heads, bars, .. } = self.shape;
            let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
            for weights in weights {
                let shape = (windows, heads, bars, bars);
                recorded.push(Tensor::from_vec(weights, shape, &candle_core::Device::Cpu)?);
            }
            Ok(out)
        })
    }

    /// Gradients of input (if it needs one) and parameters (if they go through the graph).
    fn backward<R: Real>(&self, x: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (guard, layout) = x.storage_and_layout();
        let Storage::Cpu(storage) = &*guard else { candle_core::bail!("an input is not on the CPU") };
        let input = values::<R>(storage, layout)?;
        let grad = grad.contiguous()?;
        let (grad_guard, grad_layout) = grad.storage_and_layout();
        let Storage::Cpu(grad_storage) = &*grad_guard else { candle_core::bail!("a gradient is not on the CPU") };
        let grad = values::<R>(grad_storage, grad_layout)?;
        let saved = self.saved();
        let Some(saved) = saved.as_deref().and_then(|saved| saved.downcast_ref::<Saved<R>>()) else {
            candle_core::bail!("the stack has kept nothing of its forward pass")
        };
        let mut to_input = if self.input_needs_gradient { vec![R::from_f64(0.0); input.len()] } else { Vec::new() };
        let count = self.shape.count();
        let flat = self.with_slots(|slots: &Slots<'_, R>| {
            if let GradientPath::Sink(sink) = &self.path {
                let mut sums = sink.values();
                let Some(own) = R::single(&mut sums) else { candle_core::bail!("a sink holds f32 only") };
                backward::backward(self, slots, input, saved, grad, &mut to_input, own);
                forget_constants(&self.params.tensors, &mut sums);
                return Ok(None);
            }
            let mut sums = vec![R::from_f64(0.0); count];
            backward::backward(self, slots, input, saved, grad, &mut to_input, &mut sums);
            Ok(Some(Tensor::from_vec(sums, count, &candle_core::Device::Cpu)?))
        })?;
        let to_input = if self.input_needs_gradient {
            Some(Tensor::from_vec(to_input, x.shape(), &candle_core::Device::Cpu)?)
        } else {
            None
        };
        Ok((to_input, flat))
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
            candle_core::DType::F64 => self.backward::<f64>(x, grad),
            _ => self.backward::<f32>(x, grad),
        }
    }
}

/// Sinusoidal position code, `[T, C]` row-major: sine in even, cosine in odd columns.
///
/// Source: Vaswani et al. (2017), section 3.5.
pub fn sinusoidal_positions(bars: usize, width: usize) -> Vec<f32> {
    positions(bars, width)
}

#[cfg(test)]
mod tests;
