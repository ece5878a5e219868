#![cfg_attr(
    not(feature = "cuda"),
    expect(clippy::unnecessary_wraps, reason = "a CUDA device may fail where the CPU cannot")
)]

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
    Cuda(Box<Cuda>),
}

#[cfg(feature = "cuda")]
#[derive(Debug)]
struct Cuda {
    device: CudaDevice,
    /// Names and sizes of the parameters, in their order.
    names: Vec<(String, usize)>,
    gradients: device::Gradients,
    adam: device::AdamW,
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
            return Ok(Self(Place::Cuda(Box::new(Cuda { device, names, gradients, adam }))));
        }
        Ok(Self(Place::Host { gradients: Gradients::new(params), adam: AdamW::new(params, config) }))
    }

    /// Steps taken.
    pub const fn steps(&self) -> u64 {
        match &self.0 {
            Place::Host { adam, .. } => adam.steps(),
            #[cfg(feature = "cuda")]
            Place::Cuda(cuda) => cuda.adam.steps(),
        }
    }

    /// Gradients back to zeros.
    pub fn clear(&mut self) -> Result<()> {
        match &mut self.0 {
            Place::Host { gradients, .. } => gradients.clear(),
            #[cfg(feature = "cuda")]
            Place::Cuda(cuda) => cuda.gradients.clear()?,
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
            Place::Cuda(cuda) => {
                if sinks.next().is_some() {
                    candle_core::bail!("a sink of the CPU's fused operations meets parameters on a GPU");
                }
                cuda.gradients.add(params, grads, weight)
            }
        }
    }

    /// Scales the gradients so that their joint L2 norm is at most `max` (0: no limit); gives the norm before. Waits for
    /// the device.
    pub fn clip(&mut self, max: f64) -> Result<f64> {
        match &mut self.0 {
            Place::Host { gradients, .. } => Ok(gradients.clip(max)),
            #[cfg(feature = "cuda")]
            Place::Cuda(cuda) => {
                cuda.gradients.clip(max)?;
                cuda.gradients.norm()
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
            Place::Cuda(cuda) => {
                let values = cuda.gradients.to_vec()?;
                let mut rest = values.as_slice();
                let found = cuda.names.iter().find(|(_, len)| {
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
            Place::Cuda(cuda) => cuda.adam.step(params, &cuda.gradients, learning_rate),
        }
    }

    /// First and second moments `[P]` on the CPU, for a checkpoint.
    pub fn state(&self) -> Result<(Tensor, Tensor)> {
        match &self.0 {
            Place::Host { adam, .. } => adam.state(),
            #[cfg(feature = "cuda")]
            Place::Cuda(cuda) => {
                let [first, second] = cuda.adam.state(&cuda.device)?.map(|values| Tensor::new(values, &Device::Cpu));
                Ok((first?, second?))
            }
        }
    }

    /// Continues from a checkpoint's moments after `step` steps. Errors if the lengths differ.
    pub fn restore(&mut self, step: u64, first: &Tensor, second: &Tensor) -> Result<()> {
        match &mut self.0 {
            Place::Host { adam, .. } => adam.restore(step, first, second),
            #[cfg(feature = "cuda")]
            Place::Cuda(cuda) => {
                cuda.adam.restore(&cuda.device, step, &first.to_vec1::<f32>()?, &second.to_vec1::<f32>()?)
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

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;
    use crate::nn::{Purpose, purpose_rng};

    fn params(device: &Device) -> Params {
        let mut params = Params::default();
        let mut rng = purpose_rng(1, Purpose::Init, 0);
        params.xavier("w", [30, 20], DType::F32, device, &mut rng).unwrap();
        params.filled("b", 30, 1.0, DType::F32, device).unwrap();
        params
    }

    fn flat(tensor: &Tensor) -> Vec<f32> {
        tensor.to_device(&Device::Cpu).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    /// Gradients of the sum of `factor` x^2 over the parameters called `name` (all when empty).
    fn backward(params: &Params, name: &str, factor: f64) -> GradStore {
        let chosen = params.iter().filter(|(other, _)| name.is_empty() || *other == name);
        let squares = chosen.map(|(_, var)| (var.sqr()?.sum_all()? * factor)?.reshape(1));
        let squares = squares.collect::<Result<Vec<_>>>().unwrap();
        Tensor::cat(&squares, 0).unwrap().sum_all().unwrap().backward().unwrap()
    }

    /// Three clipped steps beside the optimiser in main memory, then a gradient that is not finite, then a checkpoint.
    fn as_in_main_memory(device: &Device, tolerance: f32) {
        let close = |a: &[f32], b: &[f32]| {
            assert_eq!(a.len(), b.len());
            assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() <= tolerance * a.abs().max(1e-3)), "{a:?} {b:?}");
        };
        let (here, there, config) = (params(&Device::Cpu), params(device), AdamWConfig::new(0.1));
        let (mut gradients, mut adam) = (Gradients::new(&here), AdamW::new(&here, config));
        let mut optimizer = Optimizer::new(&there, config).unwrap();
        for _ in 0..3 {
            gradients.clear();
            optimizer.clear().unwrap();
            for weight in [0.5, 0.25] {
                gradients.add(&here, &backward(&here, "", 2.0), weight).unwrap();
                optimizer.add(&there, &backward(&there, "", 2.0), [], weight).unwrap();
            }
            let (norm, other) = (gradients.clip(0.5), optimizer.clip(0.5).unwrap());
            assert!(norm > 0.5);
            close(&[norm as f32], &[other as f32]);
            assert_eq!(optimizer.not_finite().unwrap(), None);
            adam.step(&here, &gradients, 0.01).unwrap();
            optimizer.step(&there, 0.01).unwrap();
        }
        let values = |params: &Params| params.iter().flat_map(|(_, var)| flat(var)).collect::<Vec<_>>();
        close(&values(&here), &values(&there));
        let ((first, second), (other_first, other_second)) = (adam.state().unwrap(), optimizer.state().unwrap());
        close(&flat(&first), &flat(&other_first));
        close(&flat(&second), &flat(&other_second));
        optimizer.add(&there, &backward(&there, "w", f64::INFINITY), [], 1.0).unwrap();
        assert!(!optimizer.clip(0.5).unwrap().is_finite());
        assert_eq!(optimizer.not_finite().unwrap().as_deref(), Some("w"));
        let mut restored = Optimizer::new(&there, config).unwrap();
        restored.restore(optimizer.steps(), &first, &second).unwrap();
        assert_eq!(restored.steps(), 3);
        assert_eq!(flat(&restored.state().unwrap().1), flat(&second));
        assert!(restored.restore(1, &first.narrow(0, 0, 2).unwrap(), &second).is_err());
    }

    #[test]
    fn on_the_cpu_it_is_the_one_in_main_memory_bit_for_bit() {
        as_in_main_memory(&Device::Cpu, 0.0);
    }

    #[cfg(feature = "cuda")]
    #[test]
    #[ignore = "needs a CUDA device"]
    fn on_a_cuda_device_it_steps_as_in_main_memory() {
        as_in_main_memory(&super::super::cuda::open(0).unwrap().0, 1e-5);
    }

    #[test]
    fn sinks_count_once_and_are_cleared() {
        let params = params(&Device::Cpu);
        let sink = Sink::new(vec![("b".to_owned(), 30)]).unwrap();
        sink.values().fill(2.0);
        let nothing = Var::zeros(1, DType::F32, &Device::Cpu).unwrap().sum_all().unwrap().backward().unwrap();
        let mut optimizer = Optimizer::new(&params, AdamWConfig::new(0.0)).unwrap();
        for _ in 0..2 {
            optimizer.add(&params, &nothing, [&sink], 0.5).unwrap();
            assert!((optimizer.clip(0.0).unwrap() - 30.0_f64.sqrt()).abs() < 1e-6);
        }
    }
}
