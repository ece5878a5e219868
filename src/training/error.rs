use std::path::PathBuf;

use crate::nn::ParamsError;

/// Why training or loading a model stopped.
#[derive(Debug, thiserror::Error)]
pub enum TrainError {
    /// A tensor operation failed.
    #[error("a tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
    /// No such device.
    #[error("{0}")]
    Device(String),
    /// Parameters without a usable gradient.
    #[error(
        "training refuses to start: no usable gradient reaches {}; the loss cannot teach what it does not reach",
        .0.join(", ")
    )]
    Gate(Vec<String>),
    /// A loss or gradient left the finite numbers.
    #[error(
        "training stopped at epoch {epoch}, batch {batch}, step {step}: {culprit} is not finite; {}; a smaller \
         train.learning_rate or train.max_grad_norm usually helps",
        kept(*epoch)
    )]
    NotFinite {
        /// Epoch, from 1.
        epoch: usize,
        /// Batch within the epoch, from 1.
        batch: usize,
        /// Optimiser step within the run, from 1.
        step: u64,
        /// What was not finite.
        culprit: String,
    },
    /// Too few windows for one batch.
    #[error(
        "train.batch_size is {batch_size} but the training slice has only {windows} windows: take a smaller batch or \
         more bars"
    )]
    TooFewWindows {
        /// Configured batch.
        batch_size: usize,
        /// Windows in the slice.
        windows: usize,
    },
    /// More cosines of the learning rate than there are steps for.
    #[error(
        "train.restarts {count} with train.restart_growth {growth} leave the first cosine less than one of the {steps} \
         optimiser steps after the warm-up: take fewer restarts or a smaller growth"
    )]
    Restarts {
        /// Configured restarts.
        count: usize,
        /// Configured growth.
        growth: f64,
        /// Steps after the warm-up.
        steps: usize,
    },
    /// Nothing to select on.
    #[error("the validation slice has no window with all labels: it needs more bars or a larger splits.validation")]
    NoValidation,
    /// A class without members, which no weight can make count.
    #[error(
        "train.class_weights: the training slice holds one class of {task} only, so there is nothing to balance; turn \
         it off or change the labels"
    )]
    OneClass {
        /// `entry` or `exit`.
        task: &'static str,
    },
    /// A sweep of learning rates that makes no sense.
    #[error(
        "a sweep of learning rates needs 0 < from < to and at least 10 steps; asked was from {from} to {to} in {steps} \
         steps"
    )]
    Sweep {
        /// First rate.
        from: f64,
        /// Last rate.
        to: f64,
        /// Steps.
        steps: usize,
    },
    /// Weights of training windows that cannot be used.
    #[error("the weights of the training windows are not usable: {0}")]
    SampleWeights(String),
    /// A file that cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// A model or checkpoint file with wrong contents.
    #[error("{} is not usable: {problem}", path.display())]
    BadFile {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Weights that do not fit the model.
    #[error("{}: {source}", path.display())]
    Weights {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        source: ParamsError,
    },
    /// The user asked to stop.
    // Not `transparent`: callers look for `Cancelled` among the sources.
    #[error("{0}")]
    Cancelled(#[from] crate::jobs::Cancelled),
}

/// What a training that stops in `epoch` leaves.
fn kept(epoch: usize) -> &'static str {
    match epoch {
        1 => "no epoch was finished, so there is no model yet",
        _ => "the last checkpoint and the best model are kept",
    }
}
