use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use super::event::Job;
use crate::data::{Column, ReadOptions, read_csv_table, read_series, read_table};
use crate::dataset::leaks::{ColumnVerdict, LeakOptions, Verdict, check_columns};
use crate::market::Extra;

/// What was found in a file of bars with more columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakCheck {
    /// Bars in the file.
    pub bars: usize,
    /// Bars ahead that were looked at, at most.
    pub horizon: usize,
    /// Columns that know the future.
    pub leaking: usize,
    /// One verdict per column, in file order.
    pub columns: Vec<ColumnVerdict>,
}

/// Looks for knowledge of the future in every column of numbers that is no part of the bars.
///
/// # Errors
/// A file without bars in order or without further columns, and columns of other lengths.
pub fn check_leaks(file: &Path, options: &LeakOptions, job: &Job) -> Result<LeakCheck> {
    job.progress(0, 0, "reading bars");
    let (series, _) = read_series(file, &ReadOptions::default())?;
    job.check()?;
    let parquet = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    let table = if parquet { read_table(file)?.0 } else { read_csv_table(file)? };
    let of_bars = |name: &str| {
        let name = name.to_lowercase();
        let bars = ["timestamp", "time", "date", "datetime", "open", "high", "low", "close", "volume"];
        bars.contains(&name.as_str()) || Extra::ALL.iter().any(|extra| extra.name() == name)
    };
    let floats = table.columns().filter(|(name, _)| !of_bars(name)).filter_map(|(name, column)| match column {
        Column::Float(values) => Some((name, values.clone())),
        Column::Int(values) => {
            Some((name, values.iter().map(|value| value.map_or(f64::NAN, |value| value as f64)).collect()))
        }
        _ => None,
    });
    let floats: Vec<(&str, Vec<f64>)> = floats.collect();
    if floats.is_empty() {
        bail!("{} has no columns of numbers beside its bars", file.display());
    }
    job.check()?;
    job.progress(0, 0, "looking for the future");
    let columns: Vec<(&str, &[f64])> = floats.iter().map(|(name, values)| (*name, values.as_slice())).collect();
    let columns = check_columns(series.bars(), &columns, options)
        .with_context(|| format!("{} cannot be checked", file.display()))?;
    let leaking = columns.iter().filter(|column| column.verdict == Verdict::Leaks).count();
    Ok(LeakCheck { bars: series.len(), horizon: options.horizon, leaking, columns })
}
