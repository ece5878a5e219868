use std::collections::BTreeSet;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde_json::{Value, json};

use super::memory::{reset_peak, resident};
use crate::config::{FeatureGroup, FeaturesConfig};
use crate::dataset::{Features, Inputs, Schema, extract};
use crate::indicators::{Lines, Mode, Runner, catalogue};
use crate::market::Series;
use crate::tasks::{Job, bars_for_bench};

/// Windows of a batch and bars of a window, as a network is taught with.
const BATCH: usize = 64;
const SEQ_LEN: usize = 100;
/// Bytes that gathering and copying move at least.
const MOVED: usize = 1 << 30;
/// Times the copied buffer is copied for that.
const COPIES: usize = 8;
/// Bars that are enough to see which lines become features.
const GLANCE: usize = 300;

/// What to measure.
#[derive(Debug, Clone)]
pub struct FeaturesBench {
    /// Bars to compute on; a random walk of `bars` bars when absent.
    pub data: Option<PathBuf>,
    /// Length of the random walk.
    pub bars: usize,
    /// Indicator lines, the first of the catalogue that become features.
    pub lines: usize,
    /// Repetitions; the fastest counts.
    pub repeats: usize,
    /// Threads in use, for the record.
    pub threads: usize,
}

/// Measures extraction without and with window statistics, the way to scaled inputs, its memory, and gathering of windows
/// beside a plain parallel copy.
pub fn features(request: &FeaturesBench, job: &Job) -> Result<Value> {
    let series = bars_for_bench(request.data.as_deref(), request.bars)?;
    job.progress(0, 0, "computing indicators");
    let lines = first_lines(&series, request.lines)?;
    let config = FeaturesConfig { groups: vec![FeatureGroup::Lines, FeatureGroup::Changes], ..Default::default() };

    // A peak counts from here, before any other matrix: the lines are there already.
    let before = reset_peak();
    let start = Instant::now();
    let inputs = scaled(&series, &lines, &config)?;
    let inputs_s = start.elapsed().as_secs_f64();
    let grown = before.zip(resident("VmHWM:")).map(|(before, peak)| peak - before);
    let (gather_gbs, copy_gbs) = moved(&inputs, request.repeats, job)?;
    let input_width = inputs.width;
    drop(inputs);

    let (seconds, features) = fastest(request.repeats, job, || Ok(extract(&series, &lines, &config)?))?;
    let (bars, width) = (features.bars, features.width());
    drop(features);
    let base = (bars * width * size_of::<f32>()) as f64;
    let line_bytes = (bars * lines.columns.len() * size_of::<f64>()) as f64;

    // A quarter of the bars: the statistics are four times as many columns.
    let part = series.truncated((bars / 4).max(GLANCE).min(bars));
    let mut part_lines = lines;
    part_lines.columns.iter_mut().for_each(|line| line.values.truncate(part.len()));
    let groups = vec![FeatureGroup::Lines, FeatureGroup::Changes, FeatureGroup::Windows];
    let windows = FeaturesConfig { groups, ..Default::default() };
    let (windows_s, features) = fastest(request.repeats, job, || Ok(extract(&part, &part_lines, &windows)?))?;
    let windows_width = features.width();

    Ok(json!({
        "bench": "features",
        "bars": bars,
        "lines": part_lines.columns.len(),
        "width": width,
        "threads": request.threads,
        "repeats": request.repeats,
        "rows_per_s": bars as f64 / seconds,
        "values_per_s": (bars * width) as f64 / seconds,
        "windows_bars": part.len(),
        "windows_width": windows_width,
        "windows_rows_per_s": part.len() as f64 / windows_s,
        "windows_values_per_s": (part.len() * windows_width) as f64 / windows_s,
        "inputs_width": input_width,
        "inputs_s": inputs_s,
        "base_bytes": base,
        "memory_ratio": grown.map(|bytes| bytes / base),
        "memory_ratio_with_lines": grown.map(|bytes| (bytes + line_bytes) / base),
        "gather_gbs": gather_gbs,
        "copy_gbs": copy_gbs,
        "gather_share": gather_gbs / copy_gbs,
    }))
}

/// The first `wanted` lines of the catalogue that become features.
fn first_lines(series: &Series, wanted: usize) -> Result<Lines> {
    let instances = catalogue(Mode::Standard);
    let glance = series.truncated(series.len().min(GLANCE));
    let all = Runner::new(&instances).run(glance.bars(), &glance.flows());
    let config = FeaturesConfig { groups: vec![FeatureGroup::Lines], ..Default::default() };
    let mut names = BTreeSet::new();
    for name in extract(&glance, &all, &config)?.specs.into_iter().filter_map(|spec| spec.source) {
        if names.len() < wanted {
            names.insert(name);
        }
    }
    if names.is_empty() {
        bail!("no line of the catalogue becomes a feature");
    }
    let leaves_out = |name: &str| !names.contains(name);
    let mut lines = Runner::new(&instances).without(&leaves_out).run(series.bars(), &series.flows());
    lines.columns.retain(|line| names.contains(&line.name));
    Ok(lines)
}

/// From lines to what the network reads, as a training does: the first seven tenths teach the scaler.
fn scaled(series: &Series, lines: &Lines, config: &FeaturesConfig) -> Result<Inputs> {
    let features = extract(series, lines, config)?;
    let first = features.warm_up();
    let schema = Schema::fit(&features, first..first.max(series.len() * 7 / 10), &series.timestamps())?;
    Ok(schema.apply_in_place(features)?)
}

/// Seconds of the fastest of `repeats` runs, and the last result; earlier ones are gone before the next begins.
fn fastest(repeats: usize, job: &Job, run: impl Fn() -> Result<Features>) -> Result<(f64, Features)> {
    let mut best = f64::INFINITY;
    let mut last: Option<Features> = None;
    for repeat in 0..repeats.max(1) {
        job.check()?;
        job.progress(repeat as u64, repeats as u64, "extracting features");
        drop(last.take());
        let start = Instant::now();
        last = Some(black_box(run()?));
        best = best.min(start.elapsed().as_secs_f64());
    }
    Ok((best, last.context("nothing ran")?))
}

/// Gigabytes per second, written once, of gathering random windows and of copying one big buffer to another, all threads
/// at work; the fastest of `repeats`.
fn moved(inputs: &Inputs, repeats: usize, job: &Job) -> Result<(f64, f64)> {
    if inputs.rows < SEQ_LEN {
        bail!("windows of {SEQ_LEN} bars need as many, there are {}", inputs.rows);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let batch = BATCH * SEQ_LEN * inputs.width;
    let batches = MOVED.div_ceil(batch * size_of::<f32>());
    let ends: Vec<Vec<usize>> =
        (0..batches).map(|_| (0..BATCH).map(|_| rng.random_range(SEQ_LEN - 1..inputs.rows)).collect()).collect();
    let mut out = Vec::new();
    inputs.gather(&ends[0], SEQ_LEN, &mut out);
    let floats = MOVED / size_of::<f32>() / COPIES;
    let (from, mut to) = (vec![1.0_f32; floats], vec![0.0_f32; floats]);
    let piece = from.len().div_ceil(rayon::current_num_threads());
    let (mut gathered, mut copied) = (0.0_f64, 0.0_f64);
    for repeat in 0..repeats.max(1) {
        job.check()?;
        job.progress(repeat as u64, repeats as u64, "gathering windows");
        let start = Instant::now();
        for ends in &ends {
            inputs.gather(ends, SEQ_LEN, &mut out);
            black_box(&out);
        }
        gathered = gathered.max((batches * batch * size_of::<f32>()) as f64 / start.elapsed().as_secs_f64());
        let start = Instant::now();
        for _ in 0..COPIES {
            to.par_chunks_mut(piece).zip(from.par_chunks(piece)).for_each(|(to, from)| to.copy_from_slice(from));
            black_box(&to);
        }
        copied = copied.max((COPIES * from.len() * size_of::<f32>()) as f64 / start.elapsed().as_secs_f64());
    }
    Ok((gathered / 1e9, copied / 1e9))
}
