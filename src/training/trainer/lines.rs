use super::{StepMetrics, Tally, Trainer};

/// Lines of steps per epoch at most.
const LINES: usize = 64;

/// Figures within an epoch.
impl Trainer<'_> {
    /// The line that the last step completed, with the training seconds of its epoch so far: every k-th step of an epoch
    /// and its last one, with the least k that makes no more than 64.
    pub fn take_line(&mut self) -> Option<(StepMetrics, f64)> {
        self.line.take()
    }

    /// After a step of an epoch over `windows` windows.
    pub(super) fn note_step(&mut self, tally: &mut Tally, windows: usize) {
        let every = self.steps_per_epoch().div_ceil(LINES);
        if !tally.steps.is_multiple_of(every) && tally.windows < windows {
            return;
        }
        let Some(part) = tally.part() else { return };
        let line = StepMetrics {
            event: "step".to_owned(),
            epoch: self.state.epoch + 1,
            step: self.optimizer.steps(),
            epochs: self.state.epoch as f64 + tally.windows as f64 / windows as f64,
            steps: part.steps,
            windows: (self.state.epoch * windows + tally.windows) as u64,
            train: part.losses,
            total: part.total,
            learning_rate: tally.rate,
            gradient_norm: part.norm,
            gradient_norm_max: part.norm_max,
        };
        self.line = Some((line, tally.seconds));
    }
}
