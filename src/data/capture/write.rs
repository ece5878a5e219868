use std::path::Path;

use serde_json::json;

use super::change::header;
use super::name::CaptureName;
use super::{CATALOGUE, CaptureKey, CaptureLock, LINES};
use crate::data::frame::ColumnView;
use crate::data::series_file::{BarColumns, FINGERPRINT, origin, span};
use crate::data::{DataError, parquet};
use crate::files::remove_unfinished;
use crate::indicators::Lines;
use crate::market::Series;

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
/// Two writers of one series' captures take turns (so never make one inside a rayon task: the thread that waits may be
/// the one that would have to go on); a reader sees the old file or the new one.
pub struct CaptureWriter {
    writer: parquet::PortionWriter,
    lock: CaptureLock,
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
        Self::create_under(CaptureLock::wait(path)?, path, series, headers, key)
    }

    /// The same under a lock taken before.
    pub(super) fn create_under(
        lock: CaptureLock,
        path: &Path,
        series: &Series,
        headers: &Lines,
        key: &CaptureKey,
    ) -> Result<Self, DataError> {
        if !lock.covers(path) {
            return Err(DataError::write(path, "the lock held is that of another series"));
        }
        // What killed writers of captures with other ends left.
        if let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str()))
            && let Some(name) = CaptureName::of(name)
        {
            remove_unfinished(folder, &format!(".{}_", name.series()));
        }
        let none = series.truncated(0);
        let bars = BarColumns::new(&none);
        let mut views = bars.views();
        views.extend(headers.columns.iter().map(|line| (line.name.as_str(), ColumnView::Float(&[]))));
        let mut metadata = origin(series);
        metadata.extend(span(series));
        metadata.insert(FINGERPRINT.to_owned(), key.fingerprint.clone());
        metadata.insert(CATALOGUE.to_owned(), key.catalogue.clone());
        metadata.insert(LINES.to_owned(), json!(headers.columns.iter().map(header).collect::<Vec<_>>()).to_string());
        Ok(Self { writer: parquet::PortionWriter::create(path, &views, &metadata)?, lock })
    }

    /// Appends bars with their lines, which are those of the beginning, in that order.
    pub fn write(&mut self, bars: &Series, lines: &Lines) -> Result<(), DataError> {
        let columns = BarColumns::new(bars);
        let mut views: Vec<ColumnView<'_>> = columns.views().into_iter().map(|(_, view)| view).collect();
        views.extend(lines.columns.iter().map(|line| ColumnView::Float(&line.values)));
        self.writer.write(&views)
    }

    /// Closes the file and lets it appear.
    pub fn finish(self) -> Result<(), DataError> {
        self.release().map(drop)
    }

    /// The same, and gives the lock back.
    pub(super) fn release(self) -> Result<CaptureLock, DataError> {
        self.writer.finish()?;
        Ok(self.lock)
    }
}
