use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde::Serialize;

use super::event::Job;
use super::prepare::{Dataset, prepare};
use super::sources::Sources;
use super::train::Material;
use super::view::RunView;
use crate::config::{DevicePreference, Precision};
use crate::dataset::Slice;
use crate::stats;
use crate::training::{Device, pick_device, predict_one};

/// Calls before the first one that counts: memory and caches settle.
const WARM_UP: usize = 3;
/// Calls that count, at most and at least.
const CALLS: (usize, usize) = (40, 5);
/// How long one thing is measured, if that makes calls enough.
const BUDGET: Duration = Duration::from_secs(5);

/// Speed of a run's network on the devices of this machine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelBench {
    /// The run.
    pub run: String,
    /// Parameters of its network.
    pub parameters: usize,
    /// Bars per window.
    pub seq_len: usize,
    /// Inputs per bar.
    pub width: usize,
    /// Windows of an optimiser step.
    pub windows: usize,
    /// The devices measured, the CPU first.
    pub devices: Vec<DeviceBench>,
    /// Why there is no GPU among them.
    pub no_gpu: Option<String>,
}

/// One device's speed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeviceBench {
    /// Its name.
    pub device: String,
    /// One optimiser step, gathering of windows included.
    pub step: Speed,
    /// Training windows per second at the median step.
    pub windows_per_s: f64,
    /// One forecast of one window.
    pub prediction: Speed,
}

/// Milliseconds of one call over several.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Speed {
    /// Calls measured.
    pub calls: usize,
    /// The median.
    pub median_ms: f64,
    /// A tenth of the calls are faster.
    pub p10_ms: f64,
    /// A tenth of the calls are slower.
    pub p90_ms: f64,
}

impl Speed {
    fn new(ms: &[f64]) -> Self {
        let at = |share| stats::quantile(ms, share);
        Self { calls: ms.len(), median_ms: at(0.5), p10_ms: at(0.1), p90_ms: at(0.9) }
    }
}

/// Measures the training step and a single forecast of a run's network, freshly drawn, on the CPU and on a CUDA device if
/// there is one, both in f32. Writes nothing.
pub fn bench_model(view: &RunView, job: &Job) -> Result<ModelBench> {
    let (collected, config) = (&view.collected, &view.manifest.config);
    let sources = Sources::read(&config.features, &collected.series, &collected.library, job)?;
    let mut config = config.clone();
    config.train.precision = Precision::F32;
    let dataset = prepare(collected, &sources, &config, job)?;
    let material = Material::new(&dataset, &collected.series);
    let network = material.trainer(&dataset, &Device::Cpu)?;
    let (parameters, most) = (network.network().params().count(), network.windows());
    let threads = rayon::current_num_threads();
    let mut devices = vec![measure(&material, &dataset, &Device::Cpu, &format!("{}, {threads} threads", cpu()), job)?];
    let no_gpu = match pick_device(DevicePreference::Cuda) {
        Ok((device, name)) => {
            devices.push(measure(&material, &dataset, &device, &name, job)?);
            None
        }
        Err(err) => Some(err.to_string()),
    };
    Ok(ModelBench {
        run: view.manifest.id.clone(),
        parameters,
        seq_len: config.model.seq_len,
        width: dataset.inputs.width,
        windows: step_windows(&dataset, most),
        devices,
        no_gpu,
    })
}

fn step_windows(dataset: &Dataset, most: usize) -> usize {
    let train = &dataset.card.train;
    (train.batch_size * train.accumulation_steps).min(most)
}

fn measure(material: &Material, dataset: &Dataset, device: &Device, name: &str, job: &Job) -> Result<DeviceBench> {
    let mut trainer = material.trainer(dataset, device)?;
    let windows = step_windows(dataset, trainer.windows());
    let one_step = windows == trainer.windows();
    let step = calls(&format!("training steps on {name}"), job, || {
        let start = Instant::now();
        let epoch = trainer.step(&|_| job.check())?;
        let ms = 1e3 * start.elapsed().as_secs_f64();
        Ok(match epoch {
            None => Some(ms),
            // The step that ends an epoch comes with a validation and may have fewer windows.
            Some((_, timing)) if one_step => Some(1e3 * windows as f64 / timing.windows_per_s),
            Some(_) => None,
        })
    })?;
    let bars = dataset.bars(Slice::Validation);
    let mut next = bars.iter().cycle();
    let forecaster = trainer.network().forecaster()?;
    let prediction = calls(&format!("single forecasts on {name}"), job, || {
        job.check()?;
        let bar = *next.next().context("the validation slice is empty")?;
        let start = Instant::now();
        predict_one(&forecaster, &dataset.inputs, bar)?;
        Ok(Some(1e3 * start.elapsed().as_secs_f64()))
    })?;
    Ok(DeviceBench { device: name.to_owned(), windows_per_s: 1e3 * windows as f64 / step.median_ms, step, prediction })
}

/// Calls until the budget is spent; those that give no duration do not count.
fn calls(what: &str, job: &Job, mut call: impl FnMut() -> Result<Option<f64>>) -> Result<Speed> {
    let (mut ms, mut left, start) = (Vec::new(), WARM_UP, Instant::now());
    while ms.len() < CALLS.0 && (start.elapsed() < BUDGET || ms.len() < CALLS.1) {
        job.progress(ms.len() as u64, CALLS.0 as u64, &format!("measuring {what}"));
        let Some(duration) = call()? else { continue };
        if left > 0 {
            left -= 1;
        } else {
            ms.push(duration);
        }
    }
    Ok(Speed::new(&ms))
}

/// The processor's name where the system tells it.
fn cpu() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name =
        text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':').map(|(_, name)| name.trim()));
    name.map_or_else(|| "CPU".to_owned(), |name| format!("CPU ({name})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_up_and_calls_without_duration_do_not_count() {
        let mut n = 0.0;
        let speed = calls("nothing", &Job::detached(), || {
            n += 1.0;
            Ok((n % 2.0 == 0.0).then_some(n))
        })
        .unwrap();
        // Even calls count: 2, 4, 6 warm up, 8 to 86 are measured.
        assert_eq!((speed.calls, speed.median_ms), (CALLS.0, 47.0));
        assert!(speed.p10_ms < speed.median_ms && speed.median_ms < speed.p90_ms);
        let failed = calls("nothing", &Job::detached(), || anyhow::bail!("cancelled"));
        assert!(failed.is_err());
    }
}
