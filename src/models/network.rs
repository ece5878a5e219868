use std::collections::BTreeSet;

use candle_core::{DType, Device, Result, Tensor};

use super::builder::{Builder, Dense, Head, LayerNorm};
use super::encoder::EncoderLayer;
use super::objective::TASKS;
use super::pooling::Pool;
use super::vae::Vae;
use crate::config::{ModelConfig, Norm};
use crate::nn::{Noise, Params, ops, softplus};

/// The whole network with its parameters.
#[derive(Debug)]
pub struct Network {
    config: ModelConfig,
    features: usize,
    params: Params,
    input: Dense,
    positions: Tensor,
    layers: Vec<EncoderLayer>,
    final_norm: Option<LayerNorm>,
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

/// What a forward pass shall show or change on its way.
#[derive(Debug, Default)]
pub struct Probe {
    /// Keep attention weights and pooling weights.
    pub record: bool,
    /// Layer and head pairs whose attention is replaced by the uniform 1 / T.
    pub uniform: BTreeSet<(usize, usize)>,
    /// Per layer `[B, H, T, T]`, detached.
    pub attention: Vec<Tensor>,
    /// `[B, T]`, detached: how much each bar counts in pooling.
    pub pooling: Option<Tensor>,
}

impl Probe {
    /// Records weights.
    pub fn recording() -> Self {
        Self { record: true, ..Self::default() }
    }

    /// Replaces the attention of these layer and head pairs.
    pub fn uniform(pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        Self { uniform: pairs.into_iter().collect(), ..Self::default() }
    }

    /// The context of `layer` if this probe changes it; records its weights if asked to.
    pub(super) fn attend(&mut self, layer: usize, qkv: &Tensor, heads: usize) -> Result<Option<Tensor>> {
        if self.record {
            self.attention.push(ops::attention_weights(&qkv.detach(), heads)?.detach());
        }
        if !self.uniform.iter().any(|(l, _)| *l == layer) {
            return Ok(None);
        }
        let (b, t, packed) = qkv.dims3()?;
        let (c, width) = (packed / 3, packed / 3 / heads);
        let learned = ops::self_attention(qkv, heads, 0.0, &mut Noise::off())?;
        let values = qkv.narrow(2, 2 * c, c)?;
        let average = values.mean_keepdim(1)?.broadcast_as((b, t, c))?;
        let parts: Vec<Tensor> = (0..heads)
            .map(|h| {
                let from = if self.uniform.contains(&(layer, h)) { &average } else { &learned };
                from.narrow(2, h * width, width)
            })
            .collect::<Result<_>>()?;
        Tensor::cat(&parts, 2).map(Some)
    }
}

impl Network {
    /// A freshly initialised network for windows of `features` columns: the same `seed` gives the same weights.
    ///
    /// Errors if `num_heads` does not divide `d_model` or a tensor does not fit the device.
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
        let ModelConfig { seq_len, d_model, num_heads, num_layers, latent_dim, dropout, .. } = *config;
        if num_heads == 0 || !d_model.is_multiple_of(num_heads) {
            candle_core::bail!("{num_heads} heads do not divide the width {d_model}");
        }
        let mut b = Builder::new(seed, dtype, device, frozen);
        let input = b.dense("input", d_model, features)?;
        let positions = b.constant(sinusoids(seq_len, d_model), (seq_len, d_model))?;
        let layers = (0..num_layers).map(|i| EncoderLayer::new(&mut b, i, config)).collect::<Result<_>>()?;
        // Post-norm layers end normalised already.
        let final_norm = if config.norm == Norm::Pre { Some(b.norm("final.norm", d_model)?) } else { None };
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
            input,
            positions,
            layers,
            final_norm,
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
        let mut x = self.input.forward(x)?.broadcast_add(&self.positions)?; // (B, T, C)
        for layer in &self.layers {
            x = layer.forward(&x, noise, probe)?;
        }
        if let Some(norm) = &self.final_norm {
            x = norm.forward(&x)?;
        }
        if probe.record {
            probe.pooling = Some(self.pool.weights(&x)?.detach());
        }
        let pooled = self.pool.forward(&x)?; // (B, C)
        let latent = self.vae.forward(&pooled, noise)?;
        let seen = Tensor::cat(&[&pooled, &latent.z], 1)?; // (B, C + L)
        let size = self.size.forward(&seen.detach(), noise)?;
        Ok(Outputs {
            entry_logit: self.entry.forward(&seen, noise)?,
            exit_logit: self.exit.forward(&seen, noise)?,
            expected_return: self.expected_return.forward(&seen, noise)?,
            volatility: softplus(&self.volatility.forward(&seen, noise)?)?,
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
        self.positions.device()
    }

    /// Number format of the parameters.
    pub fn dtype(&self) -> DType {
        self.positions.dtype()
    }
}

/// Sinusoidal position code, `[T, C]` row-major: sine in even, cosine in odd columns (Vaswani et al. 2017, section 3.5).
fn sinusoids(t: usize, c: usize) -> Vec<f32> {
    (0..t * c)
        .map(|i| {
            let (position, column) = ((i / c) as f64, i % c);
            let angle = position * (-(10_000.0_f64.ln()) * (column / 2 * 2) as f64 / c as f64).exp();
            if column % 2 == 0 { angle.sin() as f32 } else { angle.cos() as f32 }
        })
        .collect()
}

#[cfg(test)]
mod tests;
