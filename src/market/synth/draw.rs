use std::f64::consts::TAU;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::filter::Filter;
use super::regimes::States;
use super::{Bar, HOUR, Market, SIGMA, START_PRICE, START_TIME, Truth, VOLUME, lag, probability};

/// Steps of the path inside a bar.
const STEPS: usize = 16;
/// Reach of the path inside a bar against the running volatility; above 1 for the turns that 16 steps leave out.
const REACH: f64 = 1.1;
/// Weight of the past in the running variance of returns.
const DECAY: f64 = 0.94;
/// Log volume: weight of its past, of its own noise (cut at two standard deviations), and of the bar's size (cut at three).
///
/// The cuts keep it within [`lag::USUAL_LOG_VOLUME`].
const VOLUME_MEMORY: f64 = 0.6;
const VOLUME_NOISE: f64 = 0.12;
const VOLUME_OF_SIZE: f64 = 0.1;

/// Draws bars one after the other.
pub(super) struct Generator {
    base: ChaCha8Rng,
    filter: Filter,
    states: Option<States>,
    /// The hidden state; 0 if there are none.
    state: usize,
    close: f64,
    /// Running variance of log returns.
    variance: f64,
    log_volume: f64,
}

impl Generator {
    pub(super) fn new(market: &Market, seed: u64) -> Self {
        let states = match *market {
            Market::Regimes { states, dwell, strength } => Some(States::new(states, dwell, strength)),
            _ => None,
        };
        Self {
            base: ChaCha8Rng::seed_from_u64(seed),
            filter: Filter::new(market),
            states,
            state: 0,
            close: START_PRICE,
            variance: SIGMA * SIGMA,
            log_volume: 0.0,
        }
    }

    /// Bar t and what is true of it. To be called for t = 0, 1, 2 …
    pub(super) fn draw(&mut self, t: usize) -> (Bar, Truth) {
        let mut rng = self.base.clone();
        rng.set_stream(t as u64);
        let choice: f64 = rng.random();
        let noise = normal(&mut rng);
        let step = self.log_return(t, choice, noise);

        self.variance = DECAY * self.variance + (1.0 - DECAY) * step * step;
        let deviation = self.variance.sqrt();
        let kick = normal(&mut rng).clamp(-2.0, 2.0);
        self.log_volume = VOLUME_MEMORY * self.log_volume + VOLUME_NOISE * kick;
        let size = (step.abs() / deviation).min(3.0);
        let mut log_volume = self.log_volume + VOLUME_OF_SIZE * size;
        if let Filter::Lag(_) = self.filter
            && choice < lag::RATE
        {
            log_volume += lag::SPIKE.ln() + 0.5 * rng.random::<f64>();
        }
        let bar = self.shape(t, step, REACH * deviation, VOLUME * log_volume.exp(), &mut rng);
        self.close = bar.close;
        self.filter.observe(&bar);
        let mut truth = self.filter.truth();
        if self.states.is_some() {
            truth.regime = self.state as f64;
        }
        (bar, truth)
    }

    /// The log return of bar t, by what the bars before it have brought about.
    fn log_return(&mut self, t: usize, choice: f64, noise: f64) -> f64 {
        match (&self.filter, &self.states) {
            (Filter::Lag(filter), _) => SIGMA * (filter.push(1) + noise),
            (Filter::Divergence(filter), _) => SIGMA * (filter.drift() + noise),
            (Filter::Probability(filter), _) => {
                let size = probability::LEAST + probability::SPREAD * noise.abs();
                if choice < filter.chance() { size } else { -size }
            }
            (Filter::Regimes(_), Some(states)) => {
                self.state = if t == 0 { states.first(choice) } else { states.next(self.state, choice) };
                states.mean(self.state) + states.std(self.state) * noise
            }
            _ => SIGMA * noise,
        }
    }

    /// A bar from the last close on whose inner path is a Brownian bridge of standard deviation `reach`.
    fn shape(&self, t: usize, step: f64, reach: f64, volume: f64, rng: &mut ChaCha8Rng) -> Bar {
        let mut walk = [0.0; STEPS + 1];
        for i in 0..STEPS {
            walk[i + 1] = walk[i] + normal(rng) / (STEPS as f64).sqrt();
        }
        let open = self.close;
        let close = open * step.exp();
        let (mut high, mut low) = (open.max(close), open.min(close));
        for (i, &at) in walk.iter().enumerate() {
            let share = i as f64 / STEPS as f64;
            let price = open * (share * step + reach * (at - share * walk[STEPS])).exp();
            high = high.max(price);
            low = low.min(price);
        }
        Bar { timestamp: START_TIME + t as i64 * HOUR, open, high, low, close, volume }
    }
}

/// A standard normal number.
///
/// Source: Box & Muller, "A note on the generation of random normal deviates" (1958).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (TAU * rng.random::<f64>()).cos()
}
