use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::event::Job;
use crate::data::{CaptureKey, ReadOptions, read_series, write_capture};
use crate::indicators::{Instance, Lines, catalogue_key, compute};

/// Computes the lines of `instances` over all bars of `data` and writes them as Parquet beside the bars; gives the
/// record for scripts.
pub fn compute_lines(data: &Path, out: &Path, instances: &[Instance], job: &Job) -> Result<Value> {
    if out.extension().is_none_or(|extension| !extension.eq_ignore_ascii_case("parquet")) {
        bail!("lines are written as Parquet: {} must end in .parquet", out.display());
    }
    job.progress(0, 0, "reading bars");
    let (series, _) = read_series(data, &ReadOptions::default())?;
    job.check()?;
    job.progress(0, 0, "computing indicators");
    let start = Instant::now();
    let lines = compute(instances, &series);
    let seconds = start.elapsed().as_secs_f64();
    job.check()?;
    job.progress(0, 0, "writing lines");
    let key = CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(instances) };
    write_capture(out, &series, &lines, &key)?;
    Ok(json!({
        "event": "lines",
        "indicators": instances.len(),
        "lines": lines.columns.len(),
        "bars": series.len(),
        "bars_per_s": series.len() as f64 / seconds,
        "hash": hash(&lines),
        "out": out,
    }))
}

/// SHA-256 over names and bits of all lines, in hex.
fn hash(lines: &Lines) -> String {
    let mut hash = Sha256::new();
    for line in &lines.columns {
        hash.update(line.name.as_bytes());
        for value in &line.values {
            hash.update(value.to_bits().to_le_bytes());
        }
    }
    format!("{:x}", hash.finalize())
}
