use std::ops::Range;
use std::path::Path;

use super::change::{catalogue_change, line_change};
use super::{CATALOGUE, CaptureKey, CaptureState, LINES};
use crate::data::import::{SYMBOL, TIMEFRAME};
use crate::data::parquet::Source;
use crate::data::series_file::FINGERPRINT;
use crate::data::{Column, DataError, csv};
use crate::indicators::{Line, Lines};
use crate::market::{Bar, Extra, Series, Timeframe};

/// Values decoded at once while reading: few batches for many short columns, little memory for long ones.
const READ_VALUES: usize = 1 << 25;
/// Columns decoded at once at least, however long.
const READ_COLUMNS: usize = 32;

/// Reads a capture if it was computed from `key` and holds exactly the lines of `expected`, whose values are ignored;
/// names, meanings and units of the result are those of `expected`.
pub fn read_capture(path: &Path, key: &CaptureKey, expected: &Lines) -> CaptureState {
    let read = CaptureFile::open(path).and_then(|file| match file.stale(key, expected) {
        Some(reason) => Ok(CaptureState::Stale(reason)),
        None => file.lines_like(expected, 0..file.bars()).map(CaptureState::Fresh),
    });
    read.unwrap_or_else(|err| state_of(&err))
}

/// The same without reading the lines: nothing if the capture is fresh, else why it is not.
pub fn check_capture(path: &Path, key: &CaptureKey, expected: &Lines) -> Option<CaptureState> {
    match CaptureFile::open(path) {
        Ok(file) => file.stale(key, expected).map(CaptureState::Stale),
        Err(err) => Some(state_of(&err)),
    }
}

/// Some lines of a capture, whatever it was computed from, in the order of `names`; only their columns are read.
///
/// # Errors
/// A file that is missing or damaged or has no such lines.
pub fn read_capture_lines(path: &Path, names: &[&str]) -> Result<Vec<Vec<f64>>, DataError> {
    CaptureFile::open(path)?.lines(names)
}

fn state_of(err: &DataError) -> CaptureState {
    match err {
        DataError::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => CaptureState::Missing,
        _ => CaptureState::Stale(format!("unreadable file: {err}")),
    }
}

/// An opened capture, of which only the footer is read until columns are asked for.
///
/// It stays what it is when the file is replaced or removed meanwhile.
pub struct CaptureFile {
    source: Source,
}

impl std::fmt::Debug for CaptureFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureFile").field("bars", &self.bars()).finish_non_exhaustive()
    }
}

impl CaptureFile {
    /// Opens the file and reads its footer.
    ///
    /// # Errors
    /// A file that is missing, damaged or not Parquet.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        Ok(Self { source: Source::map(path)? })
    }

    /// Number of bars.
    pub fn bars(&self) -> usize {
        self.source.rows()
    }

    /// Of the bars it was computed from, if it is a capture.
    pub fn fingerprint(&self) -> Option<&str> {
        self.note(FINGERPRINT)
    }

    /// The catalogue it was computed with, if it is a capture.
    pub fn catalogue(&self) -> Option<&str> {
        self.note(CATALOGUE)
    }

    /// Names of the lines, in file order.
    pub fn line_names(&self) -> impl Iterator<Item = &str> {
        self.source.names().iter().map(String::as_str).filter(|name| name.contains('.'))
    }

    /// All bars with their extra columns.
    ///
    /// # Errors
    /// Damaged columns, or values that no bar can have.
    pub fn series(&self) -> Result<Series, DataError> {
        self.rows_of_series(0..self.bars())
    }

    /// The values of some lines, one per bar, in the order of `names`; missing values are NaN.
    ///
    /// # Errors
    /// Names that are no lines, and damaged columns.
    pub fn lines(&self, names: &[&str]) -> Result<Vec<Vec<f64>>, DataError> {
        self.floats(names, 0..self.bars())
    }

    /// The same of the bars `rows` only.
    ///
    /// # Errors
    /// Names that are no lines, and damaged columns.
    pub fn lines_of(&self, names: &[&str], rows: Range<usize>) -> Result<Vec<Vec<f64>>, DataError> {
        self.floats(names, rows)
    }

    pub(super) fn rows_of_series(&self, rows: Range<usize>) -> Result<Series, DataError> {
        let garbled =
            |reason: String| DataError::Damaged { path: self.source.path().to_owned(), kind: "capture", reason };
        let untold = || garbled("it does not tell symbol and timeframe".to_owned());
        let symbol = self.note(SYMBOL).ok_or_else(untold)?;
        let timeframe: Timeframe = self.note(TIMEFRAME).and_then(|text| text.parse().ok()).ok_or_else(untold)?;
        let extras: Vec<Extra> = Extra::ALL
            .into_iter()
            .filter(|extra| self.source.names().iter().any(|name| name == extra.name()))
            .collect();
        let names: Vec<&str> = csv::OHLCV.into_iter().chain(extras.iter().map(|extra| extra.name())).collect();
        let mut columns = self.source.rows_of(&[&["timestamp"], names.as_slice()].concat(), rows)?;
        let Column::Time(times) = columns.remove(0) else {
            return Err(garbled("its timestamps are no times".to_owned()));
        };
        let mut columns = self.numbers(&names, columns)?;
        let kept = columns.split_off(csv::OHLCV.len());
        let [open, high, low, close, volume] = columns.as_slice() else {
            return Err(garbled("bars are incomplete".to_owned()));
        };
        let bar = |(i, &timestamp): (usize, &i64)| Bar {
            timestamp,
            open: open[i],
            high: high[i],
            low: low[i],
            close: close[i],
            volume: volume[i],
        };
        let bars = times.iter().enumerate().map(bar).collect();
        let mut series = Series::new(symbol, timeframe, bars).map_err(|err| garbled(err.to_string()))?;
        for (extra, values) in extras.into_iter().zip(kept) {
            series = series.with_extra(extra, values).map_err(|err| garbled(err.to_string()))?;
        }
        Ok(series)
    }

    /// The rows of all lines of `headers`, which lends the rest.
    pub(super) fn lines_like(&self, headers: &Lines, rows: Range<usize>) -> Result<Lines, DataError> {
        let mut lines = Lines { columns: Vec::with_capacity(headers.columns.len()) };
        let columns = (READ_VALUES / rows.len().max(1)).max(READ_COLUMNS);
        for group in headers.columns.chunks(columns) {
            let names: Vec<&str> = group.iter().map(|line| line.name.as_str()).collect();
            for (line, values) in group.iter().zip(self.floats(&names, rows.clone())?) {
                let Line { name, meaning, unit, internal, values: _ } = line;
                let (name, meaning) = (name.clone(), meaning.clone());
                lines.columns.push(Line { name, meaning, unit: *unit, internal: *internal, values });
            }
        }
        Ok(lines)
    }

    /// Why it does not hold the lines of `expected` computed from `key`, in words; nothing if it does.
    fn stale(&self, key: &CaptureKey, expected: &Lines) -> Option<String> {
        if self.fingerprint() != Some(&key.fingerprint) {
            return Some("the input bars changed".to_owned());
        }
        self.other_lines(&key.catalogue, expected)
    }

    /// Why its lines are other ones than those of `expected`, in words; nothing if they are not.
    pub(super) fn other_lines(&self, catalogue: &str, expected: &Lines) -> Option<String> {
        let Some((made_with, lines)) = self.catalogue().zip(self.note(LINES)) else {
            return Some("it is no capture".to_owned());
        };
        let change =
            line_change(lines, expected).or_else(|| catalogue_change(made_with, catalogue).map(|change| change.words));
        change.map(|change| format!("parameters or catalogue changed: {change}"))
    }

    fn floats(&self, names: &[&str], rows: Range<usize>) -> Result<Vec<Vec<f64>>, DataError> {
        self.numbers(names, self.source.rows_of(names, rows)?)
    }

    fn numbers(&self, names: &[&str], columns: Vec<Column>) -> Result<Vec<Vec<f64>>, DataError> {
        let float = |(name, column): (&&str, Column)| match column {
            Column::Float(values) => Ok(values),
            other => Err(DataError::ColumnType {
                path: self.source.path().to_owned(),
                column: (*name).to_owned(),
                found: other.kind().to_owned(),
                wanted: "numbers",
            }),
        };
        names.iter().zip(columns).map(float).collect()
    }

    pub(in crate::data) fn note(&self, name: &str) -> Option<&str> {
        self.source.metadata().get(name).map(String::as_str)
    }
}
