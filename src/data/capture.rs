use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use serde_json::json;

use super::frame::ColumnView;
use super::parquet::Source;
use super::series_file::{BarColumns, origin};
use super::{Column, DataError, parquet};
use crate::files::remove_unfinished;
use crate::indicators::{Line, Lines};
use crate::market::{Series, Timeframe};

/// Columns decoded at once while reading.
const READ_COLUMNS: usize = 32;
const FINGERPRINT: &str = "fingerprint";
const CATALOGUE: &str = "catalogue";
const LINES: &str = "lines";

/// What a capture was computed from; a capture with another key is stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureKey {
    /// Of the source bars.
    pub fingerprint: String,
    /// Catalogue version and the parameters of every indicator.
    pub catalogue: String,
}

/// What the cache holds.
#[derive(Debug, Clone)]
pub enum CaptureState {
    /// The lines asked for, as computed before.
    Fresh(Lines),
    /// No capture yet.
    Missing,
    /// A capture that must be computed again, with the reason in words.
    Stale(String),
}

/// Where the capture of a range of bars lives in a workspace: `neural_data/{symbol}_{timeframe}_{start}_{end}_neural_data.parquet`.
pub fn capture_path(workspace: &Path, symbol: &str, timeframe: Timeframe, start_ms: i64, end_ms: i64) -> PathBuf {
    let safe = |c: char| if c.is_alphanumeric() || matches!(c, '-' | '.') { c } else { '-' };
    let symbol: String = symbol.chars().map(safe).collect();
    let day = |ms: i64| {
        DateTime::from_timestamp_millis(ms).map_or_else(|| ms.to_string(), |t| t.format("%Y%m%dT%H%M").to_string())
    };
    let name = format!("{symbol}_{timeframe}_{}_{}_neural_data.parquet", day(start_ms), day(end_ms));
    workspace.join("neural_data").join(name)
}

/// Writes bars and all lines, with what they were computed from.
///
/// # Errors
/// As [`CaptureWriter`], and lines of another length than the bars.
pub fn write_capture(path: &Path, series: &Series, lines: &Lines, key: &CaptureKey) -> Result<(), DataError> {
    let mut writer = CaptureWriter::create(path, series, lines, key)?;
    writer.write(series, lines)?;
    writer.finish()
}

/// A capture written a portion of bars at a time, so that the lines of a long series need not all be held.
///
/// Two writers of one capture take turns (so never make one inside a rayon task: the thread that waits may be the one
/// that would have to go on); a reader sees the old file or the new one.
pub struct CaptureWriter {
    writer: parquet::PortionWriter,
    _lock: File,
}

impl std::fmt::Debug for CaptureWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CaptureWriter")
    }
}

impl CaptureWriter {
    /// For the bars of `series` and lines like `headers`, whose values are not written yet.
    ///
    /// # Errors
    /// Two lines of one name, and whatever the disk refuses.
    pub fn create(path: &Path, series: &Series, headers: &Lines, key: &CaptureKey) -> Result<Self, DataError> {
        let lock = lock(path).map_err(|err| DataError::write(path, err))?;
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) {
            remove_unfinished(folder, &format!(".{name}."));
        }
        let none = series.truncated(0);
        let bars = BarColumns::new(&none);
        let mut views = bars.views(&none);
        views.extend(headers.columns.iter().map(|line| (line.name.as_str(), ColumnView::Float(&[]))));
        let mut metadata = origin(series);
        metadata.insert(FINGERPRINT.to_owned(), key.fingerprint.clone());
        metadata.insert(CATALOGUE.to_owned(), key.catalogue.clone());
        metadata.insert(LINES.to_owned(), json!(headers.columns.iter().map(header).collect::<Vec<_>>()).to_string());
        Ok(Self { writer: parquet::PortionWriter::create(path, &views, &metadata)?, _lock: lock })
    }

    /// Appends bars with their lines, which are those of the beginning, in that order.
    pub fn write(&mut self, bars: &Series, lines: &Lines) -> Result<(), DataError> {
        let columns = BarColumns::new(bars);
        let mut views: Vec<ColumnView<'_>> = columns.views(bars).into_iter().map(|(_, view)| view).collect();
        views.extend(lines.columns.iter().map(|line| ColumnView::Float(&line.values)));
        self.writer.write(&views)
    }

    /// Closes the file and lets it appear.
    pub fn finish(self) -> Result<(), DataError> {
        self.writer.finish()
    }
}

/// Reads a capture if it was computed from `key` and holds exactly the lines of `expected`, whose values are ignored;
/// names, meanings and units of the result are those of `expected`.
pub fn read_capture(path: &Path, key: &CaptureKey, expected: &Lines) -> CaptureState {
    match try_read(path, key, expected) {
        Ok(Ok(lines)) => CaptureState::Fresh(lines),
        Ok(Err(reason)) => CaptureState::Stale(reason),
        Err(DataError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => CaptureState::Missing,
        Err(err) => CaptureState::Stale(format!("unreadable file: {err}")),
    }
}

fn try_read(path: &Path, key: &CaptureKey, expected: &Lines) -> Result<Result<Lines, String>, DataError> {
    let source = Source::map(path)?;
    let stored = |name: &str| source.metadata().get(name).map(String::as_str);
    if stored(FINGERPRINT) != Some(&key.fingerprint) {
        return Ok(Err("the input bars changed".to_owned()));
    }
    if let Some(change) = line_change(stored(LINES).unwrap_or_default(), expected) {
        return Ok(Err(format!("parameters or catalogue changed: {change}")));
    }
    if stored(CATALOGUE) != Some(&key.catalogue) {
        return Ok(Err("parameters or catalogue changed".to_owned()));
    }
    let mut lines = Lines { columns: Vec::with_capacity(expected.columns.len()) };
    for group in expected.columns.chunks(READ_COLUMNS) {
        let names: Vec<&str> = group.iter().map(|line| line.name.as_str()).collect();
        for (line, column) in group.iter().zip(source.columns(&names)?) {
            let Column::Float(values) = column else {
                return Ok(Err(format!("line {} does not hold numbers", line.name)));
            };
            let Line { name, meaning, unit, internal, values: _ } = line;
            let (name, meaning) = (name.clone(), meaning.clone());
            lines.columns.push(Line { name, meaning, unit: *unit, internal: *internal, values });
        }
    }
    Ok(Ok(lines))
}

/// Everything about a line but its values.
fn header(line: &Line) -> serde_json::Value {
    json!({
        "name": line.name,
        "meaning": line.meaning,
        "unit": line.unit.to_string(),
        "internal": line.internal,
    })
}

/// The first difference between the stored line headers and the expected ones, in words.
fn line_change(stored: &str, expected: &Lines) -> Option<String> {
    let stored: Vec<serde_json::Value> = serde_json::from_str(stored).unwrap_or_default();
    let stored_name = |header: &serde_json::Value| header["name"].as_str().unwrap_or_default().to_owned();
    for line in &expected.columns {
        match stored.iter().find(|header| stored_name(header) == line.name) {
            None => return Some(format!("line {} is new", line.name)),
            Some(known) if *known != header(line) => return Some(format!("line {} is declared anew", line.name)),
            Some(_) => {}
        }
    }
    let gone = stored.iter().map(stored_name).find(|name| expected.get(name).is_none());
    gone.map(|name| format!("line {name} is gone"))
}

/// An exclusive lock beside `path`, held until dropped; the system releases that of a dead process.
fn lock(path: &Path) -> std::io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(name)?;
    file.lock()?;
    Ok(file)
}
