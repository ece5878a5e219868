use super::Trainer;

/// What a user may change while the trainer is at work.
impl Trainer<'_> {
    /// Sets the peak of the learning rate's schedule from the next optimiser step on, and notes the change.
    ///
    /// Errors with a sentence if `peak` is no positive number.
    pub fn change_learning_rate(&mut self, peak: f64) -> Result<(), String> {
        if !(peak.is_finite() && peak > 0.0) {
            return Err(format!("the learning rate stays {}: {peak} is no positive number", self.peak()));
        }
        self.state.note("learning_rate", self.optimizer.steps(), Some((self.peak(), peak)));
        self.state.learning_rate = Some(peak);
        Ok(())
    }

    /// Sets the epochs without improvement before stopping, from the end of this epoch on, and notes the change.
    ///
    /// Errors with a sentence if it is 0.
    pub fn change_patience(&mut self, patience: usize) -> Result<(), String> {
        if patience == 0 {
            return Err(format!("the patience stays {}: 0 epochs would stop at once", self.patience()));
        }
        self.state.note("patience", self.optimizer.steps(), Some((self.patience() as f64, patience as f64)));
        self.state.patience = Some(patience);
        Ok(())
    }

    /// Ends the training where it stands, in the first epoch at its end, and notes it: nothing else of an epoch begun
    /// counts.
    pub fn stop(&mut self) {
        self.state.note("stop", self.optimizer.steps(), None);
        self.state.stopped = true;
    }
}
