use anyhow::Result;

use super::event::Job;
use super::prepare::Dataset;
use super::teach::Teaching;
use crate::config::TrainConfig;
use crate::dataset::{Labels, Slice, sample_weights};
use crate::market::Series;
use crate::models::Network;
use crate::runs::RunDir;
use crate::training::{Device, Trainer, TrainerConfig, TrainingSet, fresh_network, historical_volatility, save_model};

/// Bars of the volatility that the network's is compared with.
const VOLATILITY_BARS: usize = 20;

/// What training came to.
#[derive(Debug, Clone)]
pub(super) struct Trained {
    pub(super) epochs: usize,
    pub(super) best_epoch: usize,
    pub(super) best_score: f64,
    pub(super) resumed_at: usize,
    /// True if the user ended it.
    pub(super) stopped: bool,
}

/// Weights of the training bars `train`; `None` if all count alike.
pub(super) fn training_weights(labels: &Labels, train: &[usize], config: &TrainConfig) -> Option<Vec<f64>> {
    (config.uniqueness || config.recency > 0.0).then(|| sample_weights(labels, train, config))
}

/// What a trainer borrows.
pub(super) struct Material {
    train: Vec<usize>,
    validation: Vec<usize>,
    weights: Option<Vec<f64>>,
    volatility: Vec<f64>,
}

impl Material {
    /// Windows and their weights from `dataset`, made of `series`.
    pub(super) fn new(dataset: &Dataset, series: &Series) -> Self {
        let train = dataset.bars(Slice::Train);
        let config = &dataset.card.train;
        let closes: Vec<f64> = series.bars().iter().map(|bar| bar.close).collect();
        Self {
            weights: training_weights(&dataset.labels, &train, config),
            train,
            validation: dataset.bars(Slice::Validation),
            volatility: historical_volatility(&closes, VOLATILITY_BARS),
        }
    }

    /// A trainer with a fresh network.
    pub(super) fn trainer<'a>(&'a self, dataset: &'a Dataset, device: &Device) -> Result<Trainer<'a>> {
        let card = &dataset.card;
        let set = TrainingSet {
            inputs: &dataset.inputs,
            targets: &dataset.targets,
            train: &self.train,
            validation: &self.validation,
            seq_len: card.model.seq_len,
            weights: self.weights.as_deref(),
            volatility: Some(&self.volatility),
        };
        let network = fresh_network(&card.model, dataset.inputs.width, &card.train, device)?;
        let config = TrainerConfig {
            train: card.train.clone(),
            return_variance: card.return_variance,
            input_noise: card.features.noise,
        };
        Ok(Trainer::new(network, config, set)?)
    }
}

/// Teaches a network from the start or from the run's checkpoint; after every epoch metrics, best model and checkpoint
/// are on disk. `started`: the run's beginning, UTC milliseconds.
pub(super) fn train(
    dir: &RunDir,
    key: &str,
    started: i64,
    dataset: &Dataset,
    series: &Series,
    device: &Device,
    job: &Job,
) -> Result<Trained> {
    let material = Material::new(dataset, series);
    let mut trainer = material.trainer(dataset, device)?;
    let save = |network: &Network| save_model(&dir.model_file(), &dataset.card, network);
    let resumed_at = Teaching { dir, key, started, save: &save }.teach(&mut trainer, job)?;
    let state = trainer.state();
    Ok(Trained {
        epochs: state.epoch,
        best_epoch: state.best_epoch,
        best_score: state.best_score.unwrap_or(f64::NAN),
        resumed_at,
        stopped: state.stopped,
    })
}
