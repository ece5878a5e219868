use candle_core::Tensor;

use super::TrainError;
use crate::dataset::Inputs;
use crate::jobs::Cancelled;
use crate::models::Network;

/// Windows per forward pass. Fixed, and chunks start at multiples of it in the series, so that a bar's forecast has the
/// same bits whatever bars follow it.
const CHUNK: usize = 64;

/// Raw forecasts per bar of a series; NaN where there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecasts {
    /// Before the sigmoid.
    pub entry_logit: Vec<f64>,
    /// Before the sigmoid.
    pub exit_logit: Vec<f64>,
    /// Forward return over h bars, as a fraction.
    pub expected_return: Vec<f64>,
    /// Per-bar volatility, as a fraction.
    pub volatility: Vec<f64>,
    /// Size head, 0 to 1.
    pub size: Vec<f64>,
    /// Regime embedding `[bars, L]`, row-major.
    pub mu: Vec<f64>,
    /// Latents, L.
    pub latents: usize,
    /// Mean squared reconstruction error of the VAE.
    pub reconstruction_error: Vec<f64>,
    /// Why a bar has no forecast.
    pub problem: Vec<Option<String>>,
}

impl Forecasts {
    fn missing(bars: usize, latents: usize) -> Self {
        let column = || vec![f64::NAN; bars];
        Self {
            entry_logit: column(),
            exit_logit: column(),
            expected_return: column(),
            volatility: column(),
            size: column(),
            mu: vec![f64::NAN; bars * latents],
            latents,
            reconstruction_error: column(),
            problem: vec![None; bars],
        }
    }

    /// The regime embedding of bar `t`; `None` without a forecast.
    pub fn mu_at(&self, t: usize) -> Option<&[f64]> {
        self.problem[t].is_none().then(|| &self.mu[t * self.latents..(t + 1) * self.latents])
    }
}

/// Forecasts of every bar that has a usable window. `return_scale` is the model card's; `horizon` its h.
///
/// `progress` is called per chunk with the bars done and asked whether to go on.
pub fn infer(
    network: &Network,
    inputs: &Inputs,
    return_scale: f64,
    horizon: usize,
    progress: &dyn Fn(usize) -> Result<(), Cancelled>,
) -> Result<Forecasts, TrainError> {
    let (t, width) = (network.config().seq_len, inputs.width);
    let latents = network.config().latent_dim;
    let root = (horizon as f64).sqrt();
    let forecaster = network.forecaster()?;
    let mut all = Forecasts::missing(inputs.rows, latents);
    let mut buffer = Vec::with_capacity(CHUNK * t * width);
    for start in (0..inputs.rows).step_by(CHUNK) {
        progress(start)?;
        let mut bars = Vec::new();
        for bar in start..(start + CHUNK).min(inputs.rows) {
            all.problem[bar] = inputs.window_problem(bar, t);
            if all.problem[bar].is_none() {
                bars.push(bar);
            }
        }
        let Some(&filler) = bars.last() else { continue };
        // Every bar keeps its place in the chunk; empty places hold some other window, which changes nothing.
        let mut places = vec![filler; CHUNK];
        for &bar in &bars {
            places[bar - start] = bar;
        }
        buffer.clear();
        inputs.gather(&places, t, &mut buffer);
        let x = Tensor::from_slice(&buffer, (CHUNK, t, width), network.device())?;
        let out = forecaster.forecast(&x)?;
        let error = (out.reconstruction - out.pooled)?.sqr()?.mean(1)?;
        let column = |t: &Tensor| t.to_vec1::<f32>();
        let (entry, exit) = (column(&out.entry_logit)?, column(&out.exit_logit)?);
        let (returns, volatility) = (column(&out.expected_return)?, column(&out.volatility)?);
        let (size, error, mu) = (column(&out.size)?, column(&error)?, out.mu.flatten_all()?.to_vec1::<f32>()?);
        for bar in bars {
            let i = bar - start;
            all.entry_logit[bar] = f64::from(entry[i]);
            all.exit_logit[bar] = f64::from(exit[i]);
            all.expected_return[bar] = f64::from(returns[i]) * return_scale * root;
            all.volatility[bar] = f64::from(volatility[i]) * return_scale;
            all.size[bar] = f64::from(size[i]);
            all.reconstruction_error[bar] = f64::from(error[i]);
            for l in 0..latents {
                all.mu[bar * latents + l] = f64::from(mu[i * latents + l]);
            }
        }
    }
    Ok(all)
}
