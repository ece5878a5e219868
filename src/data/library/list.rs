use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use rayon::prelude::*;
use serde::Serialize;

use super::freshness::Freshness;
use super::{CAPTURES, SERIES};
use crate::data::capture::{CaptureFile, CaptureName, states_path};
use crate::data::import::{SYMBOL, TIMEFRAME};
use crate::data::series_file::{END, START};
use crate::data::time_text;

/// Everything a workspace holds, in the order of symbols, timeframes and starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LibraryListing {
    /// Imported series.
    pub series: Vec<SeriesEntry>,
    /// Captures of indicator lines.
    pub captures: Vec<CaptureEntry>,
    /// Size of all of them on disk, in bytes.
    pub bytes: u64,
}

/// A file of bars, with or without lines.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredFile {
    /// Where it is.
    pub path: PathBuf,
    /// Ticker.
    pub symbol: String,
    /// Nominal bar length, for example `4h`.
    pub timeframe: String,
    /// Open time of the first bar, UTC milliseconds, where the file tells it.
    pub start_ms: Option<i64>,
    /// The same as ISO text.
    pub start: Option<String>,
    /// Open time of the last bar, UTC milliseconds, where the file tells it.
    pub end_ms: Option<i64>,
    /// The same as ISO text.
    pub end: Option<String>,
    /// Number of bars.
    pub bars: usize,
    /// Size on disk in bytes; a capture's with its indicator states.
    pub bytes: u64,
    /// When it was last written, UTC milliseconds, as the file system says.
    pub modified_ms: Option<i64>,
}

/// A series in `data/`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeriesEntry {
    /// The file.
    #[serde(flatten)]
    pub file: StoredFile,
    /// SHA-256 of its bars, where the file tells it.
    pub fingerprint: Option<String>,
    /// Why it cannot be used, in words.
    pub problem: Option<String>,
}

/// A capture in `neural_data/`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureEntry {
    /// The file.
    #[serde(flatten)]
    pub file: StoredFile,
    /// Number of indicator lines.
    pub lines: usize,
    /// Whether it would be used as it is.
    pub freshness: Freshness,
}

/// Lists the Parquet files in `data/` and `neural_data/` of a workspace; folders that are missing hold nothing.
///
/// Only footers are read. `catalogue` is the present [`crate::indicators::catalogue_key`].
pub fn list_stored(workspace: &Path, catalogue: &str) -> LibraryListing {
    let mut series: Vec<SeriesEntry> = parquet_files(&workspace.join(SERIES))
        .into_par_iter()
        .map(|(path, about)| series_entry(path, &about))
        .collect();
    let captures = parquet_files(&workspace.join(CAPTURES)).into_par_iter();
    let mut captures: Vec<CaptureEntry> =
        captures.map(|(path, about)| capture_entry(path, &about, &series, catalogue)).collect();
    series.sort_by(|a, b| order(&a.file).cmp(&order(&b.file)));
    captures.sort_by(|a, b| order(&a.file).cmp(&order(&b.file)));
    let files = series.iter().map(|entry| &entry.file).chain(captures.iter().map(|entry| &entry.file));
    let bytes = files.map(|file| file.bytes).sum();
    LibraryListing { series, captures, bytes }
}

fn order(file: &StoredFile) -> (&str, Option<i64>, Option<i64>, Option<i64>, &Path) {
    let length = file.timeframe.parse().ok().map(crate::market::Timeframe::millis);
    (&file.symbol, length, file.start_ms, file.end_ms, &file.path)
}

fn parquet_files(folder: &Path) -> Vec<(PathBuf, Metadata)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let files = entries.filter_map(|entry| {
        let path = entry.path();
        let shown = !entry.file_name().to_string_lossy().starts_with('.');
        let parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
        let about = fs::metadata(&path).ok()?;
        (shown && parquet && about.is_file()).then_some((path, about))
    });
    files.collect()
}

fn series_entry(path: PathBuf, about: &Metadata) -> SeriesEntry {
    match CaptureFile::open(&path) {
        Ok(file) => {
            let stored = stored(path, about, &file);
            let untold = stored.symbol.is_empty() || stored.timeframe.is_empty();
            let problem = untold.then(|| "it does not tell symbol and timeframe: import it".to_owned());
            SeriesEntry { file: stored, fingerprint: file.fingerprint().map(str::to_owned), problem }
        }
        Err(err) => SeriesEntry { file: unread(path, about), fingerprint: None, problem: Some(err.place_and_reason()) },
    }
}

fn capture_entry(path: PathBuf, about: &Metadata, series: &[SeriesEntry], catalogue: &str) -> CaptureEntry {
    let states = fs::metadata(states_path(&path)).ok();
    let (mut stored, lines, freshness) = match CaptureFile::open(&path) {
        Ok(file) => {
            let stored = stored(path, about, &file);
            let freshness = Freshness::of(&stored, &file, states.is_some(), series, catalogue);
            (stored, file.line_names().count(), freshness)
        }
        Err(err) => (unread(path, about), 0, Freshness::unreadable(&err.place_and_reason())),
    };
    stored.bytes += states.map_or(0, |about| about.len());
    CaptureEntry { file: stored, lines, freshness }
}

fn stored(path: PathBuf, about: &Metadata, file: &CaptureFile) -> StoredFile {
    let mut stored = unread(path, about);
    let note = |key: &str, told: &mut String| {
        if let Some(text) = file.note(key) {
            text.clone_into(told);
        }
    };
    note(SYMBOL, &mut stored.symbol);
    note(TIMEFRAME, &mut stored.timeframe);
    let time = |key: &str| file.note(key).and_then(|text| text.parse().ok());
    stored.start_ms = time(START).or(stored.start_ms);
    stored.end_ms = time(END).or(stored.end_ms);
    stored.start = stored.start_ms.map(time_text);
    stored.end = stored.end_ms.map(time_text);
    stored.bars = file.bars();
    stored
}

/// What name and file system tell.
fn unread(path: PathBuf, about: &Metadata) -> StoredFile {
    let text = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let name = CaptureName::of(&text);
    let range = name.and_then(CaptureName::range);
    let (start_ms, end_ms) = (range.map(|(start, _)| start), range.map(|(_, end)| end));
    let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    StoredFile {
        symbol: name.map_or_else(String::new, |name| name.symbol().to_owned()),
        timeframe: name.map_or_else(String::new, |name| name.timeframe().to_owned()),
        start_ms,
        start: start_ms.map(time_text),
        end_ms,
        end: end_ms.map(time_text),
        bars: 0,
        bytes: about.len(),
        modified_ms: since.and_then(|since| i64::try_from(since.as_millis()).ok()),
        path,
    }
}
