//! What fused operations share: their parameters' values and the way of the gradients.

use std::any::Any;
use std::sync::{Mutex, MutexGuard, PoisonError};

use candle_core::{Device, Result, Storage, Tensor};

use crate::nn::kernels::View;
use crate::nn::real::{Real, values};
use crate::nn::sink::forget_constants;
use crate::nn::{Arenas, GradientPath};

/// Parameters, memory and gradient path of one call of a fused operation.
pub(super) struct Fused {
    tensors: Vec<Tensor>,
    path: GradientPath,
    pub(super) arenas: Arenas,
    /// What the forward pass keeps for the backward one, until the graph is dropped.
    saved: Mutex<Option<Box<dyn Any + Send>>>,
}

impl Fused {
    pub(super) fn new(tensors: &[Tensor], path: &GradientPath, arenas: &Arenas) -> Self {
        Self { tensors: tensors.to_vec(), path: path.clone(), arenas: arenas.clone(), saved: Mutex::new(None) }
    }

    /// The operation's second input, which ties it to its parameters in candle's graph.
    pub(super) fn tie(&self) -> Result<Tensor> {
        match &self.path {
            GradientPath::Tensors => {
                let parts = self.tensors.iter().map(Tensor::flatten_all).collect::<Result<Vec<_>>>()?;
                Tensor::cat(&parts, 0)
            }
            GradientPath::Sink(sink) => Ok(sink.anchor().clone()),
            GradientPath::None => Ok(self.tensors[0].detach()),
        }
    }

    /// `x` as the operation's first input.
    pub(super) fn input(&self, x: &Tensor) -> Result<Tensor> {
        if matches!(self.path, GradientPath::None) { x.detach().contiguous() } else { x.contiguous() }
    }

    /// True if a backward pass may follow.
    pub(super) const fn keeps(&self) -> bool {
        !matches!(self.path, GradientPath::None)
    }

    fn saved(&self) -> MutexGuard<'_, Option<Box<dyn Any + Send>>> {
        self.saved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn keep(&self, saved: impl Any + Send) {
        *self.saved() = Some(Box::new(saved));
    }

    /// Calls `work` with the values of the parameters and of `more`.
    pub(super) fn with_values<R: Real, T>(
        &self,
        more: Option<&Tensor>,
        work: impl FnOnce(&[&[R]]) -> Result<T>,
    ) -> Result<T> {
        let guards: Vec<_> = self.tensors.iter().chain(more).map(|tensor| tensor.storage_and_layout()).collect();
        let slices = guards
            .iter()
            .map(|(storage, layout)| match &**storage {
                Storage::Cpu(storage) => values::<R>(storage, layout),
                _ => candle_core::bail!("a parameter is not on the CPU"),
            })
            .collect::<Result<Vec<_>>>()?;
        work(&slices)
    }

    /// Gradients of `x` (if it needs one) and of the parameters (if they go through the graph): `work` gets the values of
    /// `x` and of `grad`, what [`Self::keep`] was given, room for the gradient of `x` (empty if it needs none) and the
    /// flat sums of the parameters' gradients to add to.
    pub(super) fn backward<R: Real, S: Any>(
        &self,
        x: &Tensor,
        grad: &Tensor,
        work: impl FnOnce(&[R], &[R], &S, &mut [R], &mut [R]) -> Result<()>,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let grad = grad.contiguous()?;
        let (x_guard, x_layout) = x.storage_and_layout();
        let (grad_guard, grad_layout) = grad.storage_and_layout();
        let (Storage::Cpu(input), Storage::Cpu(slope)) = (&*x_guard, &*grad_guard) else {
            candle_core::bail!("an input or its gradient is not on the CPU")
        };
        let (input, slope) = (values::<R>(input, x_layout)?, values::<R>(slope, grad_layout)?);
        let saved = self.saved();
        let Some(saved) = saved.as_deref().and_then(|saved| saved.downcast_ref::<S>()) else {
            candle_core::bail!("a fused operation has kept nothing of its forward pass")
        };
        let mut to_input = vec![R::from_f64(0.0); if x.track_op() { input.len() } else { 0 }];
        let flat = if let GradientPath::Sink(sink) = &self.path {
            let mut sums = sink.values();
            let Some(own) = R::single(&mut sums) else { candle_core::bail!("a sink holds f32 only") };
            work(input, slope, saved, &mut to_input, own)?;
            forget_constants(&self.tensors, &mut sums);
            None
        } else {
            let count = self.tensors.iter().map(Tensor::elem_count).sum();
            let mut sums = vec![R::from_f64(0.0); count];
            work(input, slope, saved, &mut to_input, &mut sums)?;
            Some(Tensor::from_vec(sums, count, &Device::Cpu)?)
        };
        let to_input = x.track_op().then(|| Tensor::from_vec(to_input, x.shape(), &Device::Cpu)).transpose()?;
        Ok((to_input, flat))
    }
}

/// Values by slot, cut from slices in the order of `names`. Errors if one has another number of values.
pub(super) fn check_slots<R>(names: &[(String, Vec<usize>)], slices: &[&[R]]) -> Result<()> {
    if slices.len() < names.len() {
        candle_core::bail!("{} parameters for an operation of {}", slices.len(), names.len());
    }
    for ((name, dims), slice) in names.iter().zip(slices) {
        if slice.len() != dims.iter().product::<usize>() {
            candle_core::bail!("the parameter {name} has {} numbers, the operation needs {dims:?}", slice.len());
        }
    }
    Ok(())
}

/// Flat gradients cut by slot.
pub(super) struct GradientSlots<'a, R> {
    slices: Vec<&'a mut [R]>,
}

impl<'a, R> GradientSlots<'a, R> {
    pub(super) fn new(names: &[(String, Vec<usize>)], mut flat: &'a mut [R]) -> Self {
        let mut slices = Vec::new();
        for (_, dims) in names {
            let (slice, rest) = flat.split_at_mut(dims.iter().product());
            slices.push(slice);
            flat = rest;
        }
        Self { slices }
    }

    pub(super) fn at(&mut self, slot: usize) -> &mut [R] {
        self.slices[slot]
    }

    /// Two different slots, `first` before `second`.
    pub(super) fn pair(&mut self, first: usize, second: usize) -> [&mut [R]; 2] {
        let (left, right) = self.slices.split_at_mut(second);
        [left[first], right[0]]
    }
}

/// Runs `work` on a thread of the pool, so that its many short parallel loops find the others awake instead of being
/// handed over one by one from outside.
pub(super) fn in_pool<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    rayon::scope(|_| work())
}

/// Constant copies of the parameters called `names`, weight matrices transposed.
pub(super) fn transposed(names: &[(String, Vec<usize>)], tensors: &[Tensor]) -> Result<Vec<Tensor>> {
    let one = |((name, dims), tensor): (&(String, Vec<usize>), &Tensor)| match dims[..] {
        [_, _] if name.ends_with("weight") => tensor.detach().t()?.contiguous(),
        _ => tensor.detach().copy(),
    };
    names.iter().zip(tensors).map(one).collect()
}

/// The transpose of a weight matrix `[outputs, inputs]`, stored so or already `transposed`.
pub(super) fn weight<R>(values: &[R], outputs: usize, inputs: usize, transposed: bool) -> View<'_, R> {
    if transposed { View::of(values, inputs, outputs) } else { View::of(values, outputs, inputs).t() }
}
