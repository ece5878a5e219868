use std::collections::BTreeMap;
use std::path::Path;

use super::frame::ColumnView;
use super::import::{ADJUSTMENT, REFUSED, SYMBOL, TIMEFRAME, symbol_of_name};
use super::{DataError, ReadReport, csv, feather, parquet};
use crate::files::write_atomic;
use crate::market::{Bar, Series, Timeframe};

/// SHA-256 of the bars.
pub(super) const FINGERPRINT: &str = "fingerprint";
/// Open times of the first and the last bar, UTC milliseconds.
pub(super) const START: &str = "start_ms";
pub(super) const END: &str = "end_ms";

/// Writes a series as CSV, Parquet or Feather, by the ending of the path; the file appears whole or not at all.
///
/// Reading it back gives the same series. Where the name and the steps of a CSV do not tell its symbol and timeframe,
/// columns do.
pub fn write_series(path: &Path, series: &Series) -> Result<(), DataError> {
    write(path, series, &origin(series))
}

/// The same for a series just read: prices that were kept as traded on request are not adjusted at the next reading
/// either.
pub fn write_imported(path: &Path, series: &Series, report: &ReadReport) -> Result<(), DataError> {
    let mut metadata = origin(series);
    if report.unadjusted {
        metadata.insert(ADJUSTMENT.to_owned(), REFUSED.to_owned());
    }
    write(path, series, &metadata)
}

fn write(path: &Path, series: &Series, metadata: &BTreeMap<String, String>) -> Result<(), DataError> {
    let bars = BarColumns::new(series);
    match Format::of(path)? {
        Format::Csv => {
            let text = csv::text(series, &notes(path, series, metadata));
            write_atomic(path, text.as_bytes()).map_err(|err| DataError::write(path, err))
        }
        Format::Parquet => {
            let mut metadata = metadata.clone();
            metadata.extend(span(series));
            metadata.extend(stored_fingerprint(series).map(|text| (FINGERPRINT.to_owned(), text)));
            parquet::write(path, &bars.views(), &metadata)
        }
        Format::Feather => feather::write(path, &bars.views(), metadata),
    }
}

/// What a CSV would not tell otherwise.
fn notes<'a>(path: &Path, series: &Series, metadata: &'a BTreeMap<String, String>) -> Vec<(&'a str, &'a str)> {
    let untold = |key: &str| match key {
        SYMBOL => symbol_of_name(path) != series.symbol,
        TIMEFRAME => Timeframe::infer(&series.timestamps()) != Some(series.timeframe),
        _ => true,
    };
    metadata.iter().filter(|(key, _)| untold(key)).map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

/// The columns of a series as files hold them: zeros have no sign, since Parquet's dictionaries mix up the two zeros.
#[derive(Debug)]
pub(super) struct BarColumns {
    time: Vec<i64>,
    prices: [Vec<f64>; 5],
    extras: Vec<(&'static str, Vec<f64>)>,
}

impl BarColumns {
    pub(super) fn new(series: &Series) -> Self {
        let column = |value: fn(&Bar) -> f64| series.bars().iter().map(|bar| value(bar) + 0.0).collect();
        let prices =
            [column(|b| b.open), column(|b| b.high), column(|b| b.low), column(|b| b.close), column(|b| b.volume)];
        let unsigned = |values: &[f64]| values.iter().map(|value| value + 0.0).collect();
        let extras = series.extras().map(|(extra, values)| (extra.name(), unsigned(values))).collect();
        Self { time: series.timestamps(), prices, extras }
    }

    /// Time, OHLCV and extras under their names.
    pub(super) fn views(&self) -> Vec<(&str, ColumnView<'_>)> {
        let mut views = vec![("timestamp", ColumnView::Time(&self.time))];
        views.extend(csv::OHLCV.into_iter().zip(self.prices.iter().map(|values| ColumnView::Float(values))));
        views.extend(self.extras.iter().map(|(name, values)| (*name, ColumnView::Float(values))));
        views
    }
}

/// What the columns do not say about a series.
pub(super) fn origin(series: &Series) -> BTreeMap<String, String> {
    BTreeMap::from([(SYMBOL.to_owned(), series.symbol.clone()), (TIMEFRAME.to_owned(), series.timeframe.to_string())])
}

/// What a list of files tells without reading their rows.
pub(super) fn span(series: &Series) -> BTreeMap<String, String> {
    let ends = series.bars().first().zip(series.bars().last());
    let ends = ends.map(|(first, last)| [(START, first.timestamp), (END, last.timestamp)]);
    ends.into_iter().flatten().map(|(key, time)| (key.to_owned(), time.to_string())).collect()
}

/// Of the bars as they will be read: zeros lose their sign.
fn stored_fingerprint(series: &Series) -> Option<String> {
    let unsigned = |values: &[f64]| values.iter().all(|value| value.to_bits() != (-0.0_f64).to_bits());
    if series.bars().iter().all(|bar| unsigned(&[bar.volume])) && series.extras().all(|(_, values)| unsigned(values)) {
        return Some(series.fingerprint());
    }
    let bars = series.bars().iter().map(|bar| Bar { volume: bar.volume + 0.0, ..*bar }).collect();
    let stored = Series::new(&series.symbol, series.timeframe, bars);
    let stored = series.extras().fold(stored, |stored, (extra, values)| {
        stored?.with_extra(extra, values.iter().map(|value| value + 0.0).collect())
    });
    stored.ok().map(|stored| stored.fingerprint())
}

enum Format {
    Csv,
    Parquet,
    Feather,
}

impl Format {
    fn of(path: &Path) -> Result<Self, DataError> {
        let extension = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match extension.as_deref() {
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            Some("feather" | "arrow" | "ipc") => Ok(Self::Feather),
            _ => Err(DataError::write(path, "its name ends in neither .csv, .parquet nor .feather")),
        }
    }
}
