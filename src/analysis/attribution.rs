//! Which features moved an output: gradient x input and integrated gradients on logits, with checks of their honesty.

use candle_core::{DType, Result, Tensor, Var};
use rand::seq::SliceRandom as _;
use serde::{Deserialize, Serialize};

use super::attention::windows;
use super::honesty::{deletion_curve_score, importance_rank_correlation};
use crate::dataset::Inputs;
use crate::models::{Network, Outputs, Probe};
use crate::nn::{Noise, Purpose, purpose_rng};
use crate::stats::{mean, median, quantile};

/// Midpoints of the integrated gradients.
const STEPS: usize = 32;
/// Windows of the slow checks.
const CHECKED: usize = 32;
/// Portions of the deletion curve.
const PORTIONS: usize = 10;
const SHUFFLES: u64 = 5;
const BATCH: usize = 32;
/// Largest completeness gap of a trusted attribution.
const GAP: f64 = 0.1;
/// Largest rank correlation with a randomised network's importances.
const RANDOMISED: f64 = 0.5;

/// The output an attribution explains.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Entry logit.
    Entry,
    /// Exit logit.
    Exit,
    /// Expected return.
    Return,
    /// Volatility.
    Volatility,
}

impl Target {
    /// Every target.
    pub const ALL: [Self; 4] = [Self::Entry, Self::Exit, Self::Return, Self::Volatility];

    /// Its column of the outputs, `[B]`.
    fn of(self, outputs: &Outputs) -> &Tensor {
        match self {
            Self::Entry => &outputs.entry_logit,
            Self::Exit => &outputs.exit_logit,
            Self::Return => &outputs.expected_return,
            Self::Volatility => &outputs.volatility,
        }
    }
}

/// One feature's share in an output.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureImportance {
    /// Feature name.
    pub name: String,
    /// Mean signed contribution over windows (gradient x input, summed over bars), in units of the output.
    pub value: f64,
    /// Mean absolute contribution.
    pub magnitude: f64,
}

/// Importance of all features for one output, with its trust badge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The output explained.
    pub head: Target,
    /// Windows averaged.
    pub windows: usize,
    /// Features, the largest magnitude first.
    pub features: Vec<FeatureImportance>,
    /// Mean absolute contribution by lag (0 = the deciding bar).
    pub lags: Vec<f64>,
    /// Completeness gap of integrated gradients: |sum - (F(x) - F(x0))| / max(|F(x) - F(x0)|, 0.1 IQR of F), median.
    pub gap: f64,
    /// How much sooner than random order deleting features by importance moves the output; `None` if nothing moves.
    pub deletion: Option<f64>,
    /// Rank correlation with the importances of a network with random weights; `None` if undefined.
    pub randomised: Option<f64>,
    /// `trusted` or `doubtful`.
    pub badge: String,
    /// Why it is doubtful; empty when trusted.
    pub doubts: Vec<String>,
}

/// Gradient x input `[B, T, F]` (row-major) of `target` for a batch of windows.
fn gradient_times_input(network: &Network, x: &Tensor, target: Target) -> Result<Vec<f32>> {
    (gradient(network, x, target)? * x)?.flatten_all()?.to_vec1::<f32>()
}

fn gradient(network: &Network, x: &Tensor, target: Target) -> Result<Tensor> {
    let x = Var::from_tensor(&x.detach())?;
    let outputs = network.forward(&x, &mut Noise::off(), &mut Probe::default())?;
    // Windows of a batch do not meet, so the gradient of the sum holds every window's own.
    let grads = target.of(&outputs).sum_all()?.backward()?;
    grads.get(&x).cloned().map_or_else(|| x.zeros_like(), Ok)
}

/// Signed contributions `[T, F]` (row-major, oldest bar first) to `target` in the window that ends at bar `t`.
pub fn contributions(network: &Network, inputs: &Inputs, t: usize, target: Target) -> Result<Vec<f32>> {
    gradient_times_input(network, &windows(network, inputs, &[t])?, target)
}

/// Integrated gradients `[B, T, F]` (row-major) from the training medians (0 after scaling), midpoint rule.
///
/// Source: Sundararajan, Taly & Yan, "Axiomatic attribution for deep networks" (2017).
pub fn integrated_gradients(network: &Network, x: &Tensor, target: Target) -> Result<Vec<f32>> {
    let mut sum = x.zeros_like()?;
    for step in 0..STEPS {
        let share = (step as f64 + 0.5) / STEPS as f64;
        sum = (sum + gradient(network, &(x * share)?, target)?)?;
    }
    ((sum * (1.0 / STEPS as f64))? * x)?.flatten_all()?.to_vec1::<f32>()
}

/// Mean signed and absolute contributions per feature, and mean absolute by lag.
fn contributions_over(
    network: &Network,
    inputs: &Inputs,
    bars: &[usize],
    target: Target,
) -> Result<(Vec<f64>, Vec<f64>, Vec<f64>)> {
    let (t, width) = (network.config().seq_len, inputs.width);
    let (mut signed, mut absolute, mut lags) = (vec![0.0; width], vec![0.0; width], vec![0.0; t]);
    for bars in bars.chunks(BATCH) {
        let values = gradient_times_input(network, &windows(network, inputs, bars)?, target)?;
        for window in values.chunks(t * width) {
            let mut own = vec![0.0; width];
            for (bar, row) in window.chunks(width).enumerate() {
                for (sum, &value) in own.iter_mut().zip(row) {
                    *sum += f64::from(value);
                    lags[t - 1 - bar] += f64::from(value.abs());
                }
            }
            for (i, value) in own.into_iter().enumerate() {
                signed[i] += value;
                absolute[i] += value.abs();
            }
        }
    }
    let n = bars.len() as f64;
    let scaled = |x: Vec<f64>| x.into_iter().map(|v| v / n).collect();
    Ok((scaled(signed), scaled(absolute), scaled(lags)))
}

/// Explains `target` over the windows that end at `bars`.
pub fn importance(network: &Network, inputs: &Inputs, bars: &[usize], target: Target, seed: u64) -> Result<Importance> {
    let (signed, absolute, lags) = contributions_over(network, inputs, bars, target)?;
    let checked: Vec<usize> =
        (0..CHECKED.min(bars.len())).map(|i| bars[i * bars.len() / CHECKED.min(bars.len())]).collect();
    let x = windows(network, inputs, &checked)?;
    let gap = completeness_gap(network, &x, target)?;
    let deletion = deletion(network, &x, target, &absolute, seed)?;
    let stranger = Network::new(network.config(), inputs.width, seed ^ 0x5eed, DType::F32, network.device())?;
    let (_, random, _) = contributions_over(&stranger, inputs, &checked, target)?;
    let finite = |x: f64| x.is_finite().then_some(x);
    let (deletion, randomised) = (finite(deletion), finite(importance_rank_correlation(&absolute, &random)));
    let mut doubts = Vec::new();
    if gap.is_nan() || gap > GAP {
        doubts.push(format!("integrated gradients miss the output's change by {:.0} %", 100.0 * gap));
    }
    if !deletion.is_some_and(|score| score > 0.0) {
        doubts.push("deleting the features in this order moves the output no sooner than chance".to_owned());
    }
    if randomised.is_some_and(|r| r > RANDOMISED) {
        doubts.push("a network with random weights ranks the features much alike".to_owned());
    }
    let mut features: Vec<FeatureImportance> = inputs
        .names()
        .iter()
        .enumerate()
        .map(|(i, name)| FeatureImportance { name: name.clone(), value: signed[i], magnitude: absolute[i] })
        .collect();
    features.sort_by(|a, b| b.magnitude.total_cmp(&a.magnitude));
    let badge = if doubts.is_empty() { "trusted" } else { "doubtful" }.to_owned();
    Ok(Importance { head: target, windows: bars.len(), features, lags, gap, deletion, randomised, badge, doubts })
}

fn outputs_of(network: &Network, x: &Tensor, target: Target) -> Result<Vec<f64>> {
    let outputs = network.forward(x, &mut Noise::off(), &mut Probe::default())?;
    Ok(target.of(&outputs).to_vec1::<f32>()?.into_iter().map(f64::from).collect())
}

fn completeness_gap(network: &Network, x: &Tensor, target: Target) -> Result<f64> {
    let attributed = integrated_gradients(network, x, target)?;
    let at = outputs_of(network, x, target)?;
    let base = outputs_of(network, &x.zeros_like()?, target)?;
    let floor = 0.1 * (quantile(&at, 0.75) - quantile(&at, 0.25));
    let per_window = attributed.len() / at.len().max(1);
    let gaps: Vec<f64> = attributed
        .chunks(per_window.max(1))
        .zip(at.iter().zip(&base))
        .map(|(window, (at, base))| {
            let sum: f64 = window.iter().map(|&v| f64::from(v)).sum();
            (sum - (at - base)).abs() / (at - base).abs().max(floor)
        })
        .collect();
    Ok(median(&gaps))
}

/// Mean distance of the output from its start while features are set to their medians portion by portion.
fn deletion(network: &Network, x: &Tensor, target: Target, importance: &[f64], seed: u64) -> Result<f64> {
    let start = outputs_of(network, x, target)?;
    let mut ranked: Vec<usize> = (0..importance.len()).collect();
    ranked.sort_by(|&a, &b| importance[b].total_cmp(&importance[a]));
    let curve = |order: &[usize]| -> Result<Vec<f64>> {
        (0..=PORTIONS)
            .map(|portion| {
                let mut keep = vec![1.0_f32; order.len()];
                for &gone in &order[..portion * order.len() / PORTIONS] {
                    keep[gone] = 0.0;
                }
                let keep = Tensor::from_vec(keep, order.len(), x.device())?;
                let now = outputs_of(network, &x.broadcast_mul(&keep)?, target)?;
                Ok(mean(&now.iter().zip(&start).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>()))
            })
            .collect()
    };
    let mut random = vec![0.0; PORTIONS + 1];
    for shuffle in 0..SHUFFLES {
        let mut order = ranked.clone();
        order.shuffle(&mut purpose_rng(seed, Purpose::Analysis, shuffle));
        for (sum, value) in random.iter_mut().zip(curve(&order)?) {
            *sum += value / SHUFFLES as f64;
        }
    }
    Ok(deletion_curve_score(&curve(&ranked)?, &random))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ModelConfig, Pooling};
    use crate::nn::{AdamW, AdamWConfig, Gradients, mse};
    use candle_core::Device;

    fn world() -> (Network, Inputs) {
        let config = ModelConfig {
            seq_len: 4,
            d_model: 8,
            num_heads: 2,
            num_layers: 1,
            d_ff: 8,
            dropout: 0.0,
            pooling: Pooling::Last,
            ..ModelConfig::default()
        };
        let network = Network::new(&config, 6, 1, DType::F32, &Device::Cpu).unwrap();
        let names = (0..6).map(|i| format!("f{i}")).collect();
        (network, Inputs::complete(names, Noise::at(1, 1).normals(6 * 200)))
    }

    #[test]
    fn integrated_gradients_are_complete() {
        let (network, inputs) = world();
        let x = windows(&network, &inputs, &[10, 50, 90]).unwrap();
        for target in Target::ALL {
            assert!(completeness_gap(&network, &x, target).unwrap() < 0.02, "{target:?}");
        }
    }

    #[test]
    fn the_planted_feature_comes_first() {
        // The entry logit learns 2 x feature 3 of the last bar.
        let (network, inputs) = world();
        let bars: Vec<usize> = (4..200).collect();
        let x = windows(&network, &inputs, &bars).unwrap();
        let y: Vec<f32> = bars.iter().map(|&t| 2.0 * inputs.row(t)[3]).collect();
        let y = Tensor::from_vec(y, bars.len(), &Device::Cpu).unwrap();
        let mut adam = AdamW::new(network.params(), AdamWConfig::new(0.0));
        let mut gradients = Gradients::new(network.params());
        for _ in 0..150 {
            let out = network.forward(&x, &mut Noise::off(), &mut Probe::default()).unwrap();
            gradients.clear();
            let loss = mse(&out.entry_logit, &y, None).unwrap();
            gradients.add(network.params(), &loss.backward().unwrap(), 1.0).unwrap();
            adam.step(network.params(), &gradients, 0.01).unwrap();
        }
        let found = importance(&network, &inputs, &bars, Target::Entry, 1).unwrap();
        assert_eq!(found.features[0].name, "f3");
        assert!(found.features[0].magnitude > 3.0 * found.features[1].magnitude, "{:?}", &found.features[..2]);
        assert!(found.lags[0] > found.lags[1], "{:?}", found.lags);
        assert!(found.deletion.unwrap() > 0.3, "{:?}", found.deletion);
        // Where the feature is positive it pushes up, elsewhere down.
        let bar = bars.iter().copied().find(|&t| inputs.row(t)[3] > 1.0).unwrap();
        let own = contributions(&network, &inputs, bar, Target::Entry).unwrap();
        assert!(own[3 * 6 + 3] > 0.5, "{own:?}");
    }
}
