//! Which bars the network looks at, and whether that matters to it.

use candle_core::{Device, Result, Tensor};
use serde::{Deserialize, Serialize};

use crate::config::Pooling;
use crate::dataset::Inputs;
use crate::models::{Network, Outputs, Probe};
use crate::stats::{Interval, block_bootstrap, block_length, mean};

/// What is said of encoders without attention maps.
pub const NO_ATTENTION: &str = "this encoder has no attention over bars";

/// Bars that count as near the deciding one.
const NEAR: usize = 3;
const RESAMPLES: usize = 500;
/// Windows per forward pass.
const BATCH: usize = 64;

/// Attention of one window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttentionMaps {
    /// Encoder layers.
    pub layers: usize,
    /// Heads per layer.
    pub heads: usize,
    /// Bars, T.
    pub seq_len: usize,
    /// `[layers, heads, T, T]` row-major: row = query, column = key, oldest bar first; rows sum to 1.
    pub weights: Vec<f32>,
    /// `[T]`: how much each bar counts in pooling.
    pub pooling: Vec<f32>,
}

impl AttentionMaps {
    /// The T x T map of one head.
    pub fn head(&self, layer: usize, head: usize) -> &[f32] {
        let size = self.seq_len * self.seq_len;
        &self.weights[(layer * self.heads + head) * size..][..size]
    }

    /// Weight each bar receives from one head, `[T]`: the mean over query rows, weighed as pooling weighs them.
    pub fn received(&self, layer: usize, head: usize) -> Vec<f64> {
        let mut received = vec![0.0; self.seq_len];
        for (row, &pool) in self.head(layer, head).chunks(self.seq_len).zip(&self.pooling) {
            for (sum, &weight) in received.iter_mut().zip(row) {
                *sum += f64::from(pool) * f64::from(weight);
            }
        }
        received
    }

    /// Attention rollout `[T]`: how much each bar reaches the pooled vector through all layers with their residuals.
    ///
    /// Source: Abnar & Zuidema, "Quantifying attention flow in transformers" (2020).
    pub fn rollout(&self) -> Vec<f64> {
        let t = self.seq_len;
        let mut reach: Vec<f64> = self.pooling.iter().map(|&p| f64::from(p)).collect();
        for layer in (0..self.layers).rev() {
            let mut below: Vec<f64> = reach.iter().map(|r| 0.5 * r).collect();
            for head in 0..self.heads {
                for (row, r) in self.head(layer, head).chunks(t).zip(&reach) {
                    for (sum, &weight) in below.iter_mut().zip(row) {
                        *sum += 0.5 * r * f64::from(weight) / self.heads as f64;
                    }
                }
            }
            reach = below;
        }
        reach
    }
}

/// The attention of the window that ends at bar `t`, which must have a usable window; `None` if the encoder has none.
pub fn attention_maps(network: &Network, inputs: &Inputs, t: usize) -> Result<Option<AttentionMaps>> {
    if !network.has_attention() {
        return Ok(None);
    }
    let (maps, _) = record(network, inputs, &[t], Probe::recording())?;
    Ok(maps.into_iter().next())
}

/// Windows `[B, T, F]` that end at `bars`.
pub(super) fn windows(network: &Network, inputs: &Inputs, bars: &[usize]) -> Result<Tensor> {
    let t = network.config().seq_len;
    let mut buffer = Vec::with_capacity(bars.len() * t * inputs.width);
    inputs.gather(bars, t, &mut buffer);
    Tensor::from_vec(buffer, (bars.len(), t, inputs.width), network.device())
}

fn record(
    network: &Network,
    inputs: &Inputs,
    bars: &[usize],
    mut probe: Probe,
) -> Result<(Vec<AttentionMaps>, Outputs)> {
    let outputs = network.observe(&windows(network, inputs, bars)?, &mut probe)?;
    let (layers, heads, t) = (probe.attention.len(), network.config().num_heads, network.config().seq_len);
    let mut maps: Vec<AttentionMaps> = bars
        .iter()
        .map(|_| AttentionMaps { layers, heads, seq_len: t, weights: Vec::new(), pooling: Vec::new() })
        .collect();
    for layer in &probe.attention {
        let values = layer.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        for (map, values) in maps.iter_mut().zip(values.chunks(heads * t * t)) {
            map.weights.extend_from_slice(values);
        }
    }
    if let Some(pooling) = &probe.pooling {
        for (map, row) in maps.iter_mut().zip(pooling.to_vec2::<f32>()?) {
            map.pooling = row;
        }
    }
    Ok((maps, outputs))
}

/// What the windows should have been, in the network's own units; one entry per window.
#[derive(Debug, Clone)]
pub struct Truth {
    /// Entry, exit, standardised return, standardised volatility.
    pub columns: [Vec<f64>; 4],
}

/// Attention over many windows, with its honesty measure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AttentionReport {
    /// Windows looked at.
    pub windows: usize,
    /// Bars per window, T.
    pub seq_len: usize,
    /// Which query rows `received_by_lag` averages.
    pub strip: String,
    /// Mean weight received per layer, head and lag (0 = the deciding bar).
    pub received_by_lag: Vec<Vec<Vec<f64>>>,
    /// Mean rollout by lag.
    pub rollout_by_lag: Vec<f64>,
    /// Mean attended distance in bars per layer and head.
    pub mean_distance: Vec<Vec<f64>>,
    /// Share of weight on the last 3 bars per layer and head.
    pub near_share: Vec<Vec<f64>>,
    /// Entropy of the rows as a share of uniform attention's, per layer and head.
    pub entropy: Vec<Vec<f64>>,
    /// Mean loss (entry and exit cross-entropy, return and volatility squared error) as it is.
    pub loss: f64,
    /// Rise of that loss when all attention is replaced by equal weights, with its 95 % block-bootstrap interval.
    pub loss_uniform_delta: Interval,
    /// The same for each head alone.
    pub head_delta: Vec<Vec<Interval>>,
    /// True if the rise of all together lies above 0 (and above rounding) with its whole interval.
    pub used: bool,
    /// The verdict in words.
    pub sentence: String,
    /// Mean map over windows `[layers, heads, T, T]`, for pictures; not stored.
    #[serde(skip)]
    pub mean_map: Vec<f64>,
}

/// Examines attention over the windows that end at `bars` (in time order) of which `truth` is known; `horizon` is the
/// labels' h. `None` if the encoder has no attention.
pub fn attention_report(
    network: &Network,
    inputs: &Inputs,
    bars: &[usize],
    truth: &Truth,
    horizon: usize,
    seed: u64,
) -> Result<Option<AttentionReport>> {
    if !network.has_attention() {
        return Ok(None);
    }
    let (layers, heads, t) = (network.config().num_layers, network.config().num_heads, network.config().seq_len);
    let mut sums = Sums::new(layers, heads, t, network.uniform_entropy());
    let mut plain = Vec::with_capacity(bars.len());
    for (chunk, bars) in bars.chunks(BATCH).enumerate() {
        let (maps, outputs) = record(network, inputs, bars, Probe::recording())?;
        for map in &maps {
            sums.add(map);
        }
        plain.extend(window_losses(&outputs, truth, chunk * BATCH)?);
    }
    let delta = |pairs: Vec<(usize, usize)>| -> Result<Interval> {
        let mut rise = Vec::with_capacity(bars.len());
        for (chunk, bars) in bars.chunks(BATCH).enumerate() {
            let mut probe = Probe::uniform(pairs.iter().copied());
            let outputs = network.observe(&windows(network, inputs, bars)?, &mut probe)?;
            let losses = window_losses(&outputs, truth, chunk * BATCH)?;
            rise.extend(losses.iter().enumerate().map(|(i, loss)| loss - plain[chunk * BATCH + i]));
        }
        let block = block_length(rise.len(), horizon);
        let pick = |rows: &[usize]| rows.iter().map(|&i| rise[i]).sum::<f64>() / rows.len() as f64;
        Ok(block_bootstrap(rise.len(), block, RESAMPLES, 0.95, seed, pick))
    };
    let all = delta((0..layers).flat_map(|l| (0..heads).map(move |h| (l, h))).collect())?;
    let head_delta =
        (0..layers).map(|l| (0..heads).map(|h| delta(vec![(l, h)])).collect()).collect::<Result<Vec<Vec<_>>>>()?;
    let loss = mean(&plain);
    // Below this share of the loss a rise is rounding.
    let used = all.low > 1e-6 * loss;
    let sentence = format!(
        "replacing all attention by {} changes the loss by {:+.4} ({:+.4} to {:+.4}): {}",
        if network.config().causal { "equal weights".to_owned() } else { format!("the uniform 1/{t}") },
        all.estimate,
        all.low,
        all.high,
        if used { "the network uses it" } else { "no sign that the network uses it, so the maps explain nothing" }
    );
    let n = bars.len() as f64;
    let by_head =
        |x: &[f64]| -> Vec<Vec<f64>> { x.chunks(heads).map(|row| row.iter().map(|v| v / n).collect()).collect() };
    Ok(Some(AttentionReport {
        windows: bars.len(),
        seq_len: t,
        strip: match network.config().pooling {
            Pooling::Mean => "mean over query rows",
            Pooling::Last => "last query row",
            Pooling::Attention => "query rows weighed as pooling weighs them",
        }
        .to_owned(),
        received_by_lag: sums
            .received
            .chunks(heads * t)
            .map(|layer| layer.chunks(t).map(|head| head.iter().rev().map(|v| v / n).collect()).collect())
            .collect(),
        rollout_by_lag: sums.rollout.iter().rev().map(|v| v / n).collect(),
        mean_distance: by_head(&sums.distance),
        near_share: by_head(&sums.near),
        entropy: by_head(&sums.entropy),
        loss,
        loss_uniform_delta: all,
        head_delta,
        used,
        sentence,
        mean_map: sums.map.iter().map(|v| v / n).collect(),
    }))
}

/// Loss per window: entry and exit cross-entropy plus squared errors of return and volatility.
fn window_losses(outputs: &Outputs, truth: &Truth, start: usize) -> Result<Vec<f64>> {
    let column = |t: &Tensor| -> Result<Vec<f64>> { Ok(t.to_vec1::<f32>()?.into_iter().map(f64::from).collect()) };
    let (entry, exit) = (column(&outputs.entry_logit)?, column(&outputs.exit_logit)?);
    let (returns, volatility) = (column(&outputs.expected_return)?, column(&outputs.volatility)?);
    let cross_entropy = |logit: f64, y: f64| logit.max(0.0) - logit * y + (-logit.abs()).exp().ln_1p();
    let [y_entry, y_exit, y_return, y_volatility] = &truth.columns;
    Ok((0..entry.len())
        .map(|i| {
            let at = start + i;
            cross_entropy(entry[i], y_entry[at])
                + cross_entropy(exit[i], y_exit[at])
                + (returns[i] - y_return[at]).powi(2)
                + (volatility[i] - y_volatility[at]).powi(2)
        })
        .collect())
}

struct Sums {
    received: Vec<f64>,
    rollout: Vec<f64>,
    distance: Vec<f64>,
    near: Vec<f64>,
    entropy: Vec<f64>,
    map: Vec<f64>,
    uniform_entropy: f64,
}

impl Sums {
    fn new(layers: usize, heads: usize, t: usize, uniform_entropy: f64) -> Self {
        let (pairs, zeros) = (layers * heads, |n: usize| vec![0.0; n]);
        Self {
            received: zeros(pairs * t),
            rollout: zeros(t),
            distance: zeros(pairs),
            near: zeros(pairs),
            entropy: zeros(pairs),
            map: zeros(pairs * t * t),
            uniform_entropy,
        }
    }

    fn add(&mut self, map: &AttentionMaps) {
        let t = map.seq_len;
        for (sum, &weight) in self.map.iter_mut().zip(&map.weights) {
            *sum += f64::from(weight);
        }
        for (sum, reach) in self.rollout.iter_mut().zip(map.rollout()) {
            *sum += reach;
        }
        for pair in 0..map.layers * map.heads {
            let (layer, head) = (pair / map.heads, pair % map.heads);
            for (key, weight) in map.received(layer, head).into_iter().enumerate() {
                self.received[pair * t + key] += weight;
                let lag = t - 1 - key;
                self.distance[pair] += weight * lag as f64;
                if lag < NEAR {
                    self.near[pair] += weight;
                }
            }
            let weights = map.head(layer, head).iter().map(|&w| f64::from(w)).filter(|w| *w > 0.0);
            self.entropy[pair] -= weights.map(|w| w * w.ln()).sum::<f64>() / t as f64 / self.uniform_entropy;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Encoder, ModelConfig};
    use crate::nn::Noise;
    use candle_core::DType;

    fn world() -> (Network, Inputs) {
        let config =
            ModelConfig { seq_len: 6, d_model: 8, num_heads: 2, num_layers: 2, d_ff: 8, ..ModelConfig::default() };
        let network = Network::new(&config, 3, 1, DType::F32, &Device::Cpu).unwrap();
        let names = (0..3).map(|i| format!("f{i}")).collect();
        (network, Inputs::complete(names, Noise::at(1, 1).normals(3 * 80)))
    }

    #[test]
    fn maps_strips_and_rollout_are_distributions() {
        let (network, inputs) = world();
        let maps = attention_maps(&network, &inputs, 20).unwrap().unwrap();
        assert_eq!(maps.weights.len(), 2 * 2 * 6 * 6);
        for layer in 0..2 {
            for head in 0..2 {
                assert!((maps.received(layer, head).iter().sum::<f64>() - 1.0).abs() < 1e-5);
                assert!(maps.head(layer, head).chunks(6).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5));
            }
        }
        assert!((maps.rollout().iter().sum::<f64>() - 1.0).abs() < 1e-5);
        assert!((maps.pooling.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn an_encoder_without_attention_has_no_maps_and_no_report() {
        let (_, inputs) = world();
        let truth = Truth { columns: std::array::from_fn(|_| vec![0.0; 2]) };
        for encoder in [Encoder::Lstm, Encoder::Tcn, Encoder::Tpa] {
            let config =
                ModelConfig { seq_len: 6, d_model: 8, encoder, pooling: Pooling::Last, ..ModelConfig::default() };
            let network = Network::new(&config, 3, 1, DType::F32, &Device::Cpu).unwrap();
            assert_eq!(attention_maps(&network, &inputs, 20).unwrap(), None);
            assert_eq!(attention_report(&network, &inputs, &[20, 21], &truth, 3, 1).unwrap(), None);
        }
    }

    #[test]
    fn rollout_by_hand() {
        // One layer, one head, all weight on the first bar, last pooling: half stays, half goes to bar 0.
        let maps = AttentionMaps {
            layers: 1,
            heads: 1,
            seq_len: 2,
            weights: vec![1.0, 0.0, 1.0, 0.0],
            pooling: vec![0.0, 1.0],
        };
        assert_eq!(maps.rollout(), [0.5, 0.5]);
        assert_eq!(maps.received(0, 0), [1.0, 0.0]);
    }

    #[test]
    fn attention_that_is_uniform_already_is_not_called_used() {
        let (network, inputs) = world();
        let bars: Vec<usize> = (6..80).collect();
        let column = |k: u64| Noise::at(k, 2).normals(bars.len()).into_iter().map(f64::from).collect::<Vec<_>>();
        let flags = |k: u64| column(k).into_iter().map(|x| f64::from(u8::from(x > 0.0))).collect();
        let truth = Truth { columns: [flags(1), flags(2), column(3), column(4)] };
        let report = attention_report(&network, &inputs, &bars, &truth, 3, 1).unwrap().unwrap();
        assert!(report.loss_uniform_delta.estimate.abs() > 1e-4, "{}", report.sentence);
        for (_, var) in network.params().iter().filter(|(name, _)| name.ends_with("qkv.weight")) {
            var.set(&var.zeros_like().unwrap()).unwrap();
        }
        let flat = attention_report(&network, &inputs, &bars, &truth, 3, 1).unwrap().unwrap();
        assert!(!flat.used && flat.loss_uniform_delta.estimate.abs() < 1e-6, "{}", flat.sentence);
        assert_eq!((report.windows, report.received_by_lag[1][1].len()), (74, 6));
        assert!(report.loss_uniform_delta.low <= report.loss_uniform_delta.estimate);
        assert!(report.entropy.iter().flatten().all(|e| (0.0..=1.000_01).contains(e)));
        let by_lag: f64 = report.received_by_lag[0][0].iter().enumerate().map(|(lag, w)| lag as f64 * w).sum();
        assert!((by_lag - report.mean_distance[0][0]).abs() < 1e-9);
    }
}
