use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::event::Job;
use crate::data::{CaptureKey, CaptureWriter, ReadOptions, read_series};
use crate::indicators::kernels::{Columns, compute_columns};
use crate::indicators::{Instance, Lines, Runner, catalogue_key, twin_of};
use crate::market::{Bar, Extra, Series};

/// Bars computed and written at once: lines of a million bars need not be held together.
const PORTION: usize = 65_536;

/// Which lines of which indicators.
#[derive(Debug, Clone)]
pub struct LineSelection {
    /// The indicators.
    pub instances: Vec<Instance>,
    /// Also lines that restate another one.
    pub twins: bool,
}

impl LineSelection {
    fn leaves_out(&self, name: &str) -> bool {
        !self.twins && twin_of(name).is_some()
    }
}

/// Computes lines over all bars of `data` and writes them as Parquet beside the bars; gives the record for scripts.
pub fn compute_lines(data: &Path, out: &Path, selection: &LineSelection, job: &Job) -> Result<Value> {
    if out.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("parquet")) {
        bail!("lines are written as Parquet: {} must end in .parquet", out.display());
    }
    job.progress(0, 0, "reading bars");
    let (series, _) = read_series(data, &ReadOptions::default())?;
    job.check()?;
    let key = CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(&selection.instances) };
    let leaves_out = |name: &str| selection.leaves_out(name);
    let mut runner = Runner::new(&selection.instances).without(&leaves_out);
    let headers = runner.run(&[], &[]);
    let mut writer = CaptureWriter::create(out, &series, &headers, &key)?;
    let mut hash = LineHash::new(&headers);
    let mut seconds = 0.0;
    for from in (0..series.len()).step_by(PORTION) {
        job.check()?;
        job.progress(from as u64, series.len() as u64, "computing indicators");
        let bars = series.sliced(from..series.len().min(from + PORTION));
        let flows = bars.flows();
        let start = Instant::now();
        let lines = runner.run(bars.bars(), &flows);
        seconds += start.elapsed().as_secs_f64();
        hash.add(&lines);
        writer.write(&bars, &lines)?;
    }
    writer.finish()?;
    Ok(json!({
        "event": "lines",
        "mode": selection.instances.first().map_or("standard", |instance| instance.mode().name()),
        "indicators": selection.instances.len(),
        "lines": headers.columns.len(),
        "bars": series.len(),
        "bars_per_s": series.len() as f64 / seconds,
        "hash": hash.finish(),
        "out": out,
    }))
}

/// What [`measure_lines`] found.
#[derive(Debug, Clone)]
pub struct LineSpeed {
    /// Indicators computed.
    pub indicators: usize,
    /// Lines kept.
    pub lines: usize,
    /// Bars per second, the fastest of the repetitions.
    pub bars_per_s: f64,
    /// Hash of all lines, as [`compute_lines`] gives it.
    pub hash: String,
}

/// Times the computation of lines over the bars of `series`, all kept in memory, `repeats` times.
pub fn measure_lines(series: &Series, selection: &LineSelection, repeats: usize, job: &Job) -> Result<LineSpeed> {
    let leaves_out = |name: &str| selection.leaves_out(name);
    let flows = series.flows();
    let mut best: Option<(f64, Lines)> = None;
    for repeat in 0..repeats.max(1) {
        job.check()?;
        job.progress(repeat as u64, repeats as u64, "computing indicators");
        let mut runner = Runner::new(&selection.instances).without(&leaves_out);
        let start = Instant::now();
        let lines = runner.run(series.bars(), &flows);
        let seconds = start.elapsed().as_secs_f64();
        if best.as_ref().is_none_or(|(least, _)| seconds < *least) {
            best = Some((seconds, lines));
        }
    }
    let (seconds, lines) = best.unwrap_or_default();
    let mut hash = LineHash::new(&lines);
    hash.add(&lines);
    Ok(LineSpeed {
        indicators: selection.instances.len(),
        lines: lines.columns.len(),
        bars_per_s: series.len() as f64 / seconds,
        hash: hash.finish(),
    })
}

/// Nanoseconds per bar that the lines `names` of `instance` take on this thread, the fastest of `repeats`.
///
/// # Errors
/// An indicator without such lines.
pub fn measure_columns(instance: &Instance, names: &[&str], series: &Series, repeats: usize, job: &Job) -> Result<f64> {
    let columns = Columns::of(series.bars());
    let mut best = f64::INFINITY;
    for _ in 0..repeats.max(1) {
        job.check()?;
        let start = Instant::now();
        let lines = compute_columns(instance, names, series, &columns);
        let seconds = start.elapsed().as_secs_f64();
        if black_box(lines).is_none() {
            bail!("{} has no lines {}", instance.id(), names.join(", "));
        }
        best = best.min(seconds);
    }
    Ok(1e9 * best / series.len() as f64)
}

/// The bars of `data`, or a random walk of `bars` bars with taker volumes and trade counts, always the same one.
pub fn bars_for_bench(data: Option<&Path>, bars: usize) -> Result<Series> {
    if let Some(path) = data {
        return Ok(read_series(path, &ReadOptions::default())?.0);
    }
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut price: f64 = 100.0;
    let bar = |i: usize| {
        let open = price;
        price *= (0.004 * (rng.random::<f64>() - 0.5)).exp();
        let high = open.max(price) * (1.0 + 0.002 * rng.random::<f64>());
        let low = open.min(price) * (1.0 - 0.002 * rng.random::<f64>());
        Bar { timestamp: i as i64 * 60_000, open, high, low, close: price, volume: 1000.0 * rng.random::<f64>() }
    };
    let series = Series::new("BENCH", "1m".parse()?, (0..bars).map(bar).collect())?;
    let volumes: Vec<(f64, f64)> = series.bars().iter().map(|b| (b.volume, f64::midpoint(b.high, b.low))).collect();
    let taker: Vec<f64> = volumes.iter().map(|(v, _)| v * rng.random::<f64>()).collect();
    let taker_quote = taker.iter().zip(&volumes).map(|(t, (_, price))| t * price).collect();
    let trades = volumes.iter().map(|(v, _)| 1.0 + v.floor()).collect();
    let quote = volumes.iter().map(|(v, price)| v * price).collect();
    Ok(series
        .with_extra(Extra::TakerBuyVolume, taker)?
        .with_extra(Extra::TakerBuyQuoteVolume, taker_quote)?
        .with_extra(Extra::Trades, trades)?
        .with_extra(Extra::QuoteVolume, quote)?)
}

/// SHA-256 over the names of all lines and the hashes of their bits, in hex, taken a portion of bars at a time.
struct LineHash(Vec<Sha256>);

impl LineHash {
    fn new(headers: &Lines) -> Self {
        Self(headers.columns.iter().map(|line| Sha256::new_with_prefix(line.name.as_bytes())).collect())
    }

    fn add(&mut self, lines: &Lines) {
        for (hash, line) in self.0.iter_mut().zip(&lines.columns) {
            let bytes: Vec<u8> = line.values.iter().flat_map(|value| value.to_bits().to_le_bytes()).collect();
            hash.update(bytes);
        }
    }

    fn finish(self) -> String {
        let mut all = Sha256::new();
        for hash in self.0 {
            all.update(hash.finalize());
        }
        format!("{:x}", all.finalize())
    }
}
