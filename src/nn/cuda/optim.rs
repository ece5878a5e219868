//! Gradients and optimiser whose numbers never leave the device.

use candle_core::backprop::GradStore;
use candle_core::cuda::WrapErr as _;
use candle_core::{CpuStorage, CudaDevice, CudaStorage, InplaceOp1, Layout, Result, Storage, bail};
use cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut};

use super::run::{Word, launch};
use crate::nn::{AdamWConfig, Params};

/// Threads of a block; a thread per number.
const THREADS: usize = 256;
/// Partial sums of squares.
const PARTIAL: usize = 512;

/// Gradients of all parameters in one flat vector on the device, in name order; summed over the batches of one optimiser
/// step. The device's side of [`crate::nn::Gradients`].
#[derive(Debug)]
pub struct Gradients {
    device: CudaDevice,
    values: CudaSlice<f32>,
    partial: CudaSlice<f64>,
    /// Norm and clipping factor.
    clip: CudaSlice<f32>,
    /// Beginning and length of each parameter.
    ranges: Vec<(usize, usize)>,
}

impl Gradients {
    /// Zeros for `params`. Errors if memory runs out.
    pub fn new(device: &CudaDevice, params: &Params) -> Result<Self> {
        let ranges = ranges(params);
        let n = params.count();
        if n > i32::MAX as usize {
            bail!("{n} parameters are too many for the GPU kernels");
        }
        Ok(Self {
            device: device.clone(),
            values: device.alloc_zeros(n.max(1))?,
            partial: device.alloc_zeros(PARTIAL)?,
            clip: device.alloc_zeros(2)?,
            ranges,
        })
    }

    /// Adds `weight` times the gradients of one backward pass; a parameter without one adds nothing.
    ///
    /// Errors if a gradient is not on the device or not in single precision.
    pub fn add(&mut self, params: &Params, grads: &GradStore, weight: f32) -> Result<()> {
        let stream = self.device.cuda_stream();
        for ((_, var), &(start, len)) in params.iter().zip(&self.ranges) {
            let Some(grad) = grads.get(var) else { continue };
            let grad = grad.contiguous()?;
            let (storage, layout) = grad.storage_and_layout();
            let Storage::Cuda(storage) = &*storage else { bail!("a gradient is not on the GPU") };
            let Some((from, to)) = layout.contiguous_offsets() else { bail!("a gradient is not contiguous") };
            if to - from != len {
                bail!("a gradient of {} numbers meets a parameter of {len}", to - from);
            }
            let (source, _read) = storage.as_cuda_slice::<f32>()?.device_ptr(&stream);
            let (sums, _write) = self.values.device_ptr_mut(&stream);
            let source = Word::Long(source + 4 * from as u64);
            let words = [Word::Long(sums + 4 * start as u64), source, Word::Float(weight), Word::Int(len as u32)];
            launch(&self.device, &stream, "accumulate", len.div_ceil(THREADS) as u32, &words)?;
        }
        Ok(())
    }

    /// Back to zeros.
    pub fn clear(&mut self) -> Result<()> {
        self.device.cuda_stream().memset_zeros(&mut self.values).w()
    }

    /// Measures the joint L2 norm and the factor that brings it to `max` (0: no limit), which [`AdamW::step`] applies.
    /// Does not wait; [`Self::norm`] does.
    pub fn clip(&mut self, max: f64) -> Result<()> {
        let stream = self.device.cuda_stream();
        let n = self.values.len();
        let (values, _read) = self.values.device_ptr(&stream);
        let (partial, _write) = self.partial.device_ptr_mut(&stream);
        let (clip, _factor) = self.clip.device_ptr_mut(&stream);
        let span = n.div_ceil(PARTIAL).max(1);
        let words = [Word::Long(values), Word::Long(partial), Word::Int(n as u32), Word::Int(span as u32)];
        launch(&self.device, &stream, "square_sums", PARTIAL as u32, &words)?;
        let words = [Word::Long(partial), Word::Long(clip), Word::Int(PARTIAL as u32), Word::Double(max)];
        launch(&self.device, &stream, "clip_factor", 1, &words)
    }

    /// The norm that [`Self::clip`] measured, before clipping; waits for the device.
    pub fn norm(&self) -> Result<f64> {
        Ok(f64::from(self.device.clone_dtoh(&self.clip)?[0]))
    }

    /// All numbers, unclipped; waits for the device.
    pub fn to_vec(&self) -> Result<Vec<f32>> {
        let mut values = self.device.clone_dtoh(&self.values)?;
        values.truncate(self.ranges.iter().map(|(_, len)| len).sum());
        Ok(values)
    }
}

fn ranges(params: &Params) -> Vec<(usize, usize)> {
    let mut end = 0;
    let lengths = params.iter().map(|(_, var)| var.elem_count());
    lengths
        .map(|len| {
            end += len;
            (end - len, len)
        })
        .collect()
}

/// [`crate::nn::AdamW`] with its moments on the device. Nothing waits: the clipping factor is read there.
#[derive(Debug)]
pub struct AdamW {
    config: AdamWConfig,
    step: u64,
    first: CudaSlice<f32>,
    second: CudaSlice<f32>,
    /// Per number whether weight decay falls on it.
    decayed: CudaSlice<u8>,
}

impl AdamW {
    /// A fresh optimiser; `decayed` holds one byte per number of all parameters in name order, not 0 where weight decay
    /// falls on it (weights, not biases and norms).
    ///
    /// Errors if memory runs out.
    pub fn new(device: &CudaDevice, decayed: &[u8], config: AdamWConfig) -> Result<Self> {
        let n = decayed.len().max(1);
        let (first, second) = (device.alloc_zeros(n)?, device.alloc_zeros(n)?);
        Ok(Self { config, step: 0, first, second, decayed: device.clone_htod(decayed)? })
    }

    /// Steps taken.
    pub const fn steps(&self) -> u64 {
        self.step
    }

    /// Moves every parameter one step down its gradient, scaled as [`Gradients::clip`] measured.
    ///
    /// Errors if a parameter is not contiguous, not in single precision or not on the device.
    pub fn step(&mut self, params: &Params, gradients: &Gradients, learning_rate: f64) -> Result<()> {
        if gradients.values.len() != self.first.len() {
            bail!("{} gradients meet {} moments", gradients.values.len(), self.first.len());
        }
        self.step += 1;
        let AdamWConfig { beta1, beta2, epsilon, weight_decay } = self.config;
        let correct1 = 1.0 - beta1.powf(self.step as f64);
        let correct2 = 1.0 - beta2.powf(self.step as f64);
        let decay = 1.0 - learning_rate * weight_decay;
        let constants = [beta1, beta2, epsilon, decay, learning_rate / correct1, 1.0 / correct2.sqrt()];
        let stream = gradients.device.cuda_stream();
        // Moments change under a shared reference below: one stream, one optimiser, in order.
        let (first, _first) = self.first.device_ptr_mut(&stream);
        let (second, _second) = self.second.device_ptr_mut(&stream);
        let (values, _values) = gradients.values.device_ptr(&stream);
        let (clip, _clip) = gradients.clip.device_ptr(&stream);
        let (decayed, _decayed) = self.decayed.device_ptr(&stream);
        for ((_, var), &(start, len)) in params.iter().zip(&gradients.ranges) {
            let at = 4 * start as u64;
            let state = [values + at, first + at, second + at, decayed + start as u64, clip];
            var.inplace_op1(&Update { state, len, constants: constants.map(|value| value as f32) })?;
        }
        Ok(())
    }

    /// First and second moments for a checkpoint; waits for the device.
    pub fn state(&self, device: &CudaDevice) -> Result<[Vec<f32>; 2]> {
        Ok([device.clone_dtoh(&self.first)?, device.clone_dtoh(&self.second)?])
    }

    /// Continues from a checkpoint's moments after `step` steps. Errors if the lengths differ.
    pub fn restore(&mut self, device: &CudaDevice, step: u64, first: &[f32], second: &[f32]) -> Result<()> {
        if first.len() != self.first.len() || second.len() != self.second.len() {
            bail!("the optimiser state has {} numbers, the model {}", first.len(), self.first.len());
        }
        (self.step, self.first, self.second) = (step, device.clone_htod(first)?, device.clone_htod(second)?);
        Ok(())
    }
}

/// One step of one parameter, where it lies.
struct Update {
    /// Gradient, moments, decayed, clip: device addresses.
    state: [u64; 5],
    len: usize,
    /// beta1, beta2, epsilon, decay, rate, root.
    constants: [f32; 6],
}

impl InplaceOp1 for Update {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, _: &mut CpuStorage, _: &Layout) -> Result<()> {
        bail!("a parameter of the GPU's optimiser is on the CPU")
    }

    fn cuda_fwd(&self, storage: &mut CudaStorage, layout: &Layout) -> Result<()> {
        let Some((start, end)) = layout.contiguous_offsets() else { bail!("a parameter is not contiguous") };
        if end - start != self.len {
            bail!("a parameter has {} numbers instead of {}", end - start, self.len);
        }
        let device = storage.device.clone();
        let stream = device.cuda_stream();
        let (values, _write) = storage.as_cuda_slice_mut::<f32>()?.device_ptr_mut(&stream);
        let [gradient, first, second, decayed, clip] = self.state;
        let pointers = [values + 4 * start as u64, gradient, first, second, decayed, clip].map(Word::Long);
        let words = [&pointers[..], &[Word::Int(self.len as u32)], &self.constants.map(Word::Float)].concat();
        launch(&device, &stream, "adamw", self.len.div_ceil(THREADS) as u32, &words)
    }
}
