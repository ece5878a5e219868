use candle_core::{DType, Device, Result, Tensor};

use super::builder::{Builder, Head};
use super::encoder::SequenceEncoder;
use super::objective::TASKS;
use super::pooling::Pool;
use super::probe::Probe;
use super::vae::Vae;
use crate::config::{Encoder, ModelConfig};
use crate::nn::{GradientPath, Noise, Params, Sink, ops};

/// The whole network with its parameters.
#[derive(Debug)]
pub struct Network {
    config: ModelConfig,
    features: usize,
    params: Params,
    encoder: SequenceEncoder,
    pool: Pool,
    vae: Vae,
    entry: Head,
    exit: Head,
    expected_return: Head,
    volatility: Head,
    size: Head,
    log_variances: Vec<Tensor>,
}

/// What one forward pass gives, one row per window.
#[derive(Debug, Clone)]
pub struct Outputs {
    /// `[B]`, before the sigmoid.
    pub entry_logit: Tensor,
    /// `[B]`, before the sigmoid.
    pub exit_logit: Tensor,
    /// `[B]`, forward return in units of s sqrt(h).
    pub expected_return: Tensor,
    /// `[B]`, per-bar volatility in units of s; positive.
    pub volatility: Tensor,
    /// `[B]`, position size in (0, 1).
    pub size: Tensor,
    /// `[B, C]`, the pooled sequence.
    pub pooled: Tensor,
    /// `[B, C]`, what the VAE makes of it.
    pub reconstruction: Tensor,
    /// `[B, L]`, the regime embedding.
    pub mu: Tensor,
    /// `[B, L]`.
    pub logvar: Tensor,
}

impl Network {
    /// A freshly initialised network for windows of `features` columns: the same `seed` gives the same weights.
    ///
    /// Errors if `num_heads` does not divide the transformer's `d_model` or a tensor does not fit the device.
    pub fn new(config: &ModelConfig, features: usize, seed: u64, dtype: DType, device: &Device) -> Result<Self> {
        Self::with_frozen(config, features, seed, dtype, device, &[])
    }

    /// [`Network::new`] with parameters that receive no gradient, by name.
    pub fn with_frozen(
        config: &ModelConfig,
        features: usize,
        seed: u64,
        dtype: DType,
        device: &Device,
        frozen: &[&str],
    ) -> Result<Self> {
        let ModelConfig { d_model, latent_dim, dropout, .. } = *config;
        let mut b = Builder::new(seed, dtype, device, frozen);
        let encoder = SequenceEncoder::new(&mut b, config, features)?;
        let pool = Pool::new(&mut b, config)?;
        let vae = Vae::new(&mut b, config)?;
        let mut head =
            |name: &str| Head::new(&mut b, &format!("head.{name}"), d_model + latent_dim, d_model / 2, dropout);
        let (entry, exit, expected_return) = (head("entry")?, head("exit")?, head("return")?);
        let (volatility, size) = (head("volatility")?, head("size")?);
        let log_variances =
            TASKS.iter().map(|task| b.vector(&format!("loss.{task}"), 1, 0.0)).collect::<Result<_>>()?;
        Ok(Self {
            config: config.clone(),
            features,
            params: b.finish(),
            encoder,
            pool,
            vae,
            entry,
            exit,
            expected_return,
            volatility,
            size,
            log_variances,
        })
    }

    /// `x` `[B, T, F]` with T = `seq_len`.
    pub fn forward(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Outputs> {
        self.run(x, noise, probe, &GradientPath::Tensors)
    }

    /// [`Self::forward`] without noise and without a backward pass to come.
    pub fn forecast(&self, x: &Tensor) -> Result<Outputs> {
        self.observe(x, &mut Probe::default())
    }

    /// [`Self::forecast`] with a probe.
    pub fn observe(&self, x: &Tensor, probe: &mut Probe) -> Result<Outputs> {
        self.run(x, &mut Noise::off(), probe, &GradientPath::None)
    }

    /// [`Self::forward`] whose backward pass adds the gradients of fused parameters to `sink`.
    pub fn forward_into(&self, x: &Tensor, noise: &mut Noise, sink: &Sink) -> Result<Outputs> {
        self.run(x, noise, &mut Probe::default(), &GradientPath::Sink(sink.clone()))
    }

    /// A sink for the gradients of this network's fused parameters.
    pub fn sink(&self) -> Result<Sink> {
        Sink::new(match &self.encoder {
            SequenceEncoder::Transformer(stack) if self.device().is_cpu() => stack.parts(),
            _ => Vec::new(),
        })
    }

    fn run(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe, path: &GradientPath) -> Result<Outputs> {
        let pooled = self.encoder.pooled(x, &self.pool, noise, probe, path)?; // (B, C)
        let latent = self.vae.forward(&pooled, noise)?;
        let seen = Tensor::cat(&[&pooled, &latent.z], 1)?; // (B, C + L)
        let size = self.size.forward(&seen.detach(), noise)?;
        Ok(Outputs {
            entry_logit: self.entry.forward(&seen, noise)?,
            exit_logit: self.exit.forward(&seen, noise)?,
            expected_return: self.expected_return.forward(&seen, noise)?,
            volatility: ops::softplus(&self.volatility.forward(&seen, noise)?)?,
            size: candle_nn::ops::sigmoid(&size)?,
            pooled,
            reconstruction: latent.reconstruction,
            mu: latent.mu,
            logvar: latent.logvar,
        })
    }

    /// Shape settings.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// True if a forward pass has attention over bars to show: the transformer alone. Temporal pattern attention weighs
    /// states, not bars.
    pub fn has_attention(&self) -> bool {
        self.config.encoder == Encoder::Transformer
    }

    /// Mean entropy of attention rows that weigh every bar they see alike, in nats: ln T, less with a causal mask.
    pub fn uniform_entropy(&self) -> f64 {
        let t = self.config.seq_len;
        if !self.config.causal {
            return (t as f64).ln();
        }
        (1..=t).map(|seen| (seen as f64).ln()).sum::<f64>() / t as f64
    }

    /// Input columns, F.
    pub fn features(&self) -> usize {
        self.features
    }

    /// All parameters by name.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The learned log variances s of [`TASKS`], each `[1]`.
    pub fn log_variances(&self) -> &[Tensor] {
        &self.log_variances
    }

    /// Where the parameters live.
    pub fn device(&self) -> &Device {
        self.log_variances[0].device()
    }

    /// Number format of the parameters.
    pub fn dtype(&self) -> DType {
        self.log_variances[0].dtype()
    }
}

#[cfg(test)]
mod tests;
