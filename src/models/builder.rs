use candle_core::{DType, Device, Result, Tensor};
use rand_chacha::ChaCha8Rng;

use crate::nn::{Arenas, Params, Purpose, ops, purpose_rng};

/// Makes named parameters in one place, in one order, from one seed.
pub(super) struct Builder<'a> {
    params: Params,
    rng: ChaCha8Rng,
    dtype: DType,
    device: Device,
    frozen: &'a [&'a str],
    arenas: Arenas,
}

impl<'a> Builder<'a> {
    pub(super) fn new(seed: u64, dtype: DType, device: &Device, frozen: &'a [&'a str]) -> Self {
        let rng = purpose_rng(seed, Purpose::Init, 0);
        Self { params: Params::default(), rng, dtype, device: device.clone(), frozen, arenas: Arenas::default() }
    }

    /// The memory that all kernels of the network share.
    pub(super) const fn arenas(&self) -> &Arenas {
        &self.arenas
    }

    pub(super) fn finish(self) -> Params {
        self.params
    }

    fn unless_frozen(&self, name: &str, tensor: Tensor) -> Tensor {
        if self.frozen.contains(&name) { tensor.detach() } else { tensor }
    }

    pub(super) fn matrix(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Tensor> {
        let tensor = self.params.xavier(name, [outputs, inputs], self.dtype, &self.device, &mut self.rng)?;
        Ok(self.unless_frozen(name, tensor))
    }

    pub(super) fn vector(&mut self, name: &str, width: usize, value: f32) -> Result<Tensor> {
        let tensor = self.params.filled(name, width, value, self.dtype, &self.device)?;
        Ok(self.unless_frozen(name, tensor))
    }

    /// Parameters of a fused operation: matrices, gains of 1 and biases of 0, by name and shape.
    pub(super) fn all(&mut self, names: Vec<(String, Vec<usize>)>) -> Result<Vec<Tensor>> {
        let one = |(name, dims): (String, Vec<usize>)| match dims[..] {
            [outputs, inputs] => self.matrix(&name, outputs, inputs),
            _ => self.vector(&name, dims[0], if name.ends_with("gain") { 1.0 } else { 0.0 }),
        };
        names.into_iter().map(one).collect()
    }

    pub(super) fn dense(&mut self, name: &str, outputs: usize, inputs: usize) -> Result<Dense> {
        Dense::with_bias(self, name, inputs, vec![0.0; outputs])
    }

    pub(super) fn norm(&mut self, name: &str, width: usize) -> Result<LayerNorm> {
        Ok(LayerNorm {
            gain: self.vector(&format!("{name}.gain"), width, 1.0)?,
            bias: self.vector(&format!("{name}.bias"), width, 0.0)?,
        })
    }

    pub(super) fn constant(&self, values: Vec<f32>, shape: (usize, usize)) -> Result<Tensor> {
        Tensor::from_vec(values, shape, &self.device)?.to_dtype(self.dtype)
    }
}

/// `[.., I]` to `[.., O]`.
#[derive(Debug, Clone)]
pub(super) struct Dense {
    weight: Tensor,
    bias: Tensor,
}

impl Dense {
    /// As many outputs as `bias` has numbers, with which it starts.
    pub(super) fn with_bias(b: &mut Builder<'_>, name: &str, inputs: usize, bias: Vec<f32>) -> Result<Self> {
        let weight = b.matrix(&format!("{name}.weight"), bias.len(), inputs)?;
        let name = format!("{name}.bias");
        let bias = b.params.vector(&name, bias, b.dtype, &b.device)?;
        Ok(Self { weight, bias: b.unless_frozen(&name, bias) })
    }

    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        ops::linear(x, &self.weight, &self.bias)
    }

    pub(super) fn forward_gelu(&self, x: &Tensor) -> Result<Tensor> {
        ops::linear_gelu(x, &self.weight, &self.bias)
    }
}

/// Normalises the last axis.
#[derive(Debug, Clone)]
pub(super) struct LayerNorm {
    gain: Tensor,
    bias: Tensor,
}

impl LayerNorm {
    pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
        #[cfg(test)]
        if takes_candles_norm() {
            return candles_norm(x, &self.gain, &self.bias);
        }
        ops::layer_norm(x, &self.gain, &self.bias)
    }
}

#[cfg(test)]
thread_local! {
    static CANDLES_LAYER_NORM: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

#[cfg(test)]
pub(super) fn takes_candles_norm() -> bool {
    CANDLES_LAYER_NORM.get()
}

#[cfg(test)]
pub(super) fn candles_norm(x: &Tensor, gain: &Tensor, bias: &Tensor) -> Result<Tensor> {
    candle_core::Module::forward(&candle_nn::LayerNorm::new(gain.clone(), bias.clone(), 1e-5), x)
}

/// What `run` gives with candle's layer norm, which cuts gradients, in place of ours.
#[cfg(test)]
pub(crate) fn with_candles_layer_norm<T>(run: impl FnOnce() -> T) -> T {
    CANDLES_LAYER_NORM.set(true);
    let result = run();
    CANDLES_LAYER_NORM.set(false);
    result
}
