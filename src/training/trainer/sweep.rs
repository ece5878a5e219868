use super::{Tally, TrainError, Trainer};

impl Trainer<'_> {
    /// One optimiser step at `rate` without validation; the mean of what it minimised, before the step.
    pub(in crate::training) fn sweep_step(&mut self, rate: f64) -> Result<f64, TrainError> {
        let mut running = self.running.take().unwrap_or_else(|| self.start(Vec::new()));
        let mut tally: Tally = self.state.partial.take().unwrap_or_default();
        let (total, weight) = (tally.total, tally.weight);
        self.group(&mut running, &mut tally, rate, &|_| Ok(()))?;
        let loss = (tally.total - total) / (tally.weight - weight);
        if tally.windows < running.order.len() {
            self.state.partial = Some(tally);
            self.running = Some(running);
        } else {
            self.state.epoch += 1;
        }
        Ok(loss)
    }
}
