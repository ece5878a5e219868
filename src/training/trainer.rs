use std::time::Instant;

use candle_core::{DType, Tensor};
use rand::seq::SliceRandom as _;

use super::balance::Balance;
use super::evaluate::{add_losses, evaluate};
use super::gate::{GateReport, gradient_gate};
use super::metrics::{EpochMetrics, EpochTiming, StepMetrics, TaskLosses};
use super::monitors::{dead_units, flat, relative_change};
use super::set::Training;
use super::state::TrainState;
use super::tally::Tally;
use super::{TrainError, TrainingSet};
use crate::config::TrainConfig;
use crate::jobs::Cancelled;
use crate::models::{Network, NetworkSink, Objective};
use crate::nn::{AdamWConfig, Noise, Optimizer, Purpose, purpose_rng, warm_restarts};

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
    /// Standard deviation of Gaussian noise on scaled features while training; 0 for none.
    pub input_noise: f64,
}

/// One network being taught.
#[derive(Debug)]
pub struct Trainer<'a> {
    config: TrainerConfig,
    set: TrainingSet<'a>,
    network: Network,
    /// Where a backward pass leaves the gradients of fused parameters.
    sink: NetworkSink,
    /// The memory of one batch of windows.
    room: Option<Tensor>,
    optimizer: Optimizer,
    state: TrainState,
    balance: Balance,
    constants: [f64; 4],
    /// Weight per bar of the series.
    weights: Option<Vec<f32>>,
    running: Option<Running>,
    /// The line of steps just made, with the seconds of its epoch so far.
    line: Option<(StepMetrics, f64)>,
}

/// What an epoch begun needs beside its sums.
#[derive(Debug)]
struct Running {
    /// Training bars in this epoch's order.
    order: Vec<usize>,
    /// All parameters before the epoch.
    before: Vec<f32>,
}

impl<'a> Trainer<'a> {
    /// A trainer at the start of epoch one.
    ///
    /// Errors if the training slice holds less than one batch, the validation slice nothing, a class to be balanced no
    /// member, the steps are too few for the restarts, or a weight is negative or not finite.
    pub fn new(network: Network, config: TrainerConfig, set: TrainingSet<'a>) -> Result<Self, TrainError> {
        let train = &config.train;
        if set.train.len() < train.batch_size {
            return Err(TrainError::TooFewWindows { batch_size: train.batch_size, windows: set.train.len() });
        }
        if set.validation.is_empty() {
            return Err(TrainError::NoValidation);
        }
        let balance = Balance::new(&set, train.class_weights, train.focal_gamma)?;
        let optimizer = Optimizer::new(network.params(), AdamWConfig::new(train.weight_decay))?;
        let constants = balance.constant_losses(&set);
        let weights = set.weights_by_bar()?;
        let state = TrainState::default();
        let sink = network.sink()?;
        let trainer = Self {
            config,
            set,
            network,
            sink,
            room: None,
            optimizer,
            state,
            balance,
            constants,
            weights,
            running: None,
            line: None,
        };
        trainer.check_restarts()?;
        Ok(trainer)
    }

    /// The network as it is now.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The optimiser as it is now.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Where training stands.
    pub fn state(&self) -> &TrainState {
        &self.state
    }

    /// All parameters as they were before the epoch that is at work; `None` between epochs.
    pub(super) fn before_epoch(&self) -> Option<&[f32]> {
        self.running.as_ref().map(|running| running.before.as_slice())
    }

    /// Continues from a checkpoint's weights (already in the network), moments, state and, within an epoch, the
    /// parameters before it.
    pub(super) fn resume(
        &mut self,
        state: TrainState,
        steps: u64,
        moments: [&Tensor; 2],
        before: Option<Vec<f32>>,
    ) -> Result<(), TrainError> {
        self.optimizer.restore(steps, moments[0], moments[1])?;
        self.state = state;
        self.running = before.map(|before| self.start(before));
        Ok(())
    }

    /// Checks that the gradient reaches every parameter; see [`gradient_gate`].
    pub fn gate(&self) -> Result<GateReport, TrainError> {
        gradient_gate(&self.network, &self.full_objective(), &self.set, self.config.train.seed)
    }

    /// Windows that teach.
    pub fn windows(&self) -> usize {
        self.set.train.len()
    }

    /// Epochs at most.
    pub fn epochs(&self) -> usize {
        self.config.train.num_epochs
    }

    /// Batches of the epoch at work that are done.
    pub fn batch(&self) -> usize {
        self.state.partial.as_ref().map_or(0, |tally| tally.batches)
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

    fn total_steps(&self) -> usize {
        self.steps_per_epoch() * self.config.train.num_epochs
    }

    /// The objective at optimiser step `step`: KL's weight rises over the first fifth of all steps.
    fn objective(&self, step: usize) -> Objective {
        let ramp = (step as f64 / (KL_WARMUP * self.total_steps() as f64).max(1.0)).min(1.0);
        Objective { beta: self.config.train.kl_beta * ramp, ..self.full_objective() }
    }

    /// The objective of evaluation and gate: KL at full weight.
    pub fn full_objective(&self) -> Objective {
        let train = &self.config.train;
        Objective { return_variance: self.config.return_variance, beta: train.kl_beta, focal: train.focal_gamma }
    }

    /// Peak of the learning rate's schedule.
    fn peak(&self) -> f64 {
        self.state.learning_rate.unwrap_or(self.config.train.learning_rate)
    }

    fn patience(&self) -> usize {
        self.state.patience.unwrap_or(self.config.train.patience)
    }

    /// The rate of the next optimiser step.
    pub fn learning_rate(&self) -> f64 {
        let train = &self.config.train;
        let (total, peak) = (self.total_steps(), self.peak());
        let (warmup, step) = (self.warmup_steps(), self.optimizer.steps() as usize);
        warm_restarts(step, warmup, total, self.restarts(), peak, train.min_lr.min(peak))
    }

    /// One pass over the training slice in a fresh order (or what is left of it), then validation.
    ///
    /// `progress` is called per batch with its number in the epoch and asked whether to go on.
    pub fn epoch(
        &mut self,
        progress: &dyn Fn(usize) -> Result<(), Cancelled>,
    ) -> Result<(EpochMetrics, EpochTiming), TrainError> {
        loop {
            if let Some(lines) = self.step(progress)? {
                return Ok(lines);
            }
        }
    }

    /// One optimiser step; with the last one of an epoch its validation and figures.
    pub fn step(
        &mut self,
        progress: &dyn Fn(usize) -> Result<(), Cancelled>,
    ) -> Result<Option<(EpochMetrics, EpochTiming)>, TrainError> {
        let start = Instant::now();
        let running =
            if let Some(running) = self.running.take() { running } else { self.start(flat(self.network.params())?) };
        let mut tally = self.state.partial.take().unwrap_or_default();
        let rate = self.learning_rate();
        self.group(&running, &mut tally, rate, progress)?;
        tally.seconds += start.elapsed().as_secs_f64();
        self.note_step(&mut tally, running.order.len());
        if tally.windows < running.order.len() {
            self.state.partial = Some(tally);
            self.running = Some(running);
            return Ok(None);
        }
        let start = Instant::now();
        let metrics = self.validate(&tally, &running.before)?;
        let timing = EpochTiming {
            epoch: self.state.epoch,
            seconds: tally.seconds + start.elapsed().as_secs_f64(),
            windows_per_s: tally.windows as f64 / tally.seconds,
            data_wait: tally.gathering / tally.seconds,
        };
        Ok(Some((metrics, timing)))
    }

    fn start(&self, before: Vec<f32>) -> Running {
        let mut order = self.set.train.to_vec();
        order.shuffle(&mut purpose_rng(self.config.train.seed, Purpose::Shuffle, self.state.epoch as u64));
        Running { order, before }
    }

    /// The batches of one optimiser step, and the step at `rate`.
    fn group(
        &mut self,
        running: &Running,
        tally: &mut Tally,
        rate: f64,
        progress: &dyn Fn(usize) -> Result<(), Cancelled>,
    ) -> Result<(), TrainError> {
        let (batch_size, most) = (self.config.train.batch_size, self.config.train.accumulation_steps);
        let left = &running.order[tally.windows..];
        let group = &left[..left.len().min(batch_size * most)];
        self.optimizer.clear()?;
        let objective = self.objective(self.optimizer.steps() as usize);
        for bars in group.chunks(batch_size) {
            progress(tally.batches)?;
            self.teach(bars, &objective, group.len(), tally)?;
        }
        let norm = self.optimizer.clip(self.config.train.max_grad_norm)?;
        if !norm.is_finite() {
            let name = self.optimizer.not_finite()?.unwrap_or_else(|| "?".to_owned());
            return Err(self.not_finite(tally.batches, &format!("the gradient of {name}")));
        }
        tally.step(norm);
        self.optimizer.step(self.network.params(), rate)?;
        self.project_log_variances()?;
        tally.rate = rate;
        Ok(())
    }

    /// One batch of a group of `group` windows.
    fn teach(
        &mut self,
        bars: &[usize],
        objective: &Objective,
        group: usize,
        tally: &mut Tally,
    ) -> Result<(), TrainError> {
        let gathering = Instant::now();
        let (seed, batch) = (self.config.train.seed, self.state.batches);
        let deviation = self.config.input_noise;
        let noise = (deviation > 0.0).then(|| (deviation, Noise::of(Purpose::Inputs, seed, batch)));
        let training = Training { weights: self.weights.as_deref(), noise };
        let (x, targets) = self.set.training_batch(bars, self.network.device(), &training, &mut self.room)?;
        tally.gathering += gathering.elapsed().as_secs_f64();
        let counted = match &self.weights {
            Some(weights) => bars.iter().map(|&t| f64::from(weights[t])).sum(),
            None => bars.len() as f64,
        };
        if counted == 0.0 {
            tally.batches += 1;
            tally.add(TaskLosses::default(), bars.len(), 0.0);
            self.state.batches += 1;
            return Ok(());
        }
        let mut own = TaskLosses::default();
        let outputs = self.network.forward_into(&x, &mut Noise::at(seed, batch), &self.sink)?;
        let losses = objective.balanced_losses(&self.network, &outputs, &targets, self.balance.positive)?;
        add_losses(&mut own, &losses, counted)?;
        tally.batches += 1;
        if let Some(culprit) = own.culprit() {
            return Err(self.not_finite(tally.batches, culprit));
        }
        tally.add(own, bars.len(), counted);
        tally.total += losses.total.to_dtype(DType::F64)?.to_scalar::<f64>()? * counted;
        let share = counted as f32 / group as f32;
        self.optimizer.add(self.network.params(), &losses.total.backward()?, self.sink.sinks(), share)?;
        self.state.batches += 1;
        Ok(())
    }

    fn not_finite(&self, batch: usize, culprit: &str) -> TrainError {
        let (epoch, step) = (self.state.epoch + 1, self.optimizer.steps() + 1);
        TrainError::NotFinite { epoch, batch, step, culprit: culprit.to_owned() }
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

    /// Ends the epoch.
    fn validate(&mut self, tally: &Tally, before: &[f32]) -> Result<EpochMetrics, TrainError> {
        let objective = self.full_objective();
        let (positive, batch_size) = (self.balance.positive, self.config.train.batch_size);
        let evaluation = evaluate(&self.network, &objective, &self.set, positive, self.constants, batch_size)?;
        if let Some(culprit) = evaluation.losses.culprit() {
            return Err(self.not_finite(tally.batches, &format!("on validation, {culprit}")));
        }
        let seed = self.config.train.seed;
        let (dead, _) = dead_units(&self.network, &objective, &self.set, seed, self.state.epoch as u64)?;
        self.state.epoch += 1;
        let best = self.state.take(evaluation.score, self.patience());
        let log_variances = self
            .network
            .log_variances()
            .iter()
            .map(|s| Ok(f64::from(s.to_vec1::<f32>()?[0])))
            .collect::<candle_core::Result<_>>()?;
        let (gradient_norm, gradient_norm_max) = tally.norms();
        Ok(EpochMetrics {
            event: "epoch".to_owned(),
            epoch: self.state.epoch,
            step: self.optimizer.steps(),
            learning_rate: tally.rate,
            train: tally.losses.divided(tally.weight),
            validation: evaluation.losses,
            score: evaluation.score,
            best,
            learned: evaluation.learned,
            gradient_norm,
            gradient_norm_max,
            weight_change: Some(relative_change(before, &flat(self.network.params())?)),
            dead_units: Some(dead),
            log_variances,
            active_latents: evaluation.kl.iter().filter(|kl| **kl > ACTIVE_KL).count(),
            kl: evaluation.kl,
            attention_entropy: evaluation.attention_entropy,
        })
    }
}

mod lines;
mod live;
#[cfg(test)]
mod option_tests;
mod restarts;
mod sweep;
#[cfg(test)]
mod tests;

pub use sweep::StepTaken;
