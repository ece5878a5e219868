use super::{Tally, TrainError, Trainer};

/// One optimiser step taken outside of an epoch's course.
#[derive(Debug, Clone, Copy)]
pub struct StepTaken {
    /// Mean of what it minimised, before the step.
    pub loss: f64,
    /// Seconds spent on gathering windows.
    pub gathering: f64,
}

impl Trainer<'_> {
    /// One optimiser step at `rate` without validation.
    pub fn step_at(&mut self, rate: f64) -> Result<StepTaken, TrainError> {
        let running = self.running.take().unwrap_or_else(|| self.start(Vec::new()));
        let mut tally: Tally = self.state.partial.take().unwrap_or_default();
        let (total, weight, gathering) = (tally.total, tally.weight, tally.gathering);
        self.group(&running, &mut tally, rate, &|_| Ok(()))?;
        let loss = (tally.total - total) / (tally.weight - weight);
        let gathering = tally.gathering - gathering;
        if tally.windows < running.order.len() {
            self.state.partial = Some(tally);
            self.running = Some(running);
        } else {
            self.state.epoch += 1;
        }
        Ok(StepTaken { loss, gathering })
    }
}
