//! Something to learn, for the tests of the loop.

use candle_core::{DType, Device};

use super::{TargetTable, Trainer, TrainerConfig, TrainingSet};
use crate::config::{ModelConfig, Norm, Pooling, TrainConfig};
use crate::dataset::{Inputs, Labels};
use crate::models::Network;
use crate::nn::Noise;

pub(crate) const SEQ_LEN: usize = 6;
pub(crate) const FEATURES: usize = 3;

/// Bars whose entry label is the sign of the first feature.
pub(crate) struct World {
    pub(crate) inputs: Inputs,
    pub(crate) targets: TargetTable,
    pub(crate) train: Vec<usize>,
    pub(crate) validation: Vec<usize>,
    /// Weights of the training bars, mean 1.
    pub(crate) weights: Vec<f64>,
    /// A guess of each bar's volatility.
    pub(crate) volatility: Vec<f64>,
}

impl World {
    pub(crate) fn new(bars: usize) -> Self {
        let data = Noise::at(5, 0).normals(bars * FEATURES);
        let first: Vec<f64> = data.chunks(FEATURES).map(|row| f64::from(row[0])).collect();
        let flag = |sign: f64| first.iter().map(|x| f64::from(u8::from(x * sign > 0.3))).collect();
        let labels = Labels {
            horizon: 1,
            forward_return: first.iter().map(|x| 0.01 * x).collect(),
            entry: flag(1.0),
            exit: flag(-1.0),
            volatility: first.iter().map(|x| 0.01 * x.abs()).collect(),
            sigma: vec![0.01; bars],
            ..Labels::default()
        };
        let names = (0..FEATURES).map(|i| format!("f{i}")).collect();
        let end = bars - bars / 4;
        let train: Vec<usize> = (SEQ_LEN..end).collect();
        let n = train.len() as f64;
        Self {
            inputs: Inputs::complete(names, data),
            targets: TargetTable::new(&labels, 0.01, 0.0),
            weights: (0..train.len()).map(|i| 0.5 + (i as f64 + 0.5) / n).collect(),
            train,
            validation: (end..bars).collect(),
            volatility: first.iter().map(|x| x.abs().sqrt()).collect(),
        }
    }

    pub(crate) fn set(&self) -> TrainingSet<'_> {
        TrainingSet {
            inputs: &self.inputs,
            targets: &self.targets,
            train: &self.train,
            validation: &self.validation,
            seq_len: SEQ_LEN,
            weights: None,
            volatility: None,
        }
    }

    pub(crate) fn trainer(&self, shape: &ModelConfig, config: TrainerConfig) -> Trainer<'_> {
        Trainer::new(network(shape), config, self.set()).unwrap()
    }
}

pub(crate) fn network(shape: &ModelConfig) -> Network {
    Network::new(shape, FEATURES, 1, DType::F32, &Device::Cpu).unwrap()
}

pub(crate) fn shape(norm: Norm, pooling: Pooling) -> ModelConfig {
    ModelConfig {
        seq_len: SEQ_LEN,
        d_model: 8,
        num_heads: 2,
        num_layers: 2,
        d_ff: 16,
        dropout: 0.1,
        latent_dim: 2,
        pooling,
        norm,
        ..ModelConfig::default()
    }
}

pub(crate) fn config(num_epochs: usize) -> TrainerConfig {
    let train = TrainConfig {
        batch_size: 8,
        num_epochs,
        learning_rate: 3e-3,
        accumulation_steps: 3,
        patience: 50,
        ..TrainConfig::default()
    };
    TrainerConfig { train, return_variance: 1e-4, input_noise: 0.0 }
}
