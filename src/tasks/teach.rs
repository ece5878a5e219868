use std::cell::RefCell;

use anyhow::{Context as _, Result};
use serde_json::json;

use super::event::{Job, TaskEvent};
use super::orders::forward_wishes;
use super::steps::{STOPS_LATER, Steps};
use crate::jobs::Order;
use crate::models::Network;
use crate::runs::{Exports, RunDir, StepLog, append_line, keep_epochs, read_lines, write_lines};
use crate::training::{
    EpochMetrics, EpochTiming, StepMetrics, StepTiming, TrainError, Trainer, read_checkpoint, write_checkpoint,
};

const EXPORTING: &str = "writing metrics.csv, steps.csv and the TensorBoard file";

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

/// What a training writes on.
struct Logs {
    steps: StepLog,
    exports: Exports,
    /// Seconds of the finished epochs.
    seconds: f64,
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
        let steps =
            StepLog::open(dir, trainer.optimizer().steps()).context("cutting the steps back to the checkpoint")?;
        let exports = Exports::begin(dir, self.started).context(EXPORTING)?;
        let seconds = read_lines::<EpochTiming>(&dir.timing_file()).iter().map(|epoch| epoch.seconds).sum();
        let logs = RefCell::new(Logs { steps, exports, seconds });
        if resumed_at > 0 || trainer.batch() > 0 {
            let (epoch, step) = (resumed_at, trainer.optimizer().steps());
            job.emit(TaskEvent::Record(json!({ "event": "resumed", "epoch": epoch, "step": step })));
        }
        let steps = Steps {
            job,
            prefix: "",
            listen: &|| forward_wishes(dir, job.control()),
            obey: &mut |order, trainer| self.obey(order, trainer, &logs.borrow(), job),
            line: &mut |line, seconds| Self::keep_steps(line, seconds, &mut logs.borrow_mut(), job),
            keep: &mut |trainer, metrics, timing| self.keep(trainer, metrics, timing, &mut logs.borrow_mut(), job),
        };
        steps.take(trainer)?;
        Ok(resumed_at)
    }

    /// Writes a line of steps, `seconds` into its epoch.
    fn keep_steps(line: &StepMetrics, seconds: f64, logs: &mut Logs, job: &Job) -> Result<()> {
        let timing = StepTiming { step: line.step, seconds: logs.seconds + seconds };
        logs.steps.add(line, &timing).context("writing steps.jsonl")?;
        logs.exports.add_step(line, &timing).context(EXPORTING)?;
        let mut record = serde_json::to_value(line)?;
        record["seconds"] = json!(timing.seconds);
        job.emit(TaskEvent::Record(record));
        Ok(())
    }

    /// Writes what an epoch came to.
    fn keep(
        &self,
        trainer: &Trainer<'_>,
        metrics: &EpochMetrics,
        timing: &EpochTiming,
        logs: &mut Logs,
        job: &Job,
    ) -> Result<()> {
        append_line(&self.dir.metrics_file(), metrics).context("writing metrics.jsonl")?;
        append_line(&self.dir.timing_file(), timing).context("writing timing.jsonl")?;
        logs.seconds += timing.seconds;
        logs.exports.add_last().context(EXPORTING)?;
        if metrics.best {
            (self.save)(trainer.network())?;
        }
        self.checkpoint(trainer, logs)?;
        let mut record = serde_json::to_value(metrics)?;
        if let Some(fields) = record.as_object_mut() {
            fields.insert("seconds".to_owned(), json!(timing.seconds));
            fields.insert("windows_per_s".to_owned(), json!(timing.windows_per_s));
            fields.insert("data_wait".to_owned(), json!(timing.data_wait));
        }
        job.emit(TaskEvent::Record(record));
        Ok(())
    }

    fn checkpoint(&self, trainer: &Trainer<'_>, logs: &Logs) -> Result<()> {
        logs.steps.sync().context("writing steps.jsonl")?;
        Ok(write_checkpoint(&self.dir.checkpoint_file(), self.key, trainer)?)
    }

    /// Does what the user asked between two optimiser steps. A change is in the checkpoint before it acts, so that a
    /// resume goes on with it from the same step.
    fn obey(&self, order: Order, trainer: &mut Trainer<'_>, logs: &Logs, job: &Job) -> Result<()> {
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
        self.checkpoint(trainer, logs)?;
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
