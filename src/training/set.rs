use candle_core::{CpuStorage, Device, InplaceOp1, Layout, Tensor};

use super::TrainError;
use crate::dataset::{Inputs, Labels};
use crate::models::Targets;
use crate::nn::Noise;
use crate::stats;

/// Targets per bar in the network's own units; NaN where undefined.
#[derive(Debug, Clone)]
pub struct TargetTable {
    entry: Vec<f32>,
    exit: Vec<f32>,
    expected_return: Vec<f32>,
    volatility: Vec<f32>,
    net_return: Vec<f32>,
}

impl TargetTable {
    /// Targets from `labels`: returns divided by `scale` sqrt(h), volatility by `scale`, where `scale` is the training
    /// standard deviation of one-bar returns; `cost` is the round-trip cost taken off net returns.
    pub fn new(labels: &Labels, scale: f64, cost: f64) -> Self {
        let root = (labels.horizon as f64).sqrt();
        let single = |x: &[f64], f: &dyn Fn(f64) -> f64| x.iter().map(|&v| f(v) as f32).collect();
        Self {
            entry: single(&labels.entry, &|v| v),
            exit: single(&labels.exit, &|v| v),
            expected_return: single(&labels.forward_return, &|v| v / (scale * root)),
            volatility: single(&labels.volatility, &|v| v / scale),
            net_return: single(&labels.forward_return, &|v| v - cost),
        }
    }

    /// The columns of entry, exit, return and volatility at `bars`.
    pub fn columns(&self, bars: &[usize]) -> [Vec<f64>; 4] {
        [&self.entry, &self.exit, &self.expected_return, &self.volatility]
            .map(|column| bars.iter().map(|&t| f64::from(column[t])).collect())
    }
}

/// Everything the trainer reads.
#[derive(Debug, Clone, Copy)]
pub struct TrainingSet<'a> {
    /// Scaled features.
    pub inputs: &'a Inputs,
    /// What to foresee.
    pub targets: &'a TargetTable,
    /// Decision bars that teach: each with a full window and all labels.
    pub train: &'a [usize],
    /// Decision bars that select.
    pub validation: &'a [usize],
    /// Bars per window.
    pub seq_len: usize,
    /// How much each bar of `train` counts, in its order, with a mean of 1; all alike when `None`.
    pub weights: Option<&'a [f64]>,
    /// A guess of each bar's volatility without a network, one per row of `inputs`; only compared with, never learned
    /// from.
    pub volatility: Option<&'a [f64]>,
}

/// What one batch of training windows gets that validation windows do not.
pub(super) struct Training<'a> {
    /// Weight per bar of the series.
    pub(super) weights: Option<&'a [f32]>,
    /// Standard deviation of Gaussian noise on scaled features, and its stream.
    pub(super) noise: Option<(f64, Noise)>,
}

impl TrainingSet<'_> {
    /// Weights of the training bars, by bar of the series; 0 elsewhere.
    ///
    /// Errors if they are not as many as the bars, negative, not finite, or not 1 on average.
    pub(super) fn weights_by_bar(&self) -> Result<Option<Vec<f32>>, TrainError> {
        let Some(weights) = self.weights else { return Ok(None) };
        let bad = |problem: String| Err(TrainError::SampleWeights(problem));
        if weights.len() != self.train.len() {
            return bad(format!("there are {} for {} windows", weights.len(), self.train.len()));
        }
        let mut by_bar = vec![0.0; self.inputs.rows];
        for (&bar, &weight) in self.train.iter().zip(weights) {
            if !(weight.is_finite() && weight >= 0.0) {
                return bad(format!("that of bar {bar} is {weight}"));
            }
            by_bar[bar] = weight as f32;
        }
        let mean = stats::mean(weights);
        if (mean - 1.0).abs() > 1e-6 {
            return bad(format!("their mean is {mean} instead of 1"));
        }
        Ok(Some(by_bar))
    }

    /// Windows `[B, T, F]` and targets of decision bars `bars`.
    pub(super) fn batch(&self, bars: &[usize], device: &Device) -> Result<(Tensor, Targets), TrainError> {
        self.training_batch(bars, device, &Training { weights: None, noise: None }, &mut None)
    }

    /// [`Self::batch`] with weights and noise. On the CPU the windows are written into `room` if it has their shape, and
    /// are left there: whatever was computed from the batch before must be done with.
    pub(super) fn training_batch(
        &self,
        bars: &[usize],
        device: &Device,
        training: &Training<'_>,
        room: &mut Option<Tensor>,
    ) -> Result<(Tensor, Targets), TrainError> {
        let shape = (bars.len(), self.seq_len, self.inputs.width);
        let write = |windows: &mut [f32]| self.write_windows(bars, training.noise.clone(), windows);
        let fits = |held: &Tensor| device.is_cpu() && held.dims3().is_ok_and(|dims| dims == shape);
        let x = if let Some(held) = room.take().filter(fits) {
            held.inplace_op1(&Overwrite(&write))?;
            held
        } else {
            let mut windows = vec![0.0; bars.len() * self.seq_len * self.inputs.width];
            write(&mut windows);
            Tensor::from_vec(windows, shape, device)?
        };
        *room = Some(x.clone());
        let pick = |column: &[f32]| {
            let values: Vec<f32> = bars.iter().map(|&t| column[t]).collect();
            Tensor::from_vec(values, bars.len(), device)
        };
        let targets = Targets {
            entry: pick(&self.targets.entry)?,
            exit: pick(&self.targets.exit)?,
            expected_return: pick(&self.targets.expected_return)?,
            volatility: pick(&self.targets.volatility)?,
            net_return: pick(&self.targets.net_return)?,
            weight: training.weights.map(pick).transpose()?,
        };
        Ok((x, targets))
    }

    fn write_windows(&self, bars: &[usize], noise: Option<(f64, Noise)>, windows: &mut [f32]) {
        self.inputs.gather_into(bars, self.seq_len, windows);
        let Some((deviation, mut noise)) = noise else { return };
        let (width, scaled) = (self.inputs.width, self.inputs.scaled());
        let draws = noise.normals(windows.len() / width * scaled);
        for (row, draws) in windows.chunks_exact_mut(width).zip(draws.chunks_exact(scaled)) {
            for (value, draw) in row.iter_mut().zip(draws) {
                *value += deviation as f32 * draw;
            }
        }
    }
}

/// New values for a whole f32 tensor where it lies.
struct Overwrite<'a>(&'a dyn Fn(&mut [f32]));

impl InplaceOp1 for Overwrite<'_> {
    fn name(&self) -> &'static str {
        "overwrite"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, _: &Layout) -> candle_core::Result<()> {
        let CpuStorage::F32(values) = storage else { candle_core::bail!("a batch is not in f32") };
        (self.0)(values);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::planted::{FEATURES, SEQ_LEN, World};

    #[test]
    fn noise_and_weights_reach_training_windows_only() {
        let world = World::new(60);
        let bars = [10, 20, 30];
        let weights: Vec<f32> = (0..60).map(|t| t as f32).collect();
        let noise = || Some((0.5, Noise::at(3, 9)));
        let training = || Training { weights: Some(&weights), noise: noise() };
        let flat = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (plain, targets) = world.set().batch(&bars, &Device::Cpu).unwrap();
        assert!(targets.weight.is_none());
        let mut room = None;
        let (x, targets) = world.set().training_batch(&bars, &Device::Cpu, &training(), &mut room).unwrap();
        assert_eq!(targets.weight.unwrap().to_vec1::<f32>().unwrap(), [10.0, 20.0, 30.0]);
        let draws = Noise::at(3, 9).normals(3 * SEQ_LEN * FEATURES);
        for ((noisy, plain), draw) in flat(&x).into_iter().zip(flat(&plain)).zip(draws) {
            assert_eq!(noisy, plain + 0.5 * draw);
        }
        let before = flat(&x);
        let plain = || Training { weights: None, noise: None };
        let (again, _) = world.set().training_batch(&[40, 50, 30], &Device::Cpu, &plain(), &mut room).unwrap();
        assert_ne!(flat(&x), before, "the same memory");
        assert_eq!(flat(&again), flat(&world.set().batch(&[40, 50, 30], &Device::Cpu).unwrap().0));
        let (other, _) = world.set().training_batch(&[40], &Device::Cpu, &plain(), &mut room).unwrap();
        assert_eq!((other.dims()[0], flat(&other)), (1, flat(&world.set().batch(&[40], &Device::Cpu).unwrap().0)));
    }
}
