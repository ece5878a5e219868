use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::memory::{largest_allocation, reset_peak, resident};
use super::roof::multiply_adds_per_s;
use crate::config::{DevicePreference, ModelConfig, Precision, TrainConfig, preset};
use crate::dataset::{Inputs, Labels};
use crate::models::{ModelSummary, Network};
use crate::nn::Noise;
use crate::stats;
use crate::tasks::Job;
use crate::training::{
    DType, TargetTable, Trainer, TrainerConfig, TrainingSet, entry_logits, fresh_network, pick_device,
};

/// Steps before the first one that counts.
const WARM_UP: usize = 3;
const SEED: u64 = 7;
const RATE: f64 = 3e-4;

/// What networks are measured on.
#[derive(Debug, Clone)]
pub struct NetworkBench {
    /// One of the shapes `debug`, `baseline` and `elite`.
    pub preset: String,
    /// Dropout probability.
    pub dropout: f64,
    /// Where to compute.
    pub device: DevicePreference,
    /// Numbers of the matrix products of training; forecasts are in f32.
    pub precision: Precision,
    /// Steps, or single forecasts, that count.
    pub steps: usize,
    /// Bars of a random walk to draw windows from; as many as one batch needs, which is then taught again and again, when
    /// absent.
    pub bars: Option<usize>,
    /// Features of a bar.
    pub features: usize,
    /// Threads in use, for the record.
    pub threads: usize,
}

/// Shape and batch that a preset stands for in benchmarks; the same as in the peer's script.
fn shape(request: &NetworkBench) -> Result<(ModelConfig, usize)> {
    let [seq_len, d_model, num_heads, num_layers, d_ff, latent_dim, batch] = match request.preset.as_str() {
        "debug" => [50, 128, 4, 2, 512, 8, 32],
        "baseline" => [100, 256, 8, 4, 1024, 8, 64],
        "elite" => [100, 512, 16, 8, 2048, 16, 128],
        other => bail!("there is no benchmark shape {other}; choose debug, baseline or elite"),
    };
    let dropout = request.dropout;
    let model =
        ModelConfig { seq_len, d_model, num_heads, num_layers, d_ff, dropout, latent_dim, ..Default::default() };
    Ok((model, batch))
}

/// Random features and what to learn of them.
struct World {
    inputs: Inputs,
    targets: TargetTable,
    bars: Vec<usize>,
}

impl World {
    fn new(request: &NetworkBench, model: &ModelConfig, batch: usize) -> Result<Self> {
        let (t, f) = (model.seq_len, request.features);
        let rows = request.bars.unwrap_or(t * batch);
        if rows < t + batch {
            bail!("{rows} bars hold fewer than {batch} windows of {t}");
        }
        let data = Noise::at(SEED, 0).normals(rows * f);
        let draws: Vec<f64> = Noise::at(SEED, 1).normals(rows).into_iter().map(f64::from).collect();
        let above = |x: f64| f64::from(u8::from(x > 0.5));
        let labels = Labels {
            horizon: 1,
            entry: draws.iter().map(|&x| above(x)).collect(),
            exit: draws.iter().map(|&x| above(-x)).collect(),
            forward_return: draws.iter().map(|x| 0.01 * x).collect(),
            volatility: draws.iter().map(|x| 0.01 * x.abs()).collect(),
            ..Labels::default()
        };
        let bars = match request.bars {
            Some(_) => (t - 1..rows).collect(),
            None => (0..batch).map(|i| (i + 1) * t - 1).collect(),
        };
        let inputs = Inputs::complete((0..f).map(|i| format!("f{i}")).collect(), data);
        Ok(Self { inputs, targets: TargetTable::new(&labels, 0.01, 0.001), bars })
    }
}

/// Measures whole training steps: gathering, forward, backward, clipping and AdamW.
pub fn train(request: &NetworkBench, job: &Job) -> Result<Value> {
    let (model, batch) = shape(request)?;
    let (device, name) = pick_device(request.device)?;
    let world = World::new(request, &model, batch)?;
    let before = reset_peak();
    let train = TrainConfig {
        batch_size: batch,
        weight_decay: 1e-4,
        seed: SEED,
        precision: request.precision,
        ..preset("debug").unwrap_or_default().train
    };
    let network = fresh_network(&model, request.features, &train, &device)?;
    let parameters = network.params().count();
    let config = TrainerConfig { train, return_variance: 1e-4, input_noise: 0.0 };
    let set = TrainingSet {
        inputs: &world.inputs,
        targets: &world.targets,
        train: &world.bars,
        validation: &world.bars[..1],
        seq_len: model.seq_len,
        weights: None,
        volatility: None,
    };
    let mut trainer = Trainer::new(network, config, set)?;
    let (mut ms, mut losses, mut gathering) = (Vec::new(), Vec::new(), 0.0);
    let mut settled = None;
    for step in 0..WARM_UP + request.steps {
        job.check()?;
        job.progress(step as u64, (WARM_UP + request.steps) as u64, "training steps");
        if step == WARM_UP {
            largest_allocation();
        }
        if step == WARM_UP + request.steps / 10 {
            settled = resident("VmRSS:");
        }
        let start = Instant::now();
        let taken = trainer.step_at(RATE)?;
        if step >= WARM_UP {
            ms.push(1e3 * start.elapsed().as_secs_f64());
            gathering += taken.gathering;
        }
        losses.push(taken.loss);
    }
    let largest = largest_allocation();
    let peak = resident("VmHWM:");
    let grown = settled.zip(resident("VmRSS:")).map(|(settled, now)| now / settled - 1.0);
    let median = stats::median(&ms);
    let summary = ModelSummary::new(&model, request.features);
    let work = 0.5 * summary.training_flops(batch) as f64;
    let roof = device.is_cpu().then(multiply_adds_per_s);
    Ok(json!({
        "bench": "train",
        "preset": request.preset,
        "dropout": request.dropout,
        "device": name,
        "precision": request.precision,
        "threads": request.threads,
        "batch": batch,
        "steps": request.steps,
        "step_ms": median,
        "p10": stats::quantile(&ms, 0.1),
        "p90": stats::quantile(&ms, 0.9),
        "windows_per_s": 1e3 * batch as f64 / median,
        "params": parameters,
        "loss_first": losses[0],
        "loss_last": losses[losses.len() - 1],
        "peak_rss_mib": peak.map(|bytes| bytes / f64::from(1 << 20)),
        "own_peak_mib": peak.zip(before).map(|(peak, before)| (peak - before) / f64::from(1 << 20)),
        "estimate_mib": summary.memory(batch).total() as f64 / f64::from(1 << 20),
        "memory_growth": grown,
        "data_wait": 1e3 * gathering / ms.iter().sum::<f64>(),
        "largest_allocation_bytes": largest,
        "tensor_bytes": batch * model.seq_len * model.d_model * size_of::<f32>(),
        "gflops": 2.0 * work / median / 1e6,
        "roof_gflops": roof.map(|adds| 2.0 * adds / 1e9),
        "roof_share": roof.map(|adds| work / (1e-3 * median) / adds),
    }))
}

/// Measures forecasts of one window at a time, and of whole batches, and how far the two lie apart.
pub fn infer(request: &NetworkBench, job: &Job) -> Result<Value> {
    let (model, batch) = shape(request)?;
    let (device, name) = pick_device(request.device)?;
    let world = World::new(request, &model, batch)?;
    let network = Network::new(&model, request.features, SEED, DType::F32, &device)?;
    let forecaster = network.forecaster()?;
    let mut windows = Vec::new();
    let mut call = |bars: &[usize]| -> Result<(Vec<f32>, f64)> {
        let start = Instant::now();
        let entries = entry_logits(&forecaster, &world.inputs, bars, &mut windows)?;
        Ok((entries, 1e3 * start.elapsed().as_secs_f64()))
    };
    let (mut single, mut whole, mut apart) = (Vec::new(), Vec::new(), 0.0_f64);
    let bars = &world.bars[..batch];
    let batches = (request.steps / 8).max(5);
    for i in 0..WARM_UP + batches {
        job.check()?;
        job.progress(i as u64, (WARM_UP + batches) as u64, "forecasts of batches");
        let (_, took) = call(bars)?;
        if i >= WARM_UP {
            whole.push(took);
        }
    }
    let (together, _) = call(bars)?;
    for i in 0..WARM_UP + request.steps {
        job.check()?;
        job.progress(i as u64, (WARM_UP + request.steps) as u64, "single forecasts");
        let at = i % batch;
        let (alone, took) = call(&bars[at..=at])?;
        apart = apart.max(f64::from((alone[0] - together[at]).abs()));
        if i >= WARM_UP {
            single.push(took);
        }
    }
    let (one, all) = (stats::median(&single), stats::median(&whole));
    Ok(json!({
        "bench": "infer",
        "preset": request.preset,
        "device": name,
        "threads": request.threads,
        "batch1_ms": one,
        "batch1_p10": stats::quantile(&single, 0.1),
        "batch1_p90": stats::quantile(&single, 0.9),
        "batch": batch,
        "batch_ms": all,
        "windows_per_s": 1e3 * batch as f64 / all,
        "largest_difference": apart,
        "params": network.params().count(),
    }))
}
