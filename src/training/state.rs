use serde::{Deserialize, Serialize};

use super::tally::Tally;

/// Where training stands; with weights and moments it is all that a resume needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainState {
    /// Epochs finished.
    pub epoch: usize,
    /// Batches seen, which key the noise.
    pub batches: u64,
    /// Best score so far.
    pub best_score: Option<f64>,
    /// Epoch of the best score, from 1.
    pub best_epoch: usize,
    /// True when early stopping ended the training.
    pub stopped_early: bool,
    /// True when the user ended the training; it ends once there is a first epoch.
    #[serde(default)]
    pub stopped: bool,
    /// Peak of the learning rate, if the user changed it.
    #[serde(default)]
    pub learning_rate: Option<f64>,
    /// Patience, if the user changed it.
    #[serde(default)]
    pub patience: Option<usize>,
    /// What the user changed, oldest first.
    #[serde(default)]
    pub changes: Vec<Change>,
    /// Sums over the steps of an epoch begun and not finished.
    #[serde(default)]
    pub(super) partial: Option<Tally>,
}

/// What a user changed while a training was at work; one line of events.jsonl.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Always `change`, so that readers of mixed streams can tell.
    pub event: String,
    /// `learning_rate`, `patience` or `stop`.
    pub what: String,
    /// Epoch in which it took effect, from 1.
    pub epoch: usize,
    /// Optimiser steps taken before.
    pub step: u64,
    /// Value before; `None` for a stop.
    pub from: Option<f64>,
    /// Value after; `None` for a stop.
    pub to: Option<f64>,
}

impl TrainState {
    /// Takes an epoch's score; true if it is the best so far. A tie is no improvement.
    pub(super) fn take(&mut self, score: f64, patience: usize) -> bool {
        let best = self.best_score.is_none_or(|best| score < best);
        if best {
            self.best_score = Some(score);
            self.best_epoch = self.epoch;
        }
        self.stopped_early = self.epoch - self.best_epoch >= patience;
        best
    }

    /// True if there is nothing left to train under `num_epochs`.
    pub fn finished(&self, num_epochs: usize) -> bool {
        self.stopped && self.epoch > 0 || self.stopped_early || self.epoch >= num_epochs
    }

    /// Notes a change at optimiser step `step`.
    pub(super) fn note(&mut self, what: &str, step: u64, values: Option<(f64, f64)>) {
        self.changes.push(Change {
            event: "change".to_owned(),
            what: what.to_owned(),
            epoch: self.epoch + 1,
            step,
            from: values.map(|(from, _)| from),
            to: values.map(|(_, to)| to),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_counts_epochs_since_the_best() {
        let mut state = TrainState::default();
        let mut seen = Vec::new();
        for score in [1.0, 0.9, 0.95, 0.9, 0.99] {
            state.epoch += 1;
            seen.push((state.take(score, 3), state.stopped_early));
        }
        assert_eq!(seen, [(true, false), (true, false), (false, false), (false, false), (false, true)]);
        assert_eq!((state.best_epoch, state.best_score), (2, Some(0.9)));
        assert!(state.finished(100));
    }

    #[test]
    fn states_of_earlier_versions_are_read() {
        let text = r#"{"epoch":3,"batches":12,"best_score":0.9,"best_epoch":2,"stopped_early":false}"#;
        let state: TrainState = serde_json::from_str(text).unwrap();
        assert_eq!(state, TrainState { epoch: 3, batches: 12, best_score: Some(0.9), best_epoch: 2, ..state.clone() });
        assert!(!state.finished(4) && state.changes.is_empty() && state.partial.is_none());
    }
}
