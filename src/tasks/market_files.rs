use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};

use super::event::Job;
use crate::data::{
    Guess, Inspection, ReadOptions, ReadReport, guess_file, inspect_file, read_csv_plainly, read_series,
    write_imported, write_series,
};
use crate::market::Series;

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

/// How long a CSV takes to import, and to be read by the library below the import.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImportSpeed {
    /// Size of the file.
    pub bytes: u64,
    /// Median of the imports, seconds.
    pub import_s: f64,
    /// Median of the plain readings, seconds.
    pub plain_s: f64,
}

/// Writes `series` as CSV into the folder for temporary files, reads it both ways turn by turn, and removes it.
pub fn measure_import(series: &Series, repeats: usize, job: &Job) -> Result<ImportSpeed> {
    let path = std::env::temp_dir().join(format!("{}_{}.csv", series.symbol, std::process::id()));
    write_series(&path, series)?;
    let speed = measure(&path, series.len(), repeats.max(1), job);
    std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    speed
}

fn measure(path: &Path, bars: usize, repeats: usize, job: &Job) -> Result<ImportSpeed> {
    let bytes = std::fs::metadata(path)?.len();
    let options = ReadOptions { repair: true, ..ReadOptions::default() };
    let (mut imports, mut plain) = (Vec::new(), Vec::new());
    for round in 0..repeats {
        job.check()?;
        job.progress(round as u64, repeats as u64, "reading bars");
        let start = Instant::now();
        ensure!(read_series(path, &options)?.0.len() == bars, "the import lost bars");
        imports.push(start.elapsed().as_secs_f64());
        let start = Instant::now();
        ensure!(read_csv_plainly(path)? == bars, "the plain reader lost bars");
        plain.push(start.elapsed().as_secs_f64());
    }
    let median = |mut times: Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    };
    Ok(ImportSpeed { bytes, import_s: median(imports), plain_s: median(plain) })
}
