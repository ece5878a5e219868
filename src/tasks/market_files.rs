use std::path::Path;

use anyhow::Result;

use super::event::Job;
use crate::data::{ReadOptions, ReadReport, read_series, write_series};

/// Reads a file of bars and tells what is in it, without changing anything.
pub fn inspect(file: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    job.progress(0, 0, "reading bars");
    let options = ReadOptions { repair: true, ..options.clone() };
    Ok(read_series(file, &options)?.1)
}

/// Reads bars, sorts them, drops exact duplicates, and writes them as Parquet (or CSV); the report counts both repairs.
pub fn import(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    job.progress(0, 0, "reading bars");
    let options = ReadOptions { repair: true, ..options.clone() };
    let (series, report) = read_series(file, &options)?;
    job.check()?;
    job.progress(0, 0, "writing bars");
    write_series(out, &series)?;
    Ok(report)
}

/// Writes the bars of `file`, which must be in order, as Parquet or CSV by `out`'s extension.
pub fn export(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    job.progress(0, 0, "reading bars");
    let (series, report) = read_series(file, options)?;
    job.check()?;
    write_series(out, &series)?;
    Ok(report)
}
