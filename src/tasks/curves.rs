use crate::runs::{RunDir, read_lines};
use crate::training::{EpochMetrics, EpochTiming, StepMetrics, StepTiming};

/// The curves of a training, in the order they were made.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunCurves {
    /// metrics.jsonl.
    pub epochs: Vec<EpochMetrics>,
    /// Seconds of training at the end of each epoch, pauses left out; fewer than the epochs where they are not known.
    pub seconds: Vec<f64>,
    /// steps.jsonl, each line with its seconds of training; none in runs of earlier versions.
    pub steps: Vec<(StepMetrics, Option<f64>)>,
}

impl RunCurves {
    /// Reads what a run wrote; `with_steps` also within the epochs.
    pub fn read(dir: &RunDir, with_steps: bool) -> Self {
        let epochs = read_lines(&dir.metrics_file());
        let mut sum = 0.0;
        let add = |timing: EpochTiming| {
            sum += timing.seconds;
            sum
        };
        let seconds = read_lines(&dir.timing_file()).into_iter().map(add).collect();
        let steps = if with_steps { steps(dir) } else { Vec::new() };
        Self { epochs, seconds, steps }
    }

    /// Leaves out what came after `epoch` epochs and `step` optimiser steps.
    pub fn cut(&mut self, epoch: usize, step: u64) {
        self.epochs.truncate(epoch);
        self.seconds.truncate(epoch);
        self.steps.retain(|(line, _)| line.step <= step);
    }

    /// The epoch whose weights are kept: the first with the least score.
    pub fn best(&self) -> Option<&EpochMetrics> {
        self.epochs.iter().filter(|epoch| epoch.score.is_finite()).min_by(|a, b| a.score.total_cmp(&b.score))
    }
}

fn steps(dir: &RunDir) -> Vec<(StepMetrics, Option<f64>)> {
    let mut timing = read_lines::<StepTiming>(&dir.step_timing_file()).into_iter().peekable();
    read_lines::<StepMetrics>(&dir.steps_file())
        .into_iter()
        .map(|line| {
            while timing.next_if(|timing| timing.step < line.step).is_some() {}
            let seconds = timing.next_if(|timing| timing.step == line.step).map(|timing| timing.seconds);
            (line, seconds)
        })
        .collect()
}
