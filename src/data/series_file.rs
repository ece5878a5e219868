use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::bars::{RawBars, numbers, times};
use super::layout::{Layout, OHLCV};
use super::parquet::{ColumnView, Source};
use super::{DataError, ReadReport, csv, parquet};
use crate::files::write_atomic;
use crate::market::{Bar, Series, Timeframe};

/// How a file of bars is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReadOptions {
    /// Ticker; otherwise the one written in the file, otherwise the leading part of the file name.
    pub symbol: Option<String>,
    /// Bar length; otherwise the one written in the file, otherwise the commonest step.
    pub timeframe: Option<Timeframe>,
    /// Sort rows and drop exact duplicates, counting both, instead of refusing them.
    pub repair: bool,
    /// Keep bars that open at or after this time, UTC milliseconds.
    pub start: Option<i64>,
    /// Keep bars that open before this time, UTC milliseconds.
    pub end: Option<i64>,
}

/// Reads the bars of a CSV or Parquet file (told by its extension).
///
/// Needed columns: an open time, open, high, low, close and volume, under their usual names in any case; kept beside
/// them are those of [`crate::market::Extra`], with NaN where empty; all others are reported and dropped. CSV takes commas,
/// semicolons or tabs; times as in [`super::parse_time`].
///
/// # Errors
/// A missing file, column or value, a value that no bar can have, two bars of one time that differ and, without
/// `repair`, disorder and duplicates: each named with its row.
pub fn read_series(path: &Path, options: &ReadOptions) -> Result<(Series, ReadReport), DataError> {
    let raw = match Format::of(path)? {
        Format::Csv => {
            let bytes = fs::read(path).map_err(|source| DataError::Read { path: path.to_owned(), source })?;
            csv::read(path, &bytes)?
        }
        Format::Parquet => read_parquet(path)?,
    };
    raw.into_series(path, &symbol_of(path), options)
}

/// Writes a series as Parquet, or as CSV if the path ends in `.csv`; the file appears whole or not at all.
///
/// Reading it back gives the same bits; a CSV does not hold the symbol and the timeframe, which come from its name and steps.
pub fn write_series(path: &Path, series: &Series) -> Result<(), DataError> {
    match Format::of(path)? {
        Format::Csv => write_atomic(path, csv::text(series).as_bytes()).map_err(|err| DataError::write(path, err)),
        Format::Parquet => {
            let bars = BarColumns::new(series);
            parquet::write(path, &bars.views(series), &origin(series))
        }
    }
}

/// The columns of a series, as far as it does not hold them as columns itself.
#[derive(Debug)]
pub(super) struct BarColumns {
    time: Vec<i64>,
    prices: [Vec<f64>; 5],
}

impl BarColumns {
    pub(super) fn new(series: &Series) -> Self {
        let column = |value: fn(&Bar) -> f64| series.bars().iter().map(value).collect();
        let prices =
            [column(|b| b.open), column(|b| b.high), column(|b| b.low), column(|b| b.close), column(|b| b.volume)];
        Self { time: series.timestamps(), prices }
    }

    /// Time, OHLCV and extras under their names.
    pub(super) fn views<'a>(&'a self, series: &'a Series) -> Vec<(&'a str, ColumnView<'a>)> {
        let mut views = vec![("timestamp", ColumnView::Time(&self.time))];
        views.extend(OHLCV.into_iter().zip(self.prices.iter().map(|values| ColumnView::Float(values))));
        views.extend(series.extras().map(|(extra, values)| (extra.name(), ColumnView::Float(values))));
        views
    }
}

/// What the columns do not say about a series.
pub(super) fn origin(series: &Series) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("symbol".to_owned(), series.symbol.clone()),
        ("timeframe".to_owned(), series.timeframe.to_string()),
    ])
}

fn read_parquet(path: &Path) -> Result<RawBars, DataError> {
    let source = Source::read(path)?;
    let layout = Layout::find(path, source.names())?;
    let mut raw = RawBars::new(&layout);
    let name = |at: usize| source.names()[at].as_str();
    let wanted = [layout.time].into_iter().chain(layout.prices).chain(layout.extras.iter().map(|&(_, at)| at));
    let wanted: Vec<&str> = wanted.map(name).collect();
    let mut columns = source.columns(&wanted)?.into_iter();
    if let Some(column) = columns.next() {
        raw.time = times(path, name(layout.time), column)?;
    }
    for ((values, title), column) in raw.prices.iter_mut().zip(OHLCV).zip(columns.by_ref()) {
        *values = numbers(path, title, column, false)?;
    }
    for ((extra, values), column) in raw.extras.iter_mut().zip(columns) {
        *values = numbers(path, extra.name(), column, true)?;
    }
    raw.symbol = source.metadata().get("symbol").cloned();
    raw.timeframe = source.metadata().get("timeframe").and_then(|text| text.parse().ok());
    Ok(raw)
}

enum Format {
    Csv,
    Parquet,
}

impl Format {
    fn of(path: &Path) -> Result<Self, DataError> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            _ => Err(DataError::Extension { path: path.to_owned() }),
        }
    }
}

/// `BTCUSDT` of `BTCUSDT_4h_binance.csv`, `BTCUSDT-1h-2021.csv` and `BTCUSDT.csv`; `BTC-USD` of `BTC-USD_1d.csv`.
fn symbol_of(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let token = stem.split(['_', ' ']).find(|token| !token.is_empty()).unwrap_or("unnamed");
    let is_timeframe = |text: &str| text.split('-').next().is_some_and(|t| t.parse::<Timeframe>().is_ok());
    let end = token.match_indices('-').map(|(at, _)| at).find(|at| is_timeframe(&token[at + 1..]));
    token[..end.unwrap_or(token.len())].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_symbol_leads_the_file_name() {
        for (name, symbol) in [
            ("x/BTCUSDT_4h_binance_20170817.csv", "BTCUSDT"),
            ("BTCUSDT-1h-2021-01.parquet", "BTCUSDT"),
            ("BTC-USD_1d.csv", "BTC-USD"),
            ("AAPL.csv", "AAPL"),
            ("_.csv", "unnamed"),
        ] {
            assert_eq!(symbol_of(Path::new(name)), symbol);
        }
    }
}
