use anyhow::Result;
use serde_json::{Value, json};

use crate::tasks::{Job, bars_for_bench, measure_import};

/// What to measure.
#[derive(Debug, Clone, Copy)]
pub struct DataBench {
    /// Bars of the file: a random walk.
    pub bars: usize,
    /// Repetitions, turn by turn; the median counts.
    pub repeats: usize,
    /// Threads in use, for the record.
    pub threads: usize,
}

/// Measures the import of a CSV beside polars' own reader on the same file.
pub fn data(request: &DataBench, job: &Job) -> Result<Value> {
    let series = bars_for_bench(None, request.bars)?;
    let speed = measure_import(&series, request.repeats, job)?;
    Ok(json!({
        "bench": "data",
        "bars": series.len(),
        "bytes": speed.bytes,
        "repeats": request.repeats,
        "threads": request.threads,
        "import_s": speed.import_s,
        "polars_s": speed.plain_s,
        "ratio": speed.plain_s / speed.import_s,
    }))
}
