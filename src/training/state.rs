use serde::{Deserialize, Serialize};

/// Where training stands between two epochs; with weights and moments it is all that a resume needs.
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
        self.stopped_early || self.epoch >= num_epochs
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
}
