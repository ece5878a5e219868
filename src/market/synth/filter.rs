use super::divergence::DivergenceFilter;
use super::lag::LagFilter;
use super::probability::ProbabilityFilter;
use super::regimes::RegimeFilter;
use super::{Bar, Market, SIGMA, Truth, normal_above};

/// What can be known of a market from its bars so far. The generator draws from the same one, so nothing it uses is hidden
/// but a regime's state.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    Lag(LagFilter),
    Divergence(DivergenceFilter),
    Regimes(RegimeFilter),
    Probability(ProbabilityFilter),
    Noise,
}

impl Filter {
    pub(super) fn new(market: &Market) -> Self {
        match *market {
            Market::Lag { lag, strength } => Self::Lag(LagFilter::new(lag, strength)),
            Market::Divergence { strength } => Self::Divergence(DivergenceFilter::new(strength)),
            Market::Regimes { states, dwell, strength } => Self::Regimes(RegimeFilter::new(states, dwell, strength)),
            Market::Probability { strength } => Self::Probability(ProbabilityFilter::new(strength)),
            Market::Noise => Self::Noise,
        }
    }

    /// Takes the next bar in.
    pub(super) fn observe(&mut self, bar: &Bar) {
        match self {
            Self::Lag(filter) => filter.observe(bar),
            Self::Divergence(filter) => filter.observe(bar),
            Self::Regimes(filter) => filter.observe(bar),
            Self::Probability(filter) => filter.observe(bar),
            Self::Noise => {}
        }
    }

    /// What is true of the bar last taken in; a regime's state is not known here.
    pub(super) fn truth(&self) -> Truth {
        match self {
            Self::Lag(filter) => Truth { trigger: filter.event(), lag: filter.driving_lag(), ..Truth::NONE },
            Self::Divergence(filter) => Truth { trigger: filter.trigger(), lag: filter.driving_lag(), ..Truth::NONE },
            Self::Probability(filter) => Truth { probability: filter.chance(), ..Truth::NONE },
            Self::Regimes(_) | Self::Noise => Truth::NONE,
        }
    }

    /// Chance that the log return over the next `horizon` bars exceeds `threshold`.
    pub(super) fn chance_above(&self, horizon: usize, threshold: f64) -> f64 {
        match self {
            Self::Lag(filter) => filter.chance_above(horizon, threshold),
            Self::Divergence(filter) => filter.chance_above(horizon, threshold),
            Self::Regimes(filter) => filter.chance_above(horizon, threshold),
            Self::Probability(filter) => filter.chance_above(horizon, threshold),
            Self::Noise => normal_above(threshold, 0.0, SIGMA * (horizon as f64).sqrt()),
        }
    }
}
