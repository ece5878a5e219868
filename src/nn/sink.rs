use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{DType, Device, Result, Tensor, Var};

/// Where a fused operation adds the f32 gradients of its parameters, flat and in its own order, instead of handing a
/// tensor for each to candle's gradient store, which would allocate and copy them several times per step.
#[derive(Debug, Clone)]
pub struct Sink {
    parts: Vec<(String, usize)>,
    values: Arc<Mutex<Vec<f32>>>,
    anchor: Var,
}

impl Sink {
    /// A sink of zeros for parameters of these names and sizes.
    pub fn new(parts: Vec<(String, usize)>) -> Result<Self> {
        let anchor = Var::zeros(1, DType::F32, &Device::Cpu)?;
        let values = vec![0.0; parts.iter().map(|(_, len)| len).sum()];
        Ok(Self { parts, values: Arc::new(Mutex::new(values)), anchor })
    }

    /// Names and sizes of the parameters, in the order of the values.
    pub fn parts(&self) -> &[(String, usize)] {
        &self.parts
    }

    /// What has been added since it was last cleared.
    pub fn values(&self) -> MutexGuard<'_, Vec<f32>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// candle keeps an operation in its graph only if one of its inputs is a variable.
    pub(super) fn anchor(&self) -> &Tensor {
        self.anchor.as_tensor()
    }
}

/// Which way the gradients of a fused operation's parameters go.
#[derive(Debug, Clone, Default)]
pub enum GradientPath {
    /// Through candle's graph, a tensor per parameter.
    #[default]
    Tensors,
    /// Into a sink; f32 only.
    Sink(Sink),
    /// Nowhere: nothing is kept for a backward pass.
    None,
}

/// Takes back what was added for parameters that are constants to candle: a detached tensor learns nothing on either path.
pub(super) fn forget_constants(tensors: &[Tensor], mut flat: &mut [f32]) {
    for tensor in tensors {
        let (own, rest) = flat.split_at_mut(tensor.elem_count());
        if !tensor.track_op() {
            own.fill(0.0);
        }
        flat = rest;
    }
}
