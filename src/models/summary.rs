use serde::Serialize;

use super::encoder::dilation;
use crate::config::{Encoder, ModelConfig, Norm, Pooling, Positions};

/// Bytes of one number.
const NUMBER: u64 = 4;

/// What a network is made of and what a training step of it costs, known before it is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelSummary {
    /// Parts in the order of the forward pass; a part's name begins the names of its parameters.
    pub parts: Vec<PartSummary>,
    /// Bars that can reach the last state, the deciding bar included; at most T.
    pub look_back: usize,
    features: usize,
    seq_len: usize,
    way_back: WayBack,
}

/// Numbers that the way back needs per window, beside what was kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
enum WayBack {
    /// As many, whatever the number of layers: the fused transformer's.
    Fixed(u64),
    /// A percentage of what was kept; measured peaks lie up to 10 % below.
    Share(u64),
}

/// One part of a network; counts are per window of T bars.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PartSummary {
    /// Beginning of its parameters' names.
    pub name: String,
    /// Shape of what it gives, without the batch.
    pub output: Vec<usize>,
    /// Numbers it learns.
    pub parameters: usize,
    /// Operations of the forward pass: two per multiplication and addition of its matrix products.
    pub flops: u64,
    /// Numbers a training pass keeps for the way back.
    pub kept: u64,
}

/// Memory of training in bytes, f32 on the CPU, without data and program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct MemoryEstimate {
    /// Parameters.
    pub parameters: u64,
    /// Their gradients: of one batch, and summed over the batches of a step.
    pub gradients: u64,
    /// The optimiser's two moments.
    pub moments: u64,
    /// What a batch's forward pass keeps, and the gradients on the way back.
    pub activations: u64,
}

impl MemoryEstimate {
    /// All together, in bytes.
    pub const fn total(&self) -> u64 {
        self.parameters + self.gradients + self.moments + self.activations
    }
}

impl ModelSummary {
    /// The network of `config` for windows of `features` columns.
    pub fn new(config: &ModelConfig, features: usize) -> Self {
        let ModelConfig { seq_len: t, d_model: c, latent_dim: l, .. } = *config;
        let transformer = config.encoder == Encoder::Transformer;
        let input = Part::new("input", &[t, c]).dense(t, c, features);
        let mut parts = vec![if transformer { input.keeps(t * c) } else { input.kept(t * features) }];
        if transformer {
            let learned = if config.positions == Positions::Learned { t * c } else { 0 };
            parts.push(Part::new("positions", &[t, c]).learns(learned));
        }
        parts.extend((0..config.num_layers).map(|i| block(config, i)));
        if config.norm == Norm::Pre {
            parts.push(Part::new("final.norm", &[t, c]).norm(t, c));
        }
        parts.push(pool(config));
        let half = c / 2;
        let vae = Part::new("vae", &[l]).dense(1, half, c).dense(1, l, half).dense(1, l, half);
        parts.push(vae.dense(1, half, l).dense(1, c, half));
        for head in ["entry", "exit", "return", "volatility", "size"] {
            parts.push(Part::new(&format!("head.{head}"), &[1]).dense(1, half, c + l).dense(1, 1, half));
        }
        parts.push(Part::new("loss", &[]).learns(5));
        Self {
            parts: parts.into_iter().map(|part| part.0).collect(),
            look_back: look_back(config),
            features,
            seq_len: t,
            way_back: match config.encoder {
                Encoder::Transformer => WayBack::Fixed((t * (4 * c + config.d_ff.max(3 * c) + config.d_ff)) as u64),
                Encoder::Lstm | Encoder::Tpa => WayBack::Share(115),
                Encoder::Tcn => WayBack::Share(65),
            },
        }
    }

    /// Numbers the network learns.
    pub fn parameters(&self) -> usize {
        self.parts.iter().map(|part| part.parameters).sum()
    }

    /// Operations of the matrix products of a forward pass over one window.
    pub fn forward_flops(&self) -> u64 {
        self.parts.iter().map(|part| part.flops).sum()
    }

    /// Operations of a training pass over `windows`: forward, and twice that backward, less the gradient of the windows
    /// themselves, which nobody needs.
    pub fn training_flops(&self, windows: usize) -> u64 {
        let input = self.parts.first().map_or(0, |part| part.flops);
        windows as u64 * (3 * self.forward_flops() - input)
    }

    /// Memory of training on batches of `windows`.
    pub fn memory(&self, windows: usize) -> MemoryEstimate {
        let parameters = NUMBER * self.parameters() as u64;
        let kept: u64 = self.parts.iter().map(|part| part.kept).sum();
        let back = match self.way_back {
            // Memory is lent out in pieces that may be larger than what was asked for.
            WayBack::Fixed(numbers) => numbers + kept / 10,
            WayBack::Share(percent) => kept * percent / 100,
        };
        let window = (self.seq_len * self.features) as u64;
        MemoryEstimate {
            parameters,
            gradients: 2 * parameters,
            moments: 2 * parameters,
            activations: NUMBER * windows as u64 * (kept + back + window),
        }
    }
}

/// Bars that can reach the last state.
fn look_back(config: &ModelConfig) -> usize {
    let reach = match config.encoder {
        Encoder::Tcn => {
            let step = |i| 2 * (config.tcn_kernel - 1) * dilation(i);
            1 + (0..config.num_layers).map(step).fold(0, usize::saturating_add)
        }
        _ => usize::MAX,
    };
    reach.min(config.seq_len)
}

fn block(config: &ModelConfig, index: usize) -> Part {
    let ModelConfig { seq_len: t, d_model: c, d_ff, tcn_kernel: k, .. } = *config;
    let dropped = |width: usize| if config.dropout > 0.0 { t * width } else { 0 };
    let part = Part::new(&format!("encoder.{index:02}"), &[t, c]).norm(t, c);
    match config.encoder {
        Encoder::Transformer => {
            // No key bias is learned; attention is two products of T by T by C.
            let attended = part.product(t, 3 * c, c).learns(2 * c).flops(4 * t * t * c).dense(t, c, c);
            let fed = attended.norm(t, c).dense(t, d_ff, c).dense(t, c, d_ff);
            // Two sums with the moments of their rows; queries, keys, values, denominators and context; the inner layer.
            fed.keeps(t * (2 * (c + 2) + 3 * c + config.num_heads + c + d_ff))
        }
        Encoder::Lstm | Encoder::Tpa => {
            part.dense(t, 4 * c, c).product(t, 4 * c, c).kept(t * c).kept(dropped(c)).unkept(4 * t * c).kept(t * c)
        }
        Encoder::Tcn => {
            let convolution = |part: Part| part.kept(t * k * c).dense(t, c, k * c).kept(dropped(c));
            convolution(convolution(part)).kept(t * c)
        }
    }
}

fn pool(config: &ModelConfig) -> Part {
    let ModelConfig { seq_len: t, d_model: c, tpa_filters: k, .. } = *config;
    match config.pooling {
        _ if config.encoder == Encoder::Tpa => {
            let part = Part::new("pattern", &[c]).kept((t - 1) * c).product(c, k, t - 1).product(1, k, c);
            part.flops(4 * c * k).dense(1, c, c).product(1, c, k)
        }
        Pooling::Attention => Part::new("pool", &[c]).product(t, 1, c).flops(2 * t * c).kept(4 * t),
        Pooling::Mean | Pooling::Last => Part::new("pool", &[c]).kept(c),
    }
}

/// A part while it is put together.
struct Part(PartSummary);

impl Part {
    fn new(name: &str, output: &[usize]) -> Self {
        Self(PartSummary { name: name.to_owned(), output: output.to_vec(), parameters: 0, flops: 0, kept: 0 })
    }

    fn learns(mut self, n: usize) -> Self {
        self.0.parameters += n;
        self
    }

    fn flops(mut self, n: usize) -> Self {
        self.0.flops += n as u64;
        self
    }

    fn kept(mut self, n: usize) -> Self {
        self.0.kept += n as u64;
        self
    }

    /// Keeps `n` numbers in all.
    fn keeps(mut self, n: usize) -> Self {
        self.0.kept = n as u64;
        self
    }

    fn unkept(mut self, n: usize) -> Self {
        self.0.kept -= n as u64;
        self
    }

    fn product(self, rows: usize, outputs: usize, inputs: usize) -> Self {
        self.learns(outputs * inputs).flops(2 * rows * outputs * inputs).kept(rows * outputs)
    }

    fn dense(self, rows: usize, outputs: usize, inputs: usize) -> Self {
        self.product(rows, outputs, inputs).learns(outputs).kept(rows * outputs)
    }

    fn norm(self, rows: usize, width: usize) -> Self {
        self.learns(2 * width).kept(rows * width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::samples::variants;
    use crate::models::{Network, Probe};
    use crate::nn::Noise;
    use candle_core::{DType, Device, Tensor};

    #[test]
    fn every_part_has_the_parameters_and_shapes_of_the_network() {
        for (name, config) in variants() {
            let network = Network::new(&config, 3, 1, DType::F32, &Device::Cpu).unwrap();
            let summary = ModelSummary::new(&config, 3);
            assert_eq!(summary.parameters(), network.params().count(), "{name}");
            for part in &summary.parts {
                let own = network.params().iter().filter(|(name, _)| {
                    name.strip_prefix(part.name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                assert_eq!(
                    part.parameters,
                    own.map(|(_, var)| var.elem_count()).sum::<usize>(),
                    "{name} {}",
                    part.name
                );
            }
            let x = Tensor::zeros((2, config.seq_len, 3), DType::F32, &Device::Cpu).unwrap();
            let out = network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
            let shape = |part: &str| summary.parts.iter().find(|p| p.name == part).unwrap().output.clone();
            assert_eq!(out.mu.dims()[1..], shape("vae"), "{name}");
            let pool = if config.encoder == Encoder::Tpa { "pattern" } else { "pool" };
            assert_eq!(out.pooled.dims()[1..], shape(pool), "{name}");
        }
    }

    /// 2 N F d + L (24 N d^2 + 4 N T d) for a transformer with a feed-forward part four times as wide.
    #[test]
    fn operations_follow_the_formula_of_the_transformer() {
        let config = ModelConfig::default();
        let (t, f, d, l) = (100, 256, 256, 4);
        let summary = ModelSummary::new(&config, f);
        let trunk = 2 * t * f * d + l * (24 * t * d * d + 4 * t * t * d);
        let rest: u64 = summary.parts.iter().filter(|p| !p.name.starts_with("encoder")).map(|p| p.flops).sum();
        assert_eq!(summary.forward_flops() - rest + 2 * (t * f * d) as u64, trunk as u64);
        assert_eq!(summary.training_flops(64), 64 * (3 * summary.forward_flops() - 2 * (t * f * d) as u64));
    }

    #[test]
    fn memory_grows_with_the_batch_alone_beyond_the_parameters() {
        let summary = ModelSummary::new(&ModelConfig::default(), 256);
        let (one, two) = (summary.memory(32), summary.memory(64));
        assert_eq!(two.activations, 2 * one.activations);
        assert_eq!(two.total() - one.total(), one.activations);
        assert_eq!(one.parameters + one.gradients + one.moments, 20 * summary.parameters() as u64);
    }

    #[test]
    fn a_convolution_sees_what_its_taps_reach() {
        let at = |num_layers| {
            let config = ModelConfig { encoder: Encoder::Tcn, num_layers, ..ModelConfig::default() };
            ModelSummary::new(&config, 1).look_back
        };
        assert_eq!([at(1), at(2), at(5), at(70)], [5, 13, 100, 100]);
        assert_eq!(ModelSummary::new(&ModelConfig::default(), 1).look_back, 100);
    }
}
