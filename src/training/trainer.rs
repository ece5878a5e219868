use std::time::Instant;

use candle_core::Tensor;
use rand::seq::SliceRandom as _;

use super::evaluate::{add_losses, constant_losses, evaluate};
use super::metrics::{EpochMetrics, EpochTiming, TaskLosses};
use super::state::TrainState;
use super::{TrainError, TrainingSet};
use crate::config::TrainConfig;
use crate::jobs::Cancelled;
use crate::models::{Network, Objective, Probe};
use crate::nn::{AdamW, AdamWConfig, Gradients, Noise, Purpose, purpose_rng, warmup_cosine};

/// Bounds of the learned log variances.
const LOG_VARIANCE: std::ops::RangeInclusive<f32> = -4.0..=4.0;
/// Share of all steps over which the weight of KL rises from 0.
const KL_WARMUP: f64 = 0.2;
/// KL in nats above which a latent counts as active.
const ACTIVE_KL: f64 = 0.01;

/// Constants of one training.
#[derive(Debug, Clone)]
pub struct TrainerConfig {
    /// Loop settings.
    pub train: TrainConfig,
    /// Variance of forward returns (fractions) on the training slice.
    pub return_variance: f64,
}

/// One network being taught.
#[derive(Debug)]
pub struct Trainer<'a> {
    config: TrainerConfig,
    set: TrainingSet<'a>,
    network: Network,
    optimizer: AdamW,
    state: TrainState,
    constants: [f64; 4],
}

impl<'a> Trainer<'a> {
    /// A trainer at the start of epoch one.
    ///
    /// Errors if the training slice holds less than one batch or the validation slice nothing.
    pub fn new(network: Network, config: TrainerConfig, set: TrainingSet<'a>) -> Result<Self, TrainError> {
        let batch_size = config.train.batch_size;
        if set.train.len() < batch_size || set.validation.is_empty() {
            return Err(TrainError::TooFewWindows { batch_size, windows: set.train.len() });
        }
        let optimizer = AdamW::new(network.params(), AdamWConfig::new(config.train.weight_decay));
        let constants = constant_losses(&set);
        Ok(Self { config, set, network, optimizer, state: TrainState::default(), constants })
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The optimiser as it is now.
    pub fn optimizer(&self) -> &AdamW {
        &self.optimizer
    }

    /// Where training stands.
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// Continues from a checkpoint's weights (already in the network), moments and state.
    pub fn resume(&mut self, state: TrainState, steps: u64, first: &Tensor, second: &Tensor) -> Result<(), TrainError> {
        self.optimizer.restore(steps, first, second)?;
        self.state = state;
        Ok(())
    }

    /// True when there is nothing left to do.
    pub fn finished(&self) -> bool {
        self.state.finished(self.config.train.num_epochs)
    }

    /// Batches of one epoch.
    pub fn batches_per_epoch(&self) -> usize {
        self.set.train.len().div_ceil(self.config.train.batch_size)
    }

    fn steps_per_epoch(&self) -> usize {
        self.batches_per_epoch().div_ceil(self.config.train.accumulation_steps)
    }

    /// The objective at optimiser step `step`: KL's weight rises over the first fifth of all steps.
    fn objective(&self, step: usize) -> Objective {
        let total = (self.steps_per_epoch() * self.config.train.num_epochs) as f64;
        let ramp = (step as f64 / (KL_WARMUP * total).max(1.0)).min(1.0);
        Objective { return_variance: self.config.return_variance, beta: self.config.train.kl_beta * ramp, focal: 0.0 }
    }

    /// The objective of evaluation and gate: KL at full weight.
    pub fn full_objective(&self) -> Objective {
        Objective { return_variance: self.config.return_variance, beta: self.config.train.kl_beta, focal: 0.0 }
    }

    /// One pass over the training slice in a fresh order, then validation.
    ///
    /// `progress` is called per batch with its number and asked whether to go on.
    pub fn epoch(
        &mut self,
        progress: &dyn Fn(usize) -> Result<(), Cancelled>,
    ) -> Result<(EpochMetrics, EpochTiming), TrainError> {
        let start = Instant::now();
        let train = self.config.train.clone();
        let mut order = self.set.train.to_vec();
        order.shuffle(&mut purpose_rng(train.seed, Purpose::Shuffle, self.state.epoch as u64));
        let mut tally = Tally::default();
        let group_size = train.batch_size * train.accumulation_steps;
        let mut gradients = Gradients::new(self.network.params());
        for group in order.chunks(group_size) {
            gradients.clear();
            let rate = self.learning_rate();
            let objective = self.objective(self.optimizer.steps() as usize);
            for bars in group.chunks(train.batch_size) {
                progress(tally.batches)?;
                let weight = bars.len() as f32 / group.len() as f32;
                self.batch(bars, &objective, weight, &mut gradients, &mut tally)?;
            }
            let norm = gradients.clip(train.max_grad_norm);
            if !norm.is_finite() {
                let norms = gradients.norms();
                let name = norms.iter().find(|(_, n)| !n.is_finite()).map_or("?", |(name, _)| name);
                return Err(self.not_finite(tally.batches, &format!("the gradient of {name}")));
            }
            tally.norm(norm);
            self.optimizer.step(self.network.params(), &gradients, rate)?;
            self.project_log_variances()?;
            tally.rate = rate;
        }
        let trained = start.elapsed().as_secs_f64();
        self.state.epoch += 1;
        let metrics = self.validate(&tally)?;
        let timing = EpochTiming {
            epoch: self.state.epoch,
            seconds: start.elapsed().as_secs_f64(),
            windows_per_s: tally.windows as f64 / trained,
            data_wait: tally.gathering / trained,
        };
        Ok((metrics, timing))
    }

    fn learning_rate(&self) -> f64 {
        let train = &self.config.train;
        let total = self.steps_per_epoch() * train.num_epochs;
        let warmup = (train.warmup * total as f64).round() as usize;
        warmup_cosine(self.optimizer.steps() as usize, warmup, total, train.learning_rate, train.min_lr)
    }

    fn batch(
        &mut self,
        bars: &[usize],
        objective: &Objective,
        weight: f32,
        gradients: &mut Gradients,
        tally: &mut Tally,
    ) -> Result<(), TrainError> {
        let gathering = Instant::now();
        let (x, targets) = self.set.batch(bars, self.network.device())?;
        tally.gathering += gathering.elapsed().as_secs_f64();
        let mut noise = Noise::at(self.config.train.seed, self.state.batches);
        let outputs = self.network.forward(&x, &mut noise, &mut Probe::default())?;
        let losses = objective.losses(&self.network, &outputs, &targets)?;
        let mut own = TaskLosses::default();
        add_losses(&mut own, &losses, bars.len())?;
        tally.batches += 1;
        if let Some(culprit) = own.culprit() {
            return Err(self.not_finite(tally.batches, culprit));
        }
        tally.add(own, bars.len());
        gradients.add(self.network.params(), &losses.total.backward()?, weight)?;
        self.state.batches += 1;
        Ok(())
    }

    fn not_finite(&self, batch: usize, culprit: &str) -> TrainError {
        TrainError::NotFinite { epoch: self.state.epoch + 1, batch, culprit: culprit.to_owned() }
    }

    fn project_log_variances(&self) -> Result<(), TrainError> {
        for (name, var) in self.network.params().iter().filter(|(name, _)| name.starts_with("loss.")) {
            let value = var.to_vec1::<f32>()?[0];
            let bounded = value.clamp(*LOG_VARIANCE.start(), *LOG_VARIANCE.end());
            if bounded != value {
                log::debug!("{name} held at {bounded}");
                var.set(&Tensor::from_vec(vec![bounded], 1, var.device())?)?;
            }
        }
        Ok(())
    }

    fn validate(&mut self, tally: &Tally) -> Result<EpochMetrics, TrainError> {
        let objective = self.full_objective();
        let evaluation = evaluate(&self.network, &objective, &self.set, self.constants, self.config.train.batch_size)?;
        if let Some(culprit) = evaluation.losses.culprit() {
            return Err(self.not_finite(tally.batches, &format!("on validation, {culprit}")));
        }
        let best = self.state.take(evaluation.score, self.config.train.patience);
        let log_variances = self
            .network
            .log_variances()
            .iter()
            .map(|s| Ok(f64::from(s.to_vec1::<f32>()?[0])))
            .collect::<candle_core::Result<_>>()?;
        Ok(EpochMetrics {
            event: "epoch".to_owned(),
            epoch: self.state.epoch,
            step: self.optimizer.steps(),
            learning_rate: tally.rate,
            train: tally.losses.divided(tally.windows),
            validation: evaluation.losses,
            score: evaluation.score,
            best,
            learned: evaluation.learned,
            gradient_norm: tally.norms / tally.steps as f64,
            gradient_norm_max: tally.norm_max,
            log_variances,
            active_latents: evaluation.kl.iter().filter(|kl| **kl > ACTIVE_KL).count(),
            kl: evaluation.kl,
            attention_entropy: evaluation.attention_entropy,
        })
    }
}

/// Sums over one epoch.
#[derive(Default)]
struct Tally {
    losses: TaskLosses,
    windows: usize,
    batches: usize,
    steps: usize,
    norms: f64,
    norm_max: f64,
    rate: f64,
    gathering: f64,
}

impl Tally {
    fn add(&mut self, own: TaskLosses, n: usize) {
        let sums = &mut self.losses;
        sums.entry += own.entry;
        sums.exit += own.exit;
        sums.expected_return += own.expected_return;
        sums.volatility += own.volatility;
        sums.vae += own.vae;
        sums.size += own.size;
        self.windows += n;
    }

    fn norm(&mut self, norm: f64) {
        self.steps += 1;
        self.norms += norm;
        self.norm_max = self.norm_max.max(norm);
    }
}

#[cfg(test)]
mod tests;
