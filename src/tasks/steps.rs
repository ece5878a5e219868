use anyhow::Result;

use super::event::Job;
use crate::jobs::Order;
use crate::training::{EpochMetrics, EpochTiming, StepMetrics, Trainer};

/// What is done around the optimiser steps of one training.
pub(super) struct Steps<'a> {
    pub(super) job: &'a Job,
    /// Begins every stage's name.
    pub(super) prefix: &'a str,
    /// Hands in what came from outside of this process; called before every step and while paused.
    pub(super) listen: &'a dyn Fn(),
    /// Does what was ordered between two steps.
    pub(super) obey: &'a mut dyn FnMut(Order, &mut Trainer<'_>) -> Result<()>,
    /// Keeps a line of figures within an epoch, so many seconds into it.
    pub(super) line: &'a mut dyn FnMut(&StepMetrics, f64) -> Result<()>,
    /// Keeps what an epoch came to.
    pub(super) keep: &'a mut dyn FnMut(&Trainer<'_>, &EpochMetrics, &EpochTiming) -> Result<()>,
}

impl Steps<'_> {
    /// Teaches until the training is finished or cancelled; stands still while the job is paused.
    pub(super) fn take(self, trainer: &mut Trainer<'_>) -> Result<()> {
        let Self { job, prefix, listen, obey, line, keep } = self;
        let (epochs, per_epoch) = (trainer.epochs(), trainer.batches_per_epoch());
        let total = (epochs * per_epoch) as u64;
        while !trainer.finished() {
            let (done, epoch) = (trainer.state().epoch * per_epoch, trainer.state().epoch + 1);
            listen();
            if job.control().is_paused() {
                let batch = (done + trainer.batch()) as u64;
                job.progress(batch, total, &format!("{prefix}paused in epoch {epoch} of {epochs}"));
            }
            job.wait_while_paused(listen)?;
            for order in job.control().take() {
                obey(order, trainer)?;
            }
            if trainer.finished() || job.control().is_paused() {
                continue;
            }
            let stage = format!("{prefix}training, epoch {epoch} of {epochs}");
            let lines = trainer.step(&|batch| {
                job.progress((done + batch) as u64, total, &stage);
                job.check()
            })?;
            if let Some((figures, seconds)) = trainer.take_line() {
                line(&figures, seconds)?;
            }
            if let Some((metrics, timing)) = lines {
                keep(trainer, &metrics, &timing)?;
            }
        }
        Ok(())
    }
}

/// Said after an order to stop before there is an epoch.
pub(super) const STOPS_LATER: &str = "stops after the first epoch, without which there is no model to keep";
