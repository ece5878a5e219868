use candle_core::backprop::GradStore;
#[cfg(feature = "cuda")]
use candle_core::{CudaDevice, DType, Device};
use candle_core::{Result, Tensor};

#[cfg(feature = "cuda")]
use super::cuda::optim as device;
use super::{AdamW, AdamWConfig, Gradients, Params, Sink};

/// [`AdamW`] and the [`Gradients`] it follows, where the parameters are: on a CUDA device neither leaves it, elsewhere
/// both are in main memory. Checkpoints are the same.
#[derive(Debug)]
pub struct Optimizer(Place);

#[derive(Debug)]
enum Place {
    Host {
        gradients: Gradients,
        adam: AdamW,
    },
    #[cfg(feature = "cuda")]
    Cuda {
        device: CudaDevice,
        /// Names and sizes of the parameters, in their order.
        names: Vec<(String, usize)>,
        gradients: device::Gradients,
        adam: device::AdamW,
    },
}

impl Optimizer {
    /// A fresh optimiser for `params` with gradients of zero. Errors if the device's memory runs out.
    pub fn new(params: &Params, config: AdamWConfig) -> Result<Self> {
        #[cfg(feature = "cuda")]
        if let Some(device) = cuda_device(params) {
            let decayed: Vec<u8> =
                params.iter().flat_map(|(_, var)| vec![u8::from(var.rank() >= 2); var.elem_count()]).collect();
            let gradients = device::Gradients::new(&device, params)?;
            let adam = device::AdamW::new(&device, &decayed, config)?;
            let names = params.iter().map(|(name, var)| (name.to_owned(), var.elem_count())).collect();
            return Ok(Self(Place::Cuda { device, names, gradients, adam }));
        }
        Ok(Self(Place::Host { gradients: Gradients::new(params), adam: AdamW::new(params, config) }))
    }

    /// Steps taken.
    pub const fn steps(&self) -> u64 {
        match &self.0 {
            Place::Host { adam, .. } => adam.steps(),
            #[cfg(feature = "cuda")]
            Place::Cuda { adam, .. } => adam.steps(),
        }
    }

    /// Gradients back to zeros.
    pub fn clear(&mut self) -> Result<()> {
        match &mut self.0 {
            Place::Host { gradients, .. } => gradients.clear(),
            #[cfg(feature = "cuda")]
            Place::Cuda { gradients, .. } => gradients.clear()?,
        }
        Ok(())
    }

    /// Adds `weight` times the gradients of one backward pass, those of candle's graph and those left in `sinks`, which
    /// are cleared. A parameter without a gradient adds nothing.
    ///
    /// Errors if a sink holds a parameter of another name or size, or belongs to parameters on a GPU.
    pub fn add<'a>(
        &mut self,
        params: &Params,
        grads: &GradStore,
        sinks: impl IntoIterator<Item = &'a Sink>,
        weight: f32,
    ) -> Result<()> {
        let mut sinks = sinks.into_iter();
        match &mut self.0 {
            Place::Host { gradients, .. } => {
                gradients.add(params, grads, weight)?;
                sinks.try_for_each(|sink| gradients.drain(sink, weight))
            }
            #[cfg(feature = "cuda")]
            Place::Cuda { gradients, .. } => {
                if sinks.next().is_some() {
                    candle_core::bail!("a sink of the CPU's fused operations meets parameters on a GPU");
                }
                gradients.add(params, grads, weight)
            }
        }
    }

    /// Scales the gradients so that their joint L2 norm is at most `max` (0: no limit); gives the norm before. Waits for
    /// the device.
    pub fn clip(&mut self, max: f64) -> Result<f64> {
        match &mut self.0 {
            Place::Host { gradients, .. } => Ok(gradients.clip(max)),
            #[cfg(feature = "cuda")]
            Place::Cuda { gradients, .. } => {
                gradients.clip(max)?;
                gradients.norm()
            }
        }
    }

    /// The first parameter in name order whose gradient is not finite.
    pub fn not_finite(&self) -> Result<Option<String>> {
        match &self.0 {
            Place::Host { gradients, .. } => {
                Ok(gradients.norms().into_iter().find(|(_, norm)| !norm.is_finite()).map(|(name, _)| name))
            }
            #[cfg(feature = "cuda")]
            Place::Cuda { names, gradients, .. } => {
                let values = gradients.to_vec()?;
                let mut rest = values.as_slice();
                let found = names.iter().find(|(_, len)| {
                    let (own, after) = rest.split_at(*len);
                    rest = after;
                    own.iter().any(|value| !value.is_finite())
                });
                Ok(found.map(|(name, _)| name.clone()))
            }
        }
    }

    /// Moves every parameter one step down its gradient, as [`Self::clip`] left it.
    pub fn step(&mut self, params: &Params, learning_rate: f64) -> Result<()> {
        match &mut self.0 {
            Place::Host { gradients, adam } => adam.step(params, gradients, learning_rate),
            #[cfg(feature = "cuda")]
            Place::Cuda { gradients, adam, .. } => adam.step(params, gradients, learning_rate),
        }
    }

    /// First and second moments `[P]` on the CPU, for a checkpoint.
    pub fn state(&self) -> Result<(Tensor, Tensor)> {
        match &self.0 {
            Place::Host { adam, .. } => adam.state(),
            #[cfg(feature = "cuda")]
            Place::Cuda { device, adam, .. } => {
                let [first, second] = adam.state(device)?.map(|values| Tensor::new(values, &Device::Cpu));
                Ok((first?, second?))
            }
        }
    }

    /// Continues from a checkpoint's moments after `step` steps. Errors if the lengths differ.
    pub fn restore(&mut self, step: u64, first: &Tensor, second: &Tensor) -> Result<()> {
        match &mut self.0 {
            Place::Host { adam, .. } => adam.restore(step, first, second),
            #[cfg(feature = "cuda")]
            Place::Cuda { device, adam, .. } => {
                adam.restore(device, step, &first.to_vec1::<f32>()?, &second.to_vec1::<f32>()?)
            }
        }
    }
}

/// The CUDA device of parameters that are in f32 there.
#[cfg(feature = "cuda")]
fn cuda_device(params: &Params) -> Option<CudaDevice> {
    let (_, var) = params.iter().next()?;
    match var.device() {
        Device::Cuda(device) if var.dtype() == DType::F32 => Some(device.clone()),
        _ => None,
    }
}
