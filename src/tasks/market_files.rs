use std::path::Path;

use anyhow::Result;

use super::event::Job;
use crate::data::{Guess, Inspection, ReadOptions, ReadReport, guess_file, inspect_file, read_series, write_imported};

/// Reads a file of bars and tells what is in it and what was guessed about it, without changing anything.
pub fn inspect(file: &Path, options: &ReadOptions, job: &Job) -> Result<Inspection> {
    job.progress(0, 0, "reading bars");
    Ok(inspect_file(file, options)?)
}

/// Tells what the columns of a file are taken for, with its first rows: for a preview while options are chosen.
pub fn preview(file: &Path, options: &ReadOptions, job: &Job) -> Result<Guess> {
    job.progress(0, 0, "looking at the columns");
    Ok(guess_file(file, options)?)
}

/// Reads any file of bars, puts right what has one right answer, and writes it as Parquet, Feather or CSV; the report
/// counts every repair.
pub fn import(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    copy(file, out, &ReadOptions { repair: true, ..options.clone() }, job)
}

/// Writes the bars of `file`, which must be in order, as Parquet, Feather or CSV by `out`'s ending.
pub fn export(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    copy(file, out, options, job)
}

fn copy(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    job.progress(0, 0, "reading bars");
    let (series, report) = read_series(file, options)?;
    job.check()?;
    job.progress(0, 0, "writing bars");
    write_imported(out, &series, &report)?;
    Ok(report)
}
