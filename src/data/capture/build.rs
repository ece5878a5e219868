use std::ops::Range;
use std::path::{Path, PathBuf};

use super::change::canonical;
use super::predecessor::Predecessor;
use super::states::{SavedPoint, SavedStates};
use super::{CaptureKey, CaptureLock, CaptureState, CaptureWriter};
use crate::data::DataError;
use crate::data::parquet::GROUP_ROWS;
use crate::indicators::{Instance, Lines, Runner};
use crate::market::Series;

/// Bars computed and written at once; whole row groups, so that the bytes do not depend on where a capture went on.
const PORTION: usize = GROUP_ROWS;

/// Computes the lines of a series into its capture a portion at a time, going on from an earlier capture of the same
/// bars where there is one. The result is the same to the last bit either way.
pub struct CaptureBuilder<'a> {
    path: PathBuf,
    series: &'a Series,
    key: &'a CaptureKey,
    instances: &'a [Instance],
    headers: Lines,
    runner: Runner<'a>,
    writer: CaptureWriter,
    earlier: Option<Predecessor>,
    reason: String,
    done: usize,
    points: Option<[SavedPoint; 2]>,
}

impl std::fmt::Debug for CaptureBuilder<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CaptureBuilder").field("path", &self.path).field("done", &self.done).finish_non_exhaustive()
    }
}

impl<'a> CaptureBuilder<'a> {
    /// For the capture at `path`, whose present state is `found`; `lock` is that of `path`. `key` must be the one of
    /// `series` and `instances`.
    ///
    /// # Errors
    /// Whatever the disk refuses. An earlier capture that is of no use is no error.
    pub fn start(
        path: &Path,
        series: &'a Series,
        key: &'a CaptureKey,
        instances: &'a [Instance],
        found: &CaptureState,
        lock: CaptureLock,
    ) -> Result<Self, DataError> {
        let mut runner = Runner::new(instances);
        let headers = runner.run(&[], &[]);
        let earlier = Predecessor::find(path, series, &key.catalogue, instances, &headers);
        let why = match found {
            CaptureState::Stale(why) => why.as_str(),
            _ => "no capture yet",
        };
        let (earlier, reason) = match earlier {
            Ok(Some((earlier, ready))) => {
                runner = ready;
                let reason = earlier.reason(series.len());
                (Some(earlier), reason)
            }
            Ok(None) => (None, why.to_owned()),
            Err(unusable) => (None, format!("{why}; {unusable}")),
        };
        let writer = CaptureWriter::create_under(lock, path, series, &headers, key)?;
        let path = path.to_owned();
        Ok(Self { path, series, key, instances, headers, runner, writer, earlier, reason, done: 0, points: None })
    }

    /// Why lines are computed and how many: "continued: 120 new bars".
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// The lines without values.
    pub const fn headers(&self) -> &Lines {
        &self.headers
    }

    /// Bars written so far.
    pub const fn done(&self) -> usize {
        self.done
    }

    /// Computes and writes the next bars; their lines, or nothing after the last bar.
    ///
    /// # Errors
    /// Whatever the disk refuses.
    pub fn step(&mut self) -> Result<Option<Lines>, DataError> {
        let len = self.series.len();
        let rows = self.done..len.min(self.done + PORTION);
        if rows.is_empty() {
            return Ok(None);
        }
        let mut lines = Lines::default();
        let mut at = rows.start;
        if let Some(earlier) = &self.earlier {
            let kept = rows.start..rows.end.min(earlier.bars);
            if !kept.is_empty() {
                match earlier.lines(&self.headers, kept.clone()) {
                    Ok(old) => {
                        lines = old;
                        at = kept.end;
                    }
                    Err(err) => self.start_over(rows.start, &err),
                }
            }
        }
        // The states before and after the last bar are kept for whoever goes on.
        let last = len - 1;
        if rows.end == len && len >= 2 {
            self.append(&mut lines, at..last, rows.len());
            let before = self.point(last);
            self.append(&mut lines, at.max(last)..len, rows.len());
            self.points = Some([before, self.point(len)]);
        } else {
            self.append(&mut lines, at..rows.end, rows.len());
        }
        self.writer.write(&self.series.sliced(rows.clone()), &lines)?;
        self.done = rows.end;
        Ok(Some(lines))
    }

    /// Lets the capture appear, keeps the states at its end, and removes the capture it continued.
    ///
    /// # Errors
    /// Whatever the disk refuses, and bars that were not computed yet.
    pub fn finish(self) -> Result<(), DataError> {
        let Self { path, series, key, writer, earlier, done, points, .. } = self;
        if done != series.len() {
            return Err(DataError::write(&path, format!("only {done} of {} bars are computed", series.len())));
        }
        // The states first: whoever is killed before the capture appears is followed by one who clears up and computes.
        match points {
            Some([before, last]) => {
                SavedStates { catalogue: key.catalogue.clone(), before, last }.write(&path)?;
            }
            // Too short to go on from; old states must not stay beside it.
            None => {
                SavedStates::remove(&path).map_err(|err| DataError::write(&path, err))?;
            }
        }
        let _lock = writer.release()?;
        if let Some(earlier) = earlier {
            earlier.retire(&path);
        }
        Ok(())
    }

    /// Computes the bars of `rows` and puts their lines behind `lines`, which will be `capacity` long.
    fn append(&mut self, lines: &mut Lines, rows: Range<usize>, capacity: usize) {
        if rows.is_empty() {
            return;
        }
        let bars = self.series.sliced(rows);
        let mut new = self.runner.run(bars.bars(), &bars.flows());
        canonical(&mut new);
        if lines.columns.is_empty() {
            *lines = new;
            return;
        }
        for (line, part) in lines.columns.iter_mut().zip(new.columns) {
            line.values.reserve_exact(capacity.saturating_sub(line.values.len()));
            line.values.extend_from_slice(&part.values);
        }
    }

    fn point(&self, bars: usize) -> SavedPoint {
        let whole = bars == self.series.len();
        let fingerprint = if whole { self.key.fingerprint.clone() } else { self.series.truncated(bars).fingerprint() };
        SavedPoint { bars, fingerprint, states: self.runner.states() }
    }

    /// The earlier capture turned out to be damaged: everything from the bar `from` on is computed.
    fn start_over(&mut self, from: usize, err: &DataError) {
        self.reason = format!("the earlier capture is unreadable: {err}");
        self.earlier = None;
        self.runner = Runner::new(self.instances);
        for start in (0..from).step_by(PORTION) {
            let bars = self.series.sliced(start..from.min(start + PORTION));
            self.runner.run(bars.bars(), &bars.flows());
        }
    }
}
