use std::cell::RefCell;
use std::collections::BTreeMap;

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, DType, Device, InplaceOp1, Layout, Result, Storage, Tensor, Var};
use rayon::prelude::*;

use super::real::values;
use super::{Params, Sink};

/// Numbers updated as one unit of work.
const CHUNK: usize = 1 << 14;

/// Gradients of all parameters in one flat buffer, in name order; summed over the batches of one optimiser step.
#[derive(Debug, Clone)]
pub struct Gradients {
    values: Vec<f32>,
    /// Name and range in `values` of each parameter.
    layout: Vec<(String, std::ops::Range<usize>)>,
}

impl Gradients {
    /// Zeros for `params`.
    pub fn new(params: &Params) -> Self {
        let mut layout = Vec::new();
        let mut end = 0;
        for (name, var) in params.iter() {
            let start = end;
            end += var.elem_count();
            layout.push((name.to_owned(), start..end));
        }
        Self { values: vec![0.0; end], layout }
    }

    /// Adds `weight` times the gradients of one backward pass; a parameter without one adds nothing.
    pub fn add(&mut self, params: &Params, grads: &GradStore, weight: f32) -> Result<()> {
        for ((_, var), (_, range)) in params.iter().zip(&self.layout) {
            let Some(grad) = grads.get(var) else { continue };
            let grad = grad.to_device(&Device::Cpu)?.to_dtype(DType::F32)?.contiguous()?;
            let (storage, layout) = grad.storage_and_layout();
            let Storage::Cpu(storage) = &*storage else { candle_core::bail!("a gradient is not on the CPU") };
            for (sum, &g) in self.values[range.clone()].iter_mut().zip(values::<f32>(storage, layout)?) {
                *sum += weight * g;
            }
        }
        Ok(())
    }

    /// Adds `weight` times what `sink` holds and clears it. Errors if it holds a parameter of another name or size.
    pub fn drain(&mut self, sink: &Sink, weight: f32) -> Result<()> {
        let mut held = sink.values();
        let mut rest = held.as_mut_slice();
        for (name, len) in sink.parts() {
            let (own, after) = rest.split_at_mut(*len);
            rest = after;
            let found = self.layout.binary_search_by(|(other, _)| other.cmp(name)).map(|i| self.layout[i].1.clone());
            let Some(range) = found.ok().filter(|range| range.len() == *len) else {
                candle_core::bail!("a sink holds {len} numbers of {name}, the model does not")
            };
            for (sum, g) in self.values[range].iter_mut().zip(own) {
                *sum += weight * std::mem::take(g);
            }
        }
        Ok(())
    }

    /// Back to zeros.
    pub fn clear(&mut self) {
        self.values.fill(0.0);
    }

    /// L2 norm of each parameter's gradient, in name order.
    pub fn norms(&self) -> BTreeMap<String, f64> {
        self.layout.iter().map(|(name, range)| (name.clone(), norm(&self.values[range.clone()]))).collect()
    }

    /// Scales all gradients so that their joint L2 norm is at most `max` (0: no limit); gives the norm before.
    ///
    /// Source: Pascanu, Mikolov & Bengio (2013).
    pub fn clip(&mut self, max: f64) -> f64 {
        let before = norm(&self.values);
        if max > 0.0 && before > max {
            let factor = (max / before) as f32;
            for value in &mut self.values {
                *value *= factor;
            }
        }
        before
    }
}

fn norm(values: &[f32]) -> f64 {
    values.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt()
}

/// Settings of [`AdamW`] that stay the same over a run.
#[derive(Debug, Clone, Copy)]
pub struct AdamWConfig {
    /// Decay of the first moment.
    pub beta1: f64,
    /// Decay of the second moment.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Decoupled decay, applied to matrices only: biases, norms and loss weights keep their size.
    pub weight_decay: f64,
}

impl AdamWConfig {
    /// The usual moments with `weight_decay`.
    pub const fn new(weight_decay: f64) -> Self {
        Self { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weight_decay }
    }
}

/// Adam with decoupled weight decay over one flat buffer; its whole state can be saved and restored.
///
/// Source: Loshchilov & Hutter, "Decoupled weight decay regularization" (2019), algorithm 2.
#[derive(Debug, Clone)]
pub struct AdamW {
    config: AdamWConfig,
    step: u64,
    first: Vec<f32>,
    second: Vec<f32>,
}

impl AdamW {
    /// A fresh optimiser for `params`.
    pub fn new(params: &Params, config: AdamWConfig) -> Self {
        let n = params.count();
        Self { config, step: 0, first: vec![0.0; n], second: vec![0.0; n] }
    }

    /// Steps taken.
    pub const fn steps(&self) -> u64 {
        self.step
    }

    /// Moves every parameter one step down its gradient.
    pub fn step(&mut self, params: &Params, gradients: &Gradients, learning_rate: f64) -> Result<()> {
        let AdamWConfig { beta1, beta2, epsilon, weight_decay } = self.config;
        self.step += 1;
        let correct1 = 1.0 - beta1.powf(self.step as f64);
        let correct2 = 1.0 - beta2.powf(self.step as f64);
        let rate = (learning_rate / correct1) as f32;
        let root = (1.0 / correct2.sqrt()) as f32;
        let (beta1, beta2, epsilon) = (beta1 as f32, beta2 as f32, epsilon as f32);
        for ((_, var), (_, range)) in params.iter().zip(&gradients.layout) {
            let decay = if var.rank() >= 2 { (1.0 - learning_rate * weight_decay) as f32 } else { 1.0 };
            let update = Update { beta1, beta2, epsilon, decay, rate, root };
            let gradient = &gradients.values[range.clone()];
            update.apply(var, gradient, &mut self.first[range.clone()], &mut self.second[range.clone()])?;
        }
        Ok(())
    }

    /// First and second moments `[P]` for a checkpoint.
    pub fn state(&self) -> Result<(Tensor, Tensor)> {
        let n = self.first.len();
        let tensor = |values: &[f32]| Tensor::from_slice(values, n, &Device::Cpu);
        Ok((tensor(&self.first)?, tensor(&self.second)?))
    }

    /// Continues from a checkpoint's moments after `step` steps. Errors if the lengths differ.
    pub fn restore(&mut self, step: u64, first: &Tensor, second: &Tensor) -> Result<()> {
        let (first, second) = (first.to_vec1::<f32>()?, second.to_vec1::<f32>()?);
        if first.len() != self.first.len() || second.len() != self.second.len() {
            candle_core::bail!("the optimiser state has {} numbers, the model {}", first.len(), self.first.len());
        }
        (self.step, self.first, self.second) = (step, first, second);
        Ok(())
    }
}

/// One step's constants for one group of parameters.
#[derive(Clone, Copy)]
struct Update {
    beta1: f32,
    beta2: f32,
    epsilon: f32,
    decay: f32,
    rate: f32,
    root: f32,
}

impl Update {
    fn apply(self, var: &Var, gradient: &[f32], first: &mut [f32], second: &mut [f32]) -> Result<()> {
        if var.device().is_cpu() && var.dtype() == DType::F32 && var.is_contiguous() {
            return var.inplace_op1(&InPlace { update: self, gradient, moments: RefCell::new((first, second)) });
        }
        let mut values = var.to_dtype(DType::F32)?.flatten_all()?.to_vec1::<f32>()?;
        self.step(&mut values, gradient, first, second);
        var.set(&Tensor::from_vec(values, var.shape(), var.device())?.to_dtype(var.dtype())?)
    }

    fn step(self, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let Self { beta1, beta2, epsilon, decay, rate, root } = self;
        let moments = first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK));
        let numbers = values.par_chunks_mut(CHUNK).zip(gradient.par_chunks(CHUNK));
        numbers.zip(moments).for_each(|((values, gradient), (first, second))| {
            let state = first.iter_mut().zip(second);
            for ((value, (m, v)), &g) in values.iter_mut().zip(state).zip(gradient) {
                *m = beta1 * *m + (1.0 - beta1) * g;
                *v = beta2 * *v + (1.0 - beta2) * g * g;
                *value = *value * decay - rate * *m / (v.sqrt() * root + epsilon);
            }
        });
    }
}

/// The update where the parameter lies, without a copy.
struct InPlace<'a> {
    update: Update,
    gradient: &'a [f32],
    /// candle hands the operation over by shared reference.
    moments: RefCell<(&'a mut [f32], &'a mut [f32])>,
}

impl InplaceOp1 for InPlace<'_> {
    fn name(&self) -> &'static str {
        "adamw"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let (start, end) = layout.contiguous_offsets().unwrap_or_default();
        let CpuStorage::F32(values) = storage else { candle_core::bail!("a parameter is not in f32") };
        let (first, second) = &mut *self.moments.borrow_mut();
        self.update.step(&mut values[start..end], self.gradient, first, second);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::{Purpose, purpose_rng};

    fn params() -> Params {
        let mut params = Params::default();
        let mut rng = purpose_rng(1, Purpose::Init, 0);
        params.xavier("w", [3, 2], DType::F32, &Device::Cpu, &mut rng).unwrap();
        params.filled("b", 2, 1.0, DType::F32, &Device::Cpu).unwrap();
        params
    }

    fn gradients(params: &Params) -> Gradients {
        let mut loss = Tensor::zeros((), DType::F32, &Device::Cpu).unwrap();
        for (_, var) in params.iter() {
            loss = (loss + (var.as_tensor().sqr().unwrap().sum_all().unwrap() * 2.0).unwrap()).unwrap();
        }
        let mut gradients = Gradients::new(params);
        gradients.add(params, &loss.backward().unwrap(), 1.0).unwrap();
        gradients
    }

    fn flat(params: &Params, name: &str) -> Vec<f32> {
        params.get(name).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    /// Bit for bit the textbook update for one number, decay on the matrix only.
    #[test]
    fn two_steps_by_hand() {
        let params = params();
        let mut adam = AdamW::new(&params, AdamWConfig::new(0.1));
        let (mut b, mut w) = (1.0_f64, f64::from(flat(&params, "w")[0]));
        let mut moments = [(0.0, 0.0); 2];
        for t in 1..=2 {
            adam.step(&params, &gradients(&params), 0.01).unwrap();
            for ((x, decay), (m, v)) in [(&mut b, 0.0), (&mut w, 0.1)].into_iter().zip(&mut moments) {
                let g = 4.0 * *x;
                *m = 0.9 * *m + 0.1 * g;
                *v = 0.999 * *v + 0.001 * g * g;
                let (mh, vh) = (*m / (1.0 - 0.9_f64.powi(t)), *v / (1.0 - 0.999_f64.powi(t)));
                *x = *x * (1.0 - 0.01 * decay) - 0.01 * mh / (vh.sqrt() + 1e-8);
            }
        }
        assert!((f64::from(flat(&params, "b")[0]) - b).abs() < 1e-6);
        assert!((f64::from(flat(&params, "w")[0]) - w).abs() < 1e-6);
    }

    #[test]
    fn clipping_scales_to_the_limit() {
        let mut g = gradients(&params());
        let before = g.clip(0.5);
        assert!(before > 0.5);
        assert!((g.clip(0.0) - 0.5).abs() < 1e-5, "0 leaves them");
        assert!(g.norms().values().all(|n| *n > 0.0));
        g.clear();
        assert_eq!(g.clip(1.0), 0.0);
    }

    #[test]
    fn a_restored_optimiser_goes_on_bit_for_bit() {
        let (one, two) = (params(), params());
        let config = AdamWConfig::new(0.01);
        let (mut a, mut b) = (AdamW::new(&one, config), AdamW::new(&two, config));
        for _ in 0..3 {
            a.step(&one, &gradients(&one), 0.1).unwrap();
        }
        two.restore(&one.snapshot().unwrap()).unwrap().unwrap();
        let (m, v) = a.state().unwrap();
        b.restore(a.steps(), &m, &v).unwrap();
        a.step(&one, &gradients(&one), 0.1).unwrap();
        b.step(&two, &gradients(&two), 0.1).unwrap();
        assert_eq!(flat(&one, "w"), flat(&two, "w"));
        assert!(b.restore(1, &m.narrow(0, 0, 2).unwrap(), &v).is_err());
    }
}
