use candle_core::{Result, Tensor};

use super::builder::{Builder, Dense};
use crate::config::ModelConfig;
use crate::nn::Noise;

/// Variational auto-encoder of the pooled vector: its latent is the regime embedding.
///
/// Source: Kingma & Welling, "Auto-encoding variational Bayes" (2014).
#[derive(Debug, Clone)]
pub(super) struct Vae {
    encode: Dense,
    mu: Dense,
    logvar: Dense,
    decode_hidden: Dense,
    decode: Dense,
}

/// `mu`, `logvar`, `z` are `[B, L]`, `reconstruction` is `[B, C]`.
pub(super) struct Latent {
    pub(super) mu: Tensor,
    pub(super) logvar: Tensor,
    pub(super) z: Tensor,
    pub(super) reconstruction: Tensor,
}

impl Vae {
    pub(super) fn new(b: &mut Builder<'_>, config: &ModelConfig) -> Result<Self> {
        let (c, l) = (config.d_model, config.latent_dim);
        Ok(Self {
            encode: b.dense("vae.encode", c / 2, c)?,
            mu: b.dense("vae.mu", l, c / 2)?,
            logvar: b.dense("vae.logvar", l, c / 2)?,
            decode_hidden: b.dense("vae.decode.hidden", c / 2, l)?,
            decode: b.dense("vae.decode.output", c, c / 2)?,
        })
    }

    /// `pooled` `[B, C]`. z = mu + e^(logvar / 2) epsilon in training, mu otherwise.
    pub(super) fn forward(&self, pooled: &Tensor, noise: &mut Noise) -> Result<Latent> {
        let hidden = self.encode.forward_gelu(pooled)?;
        let mu = self.mu.forward(&hidden)?;
        let logvar = self.logvar.forward(&hidden)?;
        let z = if noise.is_on() {
            let epsilon = Tensor::from_vec(noise.normals(mu.elem_count()), mu.shape(), mu.device())?;
            (&mu + ((&logvar * 0.5)?.exp()? * epsilon.to_dtype(mu.dtype())?)?)?
        } else {
            mu.clone()
        };
        let reconstruction = self.decode.forward(&self.decode_hidden.forward_gelu(&z)?)?;
        Ok(Latent { mu, logvar, z, reconstruction })
    }
}
