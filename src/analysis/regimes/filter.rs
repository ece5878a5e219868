use super::RegimeModel;
use super::mixture::normalise_logs;
use super::transition::step;

/// Regime probabilities bar by bar, from bars up to and including the present one.
///
/// Each bar first moves the probabilities by the transition matrix, then weighs them with the likelihood raised to
/// 1 / tau: overlapping windows repeat themselves for about tau bars and must not count as tau observations.
#[derive(Debug, Clone)]
pub struct RegimeFilter {
    model: RegimeModel,
    posterior: Option<Vec<f64>>,
}

impl RegimeFilter {
    pub(super) fn new(model: RegimeModel) -> Self {
        Self { model, posterior: None }
    }

    /// Probabilities (k), summing to 1, after the next bar with latents `mu`; missing latents act as [`Self::skip`].
    ///
    /// # Panics
    /// If `mu` is not as wide as the model.
    pub fn next(&mut self, mu: &[f64]) -> Vec<f64> {
        assert_eq!(mu.len(), self.model.width, "latents per bar");
        if !mu.iter().all(|v| v.is_finite()) {
            return self.skip();
        }
        let mut posterior = self.model.log_likelihoods(mu);
        for (value, prior) in posterior.iter_mut().zip(self.prior()) {
            *value = *value / self.model.tau + prior.ln();
        }
        normalise_logs(&mut posterior);
        self.posterior = Some(posterior.clone());
        posterior
    }

    /// Probabilities after the next bar when that bar has no prediction: only time passes.
    pub fn skip(&mut self) -> Vec<f64> {
        let prior = self.prior();
        self.posterior = Some(prior.clone());
        prior
    }

    fn prior(&self) -> Vec<f64> {
        self.posterior.as_ref().map_or_else(|| self.model.weights.clone(), |p| step(&self.model.transition, p))
    }
}
