use candle_core::{DType, Device, Result, Tensor};

use super::builder::Builder;
use super::encoder::SequenceEncoder;
use super::objective::TASKS;
use super::pooling::Pool;
use super::probe::Probe;
use crate::config::{Encoder, ModelConfig};
use crate::nn::ops::{self, HEADS, ReadoutParams, ReadoutShape};
use crate::nn::{Arenas, GradientPath, Gradients, Noise, Params, Sink};

/// The whole network with its parameters.
#[derive(Debug)]
pub struct Network {
    config: ModelConfig,
    features: usize,
    params: Params,
    encoder: SequenceEncoder,
    pool: Pool,
    readout: ReadoutParams,
    shape: ReadoutShape,
    arenas: Arenas,
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

/// Where a network's backward pass leaves the gradients of fused parameters, in f32 on the CPU; elsewhere all gradients go
/// through candle's graph.
#[derive(Debug, Clone, Default)]
pub struct NetworkSink {
    encoder: Option<Sink>,
    readout: Option<Sink>,
}

impl NetworkSink {
    /// The sinks there are.
    pub fn sinks(&self) -> impl Iterator<Item = &Sink> {
        [&self.encoder, &self.readout].into_iter().flatten()
    }

    /// Adds `weight` times the gradients to `gradients` and clears them here.
    pub fn drain(&self, gradients: &mut Gradients, weight: f32) -> Result<()> {
        self.sinks().try_for_each(|sink| gradients.drain(sink, weight))
    }
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
        let shape = ReadoutShape { width: d_model, latents: latent_dim, dropout };
        let readout = ReadoutParams { tensors: b.all(shape.names())?, transposed: false };
        let arenas = b.arenas().clone();
        let log_variances =
            TASKS.iter().map(|task| b.vector(&format!("loss.{task}"), 1, 0.0)).collect::<Result<_>>()?;
        Ok(Self {
            config: config.clone(),
            features,
            params: b.finish(),
            encoder,
            pool,
            readout,
            shape,
            arenas,
            log_variances,
        })
    }

    /// `x` `[B, T, F]` with T = `seq_len`.
    pub fn forward(&self, x: &Tensor, noise: &mut Noise, probe: &mut Probe) -> Result<Outputs> {
        self.run(x, noise, probe, [&GradientPath::Tensors; 2])
    }

    /// [`Self::forward`] without noise and without a backward pass to come.
    pub fn forecast(&self, x: &Tensor) -> Result<Outputs> {
        self.observe(x, &mut Probe::default())
    }

    /// [`Self::forecast`] with a probe.
    pub fn observe(&self, x: &Tensor, probe: &mut Probe) -> Result<Outputs> {
        self.run(x, &mut Noise::off(), probe, [&GradientPath::None; 2])
    }

    /// [`Self::forward`] whose backward pass adds the gradients of fused parameters to `sink`.
    pub fn forward_into(&self, x: &Tensor, noise: &mut Noise, sink: &NetworkSink) -> Result<Outputs> {
        let encoder = sink.encoder.clone().map_or(GradientPath::Tensors, GradientPath::Sink);
        let readout = sink.readout.clone().map_or(GradientPath::Tensors, GradientPath::Sink);
        self.run(x, noise, &mut Probe::default(), [&encoder, &readout])
    }

    /// Lets the transformer's matrix products take bfloat16 operands and sum in f32 where it is taught on a CUDA device;
    /// forecasts stay in f32.
    pub const fn take_half(&mut self, half: bool) {
        if let SequenceEncoder::Transformer(stack) = &mut self.encoder {
            stack.take_half(half);
        }
    }

    /// A sink for the gradients of this network's fused parameters.
    pub fn sink(&self) -> Result<NetworkSink> {
        if !self.device().is_cpu() || self.dtype() != DType::F32 {
            return Ok(NetworkSink::default());
        }
        let encoder = match &self.encoder {
            SequenceEncoder::Transformer(stack) => Some(Sink::new(stack.parts())?),
            SequenceEncoder::Blocks { .. } => None,
        };
        let parts = self.shape.names().into_iter().map(|(name, dims)| (name, dims.iter().product()));
        Ok(NetworkSink { encoder, readout: Some(Sink::new(parts.collect())?) })
    }

    /// The network as it is now, for many forecasts: what it learns later does not change them.
    pub fn forecaster(&self) -> Result<Forecaster<'_>> {
        let encoder = match &self.encoder {
            SequenceEncoder::Transformer(stack) if self.device().is_cpu() => {
                Some(SequenceEncoder::Transformer(stack.frozen()?))
            }
            _ => None,
        };
        let readout = self.device().is_cpu().then(|| self.readout.transposed(&self.shape)).transpose()?;
        Ok(Forecaster { network: self, encoder, readout })
    }

    fn run(
        &self,
        x: &Tensor,
        noise: &mut Noise,
        probe: &mut Probe,
        [path, readout]: [&GradientPath; 2],
    ) -> Result<Outputs> {
        let pooled = self.encoder.pooled(x, &self.pool, noise, probe, path)?; // (B, C)
        self.read_out(pooled, &self.readout, noise, readout)
    }

    fn read_out(
        &self,
        pooled: Tensor,
        params: &ReadoutParams,
        noise: &mut Noise,
        path: &GradientPath,
    ) -> Result<Outputs> {
        let packed = if pooled.device().is_cpu() {
            ops::readout(&pooled, params, &self.shape, noise, path, &self.arenas)?
        } else {
            ops::composed::readout(&pooled, &params.tensors, &self.shape, noise, path)?
        };
        let head = |i: usize| packed.narrow(1, i, 1)?.squeeze(1);
        let (l, latents) = (self.shape.latents, HEADS.len());
        Ok(Outputs {
            entry_logit: head(0)?,
            exit_logit: head(1)?,
            expected_return: head(2)?,
            volatility: ops::softplus(&head(3)?)?,
            size: candle_nn::ops::sigmoid(&head(4)?)?,
            mu: packed.narrow(1, latents, l)?,
            logvar: packed.narrow(1, latents + l, l)?,
            reconstruction: packed.narrow(1, latents + 2 * l, self.shape.width)?,
            pooled,
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

/// A network at one moment, prepared for forecasts.
#[derive(Debug)]
pub struct Forecaster<'a> {
    network: &'a Network,
    /// `None`: the network's own, which learns on.
    encoder: Option<SequenceEncoder>,
    readout: Option<ReadoutParams>,
}

impl Forecaster<'_> {
    /// [`Network::forecast`] with the parameters of that moment, but for encoders other than the transformer.
    pub fn forecast(&self, x: &Tensor) -> Result<Outputs> {
        let Self { network, encoder, readout } = self;
        let (noise, path) = (&mut Noise::off(), &GradientPath::None);
        let encoder = encoder.as_ref().unwrap_or(&network.encoder);
        let pooled = encoder.pooled(x, &network.pool, noise, &mut Probe::default(), path)?;
        network.read_out(pooled, readout.as_ref().unwrap_or(&network.readout), noise, path)
    }

    /// The network itself.
    pub fn network(&self) -> &Network {
        self.network
    }
}

#[cfg(test)]
mod tests;
