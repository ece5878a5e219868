use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use super::event::{Job, now};
use crate::config::DataConfig;
use crate::data::{
    ACCEPTABLE, Guess, Inspection, Mapping, ReadOptions, ReadReport, ResampleReport, ResampleRequest, gate, guess_file,
    inspect_file, quality_with, read_csv_plainly, read_series, resample, unknown_names, write_imported, write_series,
};
use crate::market::Series;

/// Reads a file of bars and tells what is in it, what was guessed about it and what looks wrong, without changing
/// anything.
pub fn inspect(file: &Path, options: &ReadOptions, job: &Job) -> Result<Inspection> {
    job.progress(0, 0, "reading bars");
    let mut found = inspect_file(file, options)?;
    job.check()?;
    job.progress(0, 0, "judging bars");
    judge(&found.series, &mut found.report);
    Ok(found)
}

/// Tells what the columns of a file are taken for, with its first rows: for a preview while options are chosen.
pub fn preview(file: &Path, options: &ReadOptions, job: &Job) -> Result<Guess> {
    job.progress(0, 0, "looking at the columns");
    Ok(guess_file(file, options)?)
}

/// Reads any file of bars, puts right what has one right answer, and writes it as Parquet, Feather or CSV; the report
/// counts every repair. The folder of `out` is made if need be.
pub fn import(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    if let Some(folder) = out.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make the folder {}", folder.display()))?;
    }
    copy(file, out, &ReadOptions { repair: true, ..options.clone() }, job)
}

/// As [`import`], into `data/SYMBOL_TIMEFRAME.parquet` of a workspace; gives that file.
pub fn import_into(workspace: &Path, file: &Path, options: &ReadOptions, job: &Job) -> Result<(PathBuf, ReadReport)> {
    let options = ReadOptions { repair: true, ..options.clone() };
    let (series, report) = read_judged(file, &options, job)?;
    job.check()?;
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' };
    let symbol: String = report.symbol.chars().map(safe).collect();
    let out = workspace.join("data").join(format!("{symbol}_{}.parquet", report.timeframe));
    std::fs::create_dir_all(workspace.join("data")).with_context(|| format!("cannot make {}", workspace.display()))?;
    job.progress(0, 0, "writing bars");
    write_imported(&out, &series, &report)?;
    Ok((out, report))
}

/// Writes the bars of `file`, which must be in order, as Parquet, Feather or CSV by `out`'s ending.
pub fn export(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    copy(file, out, options, job)
}

fn copy(file: &Path, out: &Path, options: &ReadOptions, job: &Job) -> Result<ReadReport> {
    let (series, report) = read_judged(file, options, job)?;
    job.check()?;
    job.progress(0, 0, "writing bars");
    write_imported(out, &series, &report)?;
    Ok(report)
}

/// Gathers the bars of `file`, which must be in order, into longer ones and writes them by `out`'s ending.
pub fn resample_file(
    file: &Path,
    out: &Path,
    options: &ReadOptions,
    request: &ResampleRequest,
    job: &Job,
) -> Result<ResampleReport> {
    job.progress(0, 0, "reading bars");
    let (series, _) = read_series(file, options)?;
    job.check()?;
    job.progress(0, 0, "resampling");
    let made = resample(&series, request)?;
    job.check()?;
    job.progress(0, 0, "writing bars");
    write_series(out, &made.series)?;
    Ok(made.report)
}

/// Reads a file of bars; the findings of its report are those of the reading and of the bars themselves.
pub(super) fn read_judged(file: &Path, options: &ReadOptions, job: &Job) -> Result<(Series, ReadReport)> {
    job.progress(0, 0, "reading bars");
    let (series, mut report) = read_series(file, options)?;
    job.check()?;
    judge(&series, &mut report);
    Ok((series, report))
}

fn judge(series: &Series, report: &mut ReadReport) {
    report.findings = quality_with(series, &report.findings, Some(now())).findings;
}

/// Refuses bars with blocking findings that the configuration does not accept by name.
pub(super) fn admit(report: &ReadReport, config: &DataConfig) -> Result<()> {
    if let [first, ..] = unknown_names(&config.accept)[..] {
        let known: Vec<&str> = ACCEPTABLE.iter().map(|(name, _)| *name).collect();
        bail!("data.accept: no finding is called {first:?}; there are {}", known.join(", "));
    }
    Ok(gate(&report.findings, &config.accept)?)
}

/// How a configuration reads its file.
///
/// # Errors
/// A choice that cannot be read, by the name of its key.
pub fn read_options(config: &DataConfig) -> Result<ReadOptions> {
    let mut mapping = Vec::new();
    for text in &config.map {
        mapping.extend(Mapping::parse_all(text).context("data.map")?);
    }
    Ok(ReadOptions {
        symbol: (!config.symbol.is_empty()).then(|| config.symbol.clone()),
        timeframe: chosen(&config.timeframe).context("data.timeframe")?,
        mapping,
        timezone: chosen(&config.timezone).context("data.timezone")?,
        price_scale: chosen(&config.price_scale).context("data.price_scale")?,
        keep_unadjusted: config.keep_unadjusted,
        ..ReadOptions::default()
    })
}

fn chosen<T>(text: &str) -> Result<Option<T>>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    Ok(if text.is_empty() { None } else { Some(text.parse()?) })
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
