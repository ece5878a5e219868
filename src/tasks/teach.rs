use anyhow::{Context as _, Result};
use serde_json::json;

use super::event::{Job, TaskEvent};
use super::orders::forward_wishes;
use super::steps::{STOPS_LATER, Steps};
use crate::jobs::Order;
use crate::models::Network;
use crate::runs::{Exports, RunDir, append_line, keep_epochs, write_lines};
use crate::training::{EpochMetrics, EpochTiming, TrainError, Trainer, read_checkpoint, write_checkpoint};

/// A run's training: which files it keeps.
pub(super) struct Teaching<'a> {
    pub(super) dir: &'a RunDir,
    /// Identifies configuration and data; a checkpoint of another one is refused.
    pub(super) key: &'a str,
    /// The run's beginning, UTC milliseconds.
    pub(super) started: i64,
    /// Writes the best model.
    pub(super) save: &'a dyn Fn(&Network) -> Result<(), TrainError>,
}

impl Teaching<'_> {
    /// Teaches from the start or from the run's checkpoint until the training is finished; the epochs done before.
    ///
    /// After every epoch metrics, exports, best model and checkpoint are on disk, after every order the checkpoint.
    pub(super) fn teach(&self, trainer: &mut Trainer<'_>, job: &Job) -> Result<usize> {
        let dir = self.dir;
        let checkpoint = dir.checkpoint_file();
        if checkpoint.exists() {
            read_checkpoint(&checkpoint, self.key, trainer)?;
            job.emit(TaskEvent::Note(format!("resumes after epoch {}", trainer.state().epoch)));
        } else {
            let gate = trainer.gate()?;
            job.emit(TaskEvent::Note(format!(
                "{} parameters in {} tensors, all reached by the gradient; {} training windows",
                trainer.network().params().count(),
                gate.tensors,
                trainer.windows(),
            )));
        }
        let resumed_at = trainer.state().epoch;
        // Lines after the checkpoint will be written again, with the same bytes.
        for file in [dir.metrics_file(), dir.timing_file()] {
            keep_epochs(&file, resumed_at).context("cutting the metrics back to the checkpoint")?;
        }
        write_lines(&dir.events_file(), &trainer.state().changes).context("writing events.jsonl")?;
        let exports = Exports::begin(dir, self.started).context("writing metrics.csv and the TensorBoard file")?;
        let steps = Steps {
            job,
            prefix: "",
            listen: &|| forward_wishes(dir, job.control()),
            obey: &mut |order, trainer| self.obey(order, trainer, job),
            keep: &mut |trainer, metrics, timing| self.keep(trainer, metrics, timing, &exports, job),
        };
        steps.take(trainer)?;
        Ok(resumed_at)
    }

    /// Writes what an epoch came to.
    fn keep(
        &self,
        trainer: &Trainer<'_>,
        metrics: &EpochMetrics,
        timing: &EpochTiming,
        exports: &Exports,
        job: &Job,
    ) -> Result<()> {
        append_line(&self.dir.metrics_file(), metrics).context("writing metrics.jsonl")?;
        append_line(&self.dir.timing_file(), timing).context("writing timing.jsonl")?;
        exports.add_last().context("writing metrics.csv and the TensorBoard file")?;
        if metrics.best {
            (self.save)(trainer.network())?;
        }
        self.checkpoint(trainer)?;
        let mut record = serde_json::to_value(metrics)?;
        if let Some(fields) = record.as_object_mut() {
            fields.insert("seconds".to_owned(), json!(timing.seconds));
            fields.insert("windows_per_s".to_owned(), json!(timing.windows_per_s));
            fields.insert("data_wait".to_owned(), json!(timing.data_wait));
        }
        job.emit(TaskEvent::Record(record));
        Ok(())
    }

    fn checkpoint(&self, trainer: &Trainer<'_>) -> Result<()> {
        Ok(write_checkpoint(&self.dir.checkpoint_file(), self.key, trainer)?)
    }

    /// Does what the user asked between two optimiser steps. A change is in the checkpoint before it acts, so that a
    /// resume goes on with it from the same step.
    fn obey(&self, order: Order, trainer: &mut Trainer<'_>, job: &Job) -> Result<()> {
        let changes = trainer.state().changes.len();
        let refused = match order {
            Order::Save => Ok(()),
            Order::Stop => {
                trainer.stop();
                Ok(())
            }
            Order::LearningRate(peak) => trainer.change_learning_rate(peak),
            Order::Patience(epochs) => trainer.change_patience(epochs),
        };
        if let Err(sentence) = refused {
            job.emit(TaskEvent::Note(sentence));
            return Ok(());
        }
        self.checkpoint(trainer)?;
        for change in &trainer.state().changes[changes..] {
            append_line(&self.dir.events_file(), change).context("writing events.jsonl")?;
            job.emit(TaskEvent::Record(serde_json::to_value(change)?));
        }
        if order == Order::Save {
            let (epoch, step) = (trainer.state().epoch + 1, trainer.optimizer().steps());
            job.emit(TaskEvent::Record(json!({ "event": "checkpoint", "epoch": epoch, "step": step })));
        }
        if order == Order::Stop && !trainer.finished() {
            job.emit(TaskEvent::Note(STOPS_LATER.to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
