use candle_core::{Device, Tensor};

use super::TrainError;
use crate::dataset::{Inputs, Labels};
use crate::models::Targets;

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
}

impl TrainingSet<'_> {
    /// Windows `[B, T, F]` and targets of decision bars `bars`.
    pub(super) fn batch(&self, bars: &[usize], device: &Device) -> Result<(Tensor, Targets), TrainError> {
        let mut buffer = Vec::with_capacity(bars.len() * self.seq_len * self.inputs.width);
        self.inputs.gather(bars, self.seq_len, &mut buffer);
        let x = Tensor::from_vec(buffer, (bars.len(), self.seq_len, self.inputs.width), device)?;
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
            weight: None,
        };
        Ok((x, targets))
    }
}
