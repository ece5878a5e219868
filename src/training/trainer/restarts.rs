use super::{TrainError, Trainer};
use crate::nn::Restarts;

impl Trainer<'_> {
    pub(super) fn restarts(&self) -> Restarts {
        Restarts { count: self.config.train.restarts, growth: self.config.train.restart_growth }
    }

    pub(super) fn warmup_steps(&self) -> usize {
        (self.config.train.warmup * self.total_steps() as f64).round() as usize
    }

    /// Errors if the first cosine would be shorter than a step.
    pub(super) fn check_restarts(&self) -> Result<(), TrainError> {
        let (restarts, steps) = (self.restarts(), self.total_steps() - self.warmup_steps());
        if restarts.count > 0 && restarts.shortest(steps) < 1.0 {
            return Err(TrainError::Restarts { count: restarts.count, growth: restarts.growth, steps });
        }
        Ok(())
    }
}
