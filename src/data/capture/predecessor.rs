use std::ops::Range;
use std::path::{Path, PathBuf};

use super::CaptureFile;
use super::change::canonical;
use super::name::CaptureName;
use super::states::{SavedPoint, SavedStates};
use crate::data::DataError;
use crate::indicators::{Instance, Lines, Runner};
use crate::market::Series;

/// An earlier capture whose lines begin those of a longer series.
pub(super) struct Predecessor {
    /// How many bars of it are taken over.
    pub(super) bars: usize,
    /// Its last bar was replaced.
    replaced: bool,
    path: PathBuf,
    file: CaptureFile,
}

/// Why a capture is not continued, in words.
enum Unusable {
    /// It was computed from other bars or with other indicators.
    Other(String),
    /// What is needed to go on is missing or damaged.
    States(String),
}

impl Predecessor {
    /// The longest capture beside `path` (or the one there) that `series` continues, with the indicators as they were
    /// after its bars. Nothing if there is none of this series; why in words if those there are of no use.
    pub(super) fn find<'a>(
        path: &Path,
        series: &Series,
        catalogue: &str,
        instances: &'a [Instance],
        headers: &Lines,
    ) -> Result<Option<(Self, Runner<'a>)>, String> {
        let mut reason = None;
        let mut candidates: Vec<(usize, PathBuf, CaptureFile)> = siblings(path)
            .into_iter()
            .filter_map(|path| CaptureFile::open(&path).ok().map(|file| (file.bars(), path, file)))
            .collect();
        candidates.sort_by(|a, b| (b.0, &b.1).cmp(&(a.0, &a.1)));
        for (_, candidate, file) in candidates {
            let name = candidate.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let candidate_is_own = candidate.file_name() == path.file_name();
            match Self::of(candidate, file, series, catalogue, instances, headers) {
                Ok(found) => return Ok(Some(found)),
                // That the file itself is stale is said already.
                Err(Unusable::Other(_)) if candidate_is_own => {}
                Err(Unusable::Other(why) | Unusable::States(why)) => {
                    reason.get_or_insert(format!("{name} cannot be continued: {why}"));
                }
            }
        }
        reason.map_or(Ok(None), Err)
    }

    fn of<'a>(
        path: PathBuf,
        file: CaptureFile,
        series: &Series,
        catalogue: &str,
        instances: &'a [Instance],
        headers: &Lines,
    ) -> Result<(Self, Runner<'a>), Unusable> {
        if let Some(why) = file.other_lines(catalogue, headers) {
            return Err(Unusable::Other(why));
        }
        let saved = SavedStates::read(&path).map_err(Unusable::States)?;
        let own = saved.catalogue == catalogue
            && Some(saved.last.fingerprint.as_str()) == file.fingerprint()
            && saved.last.bars == file.bars()
            && saved.before.bars + 1 == saved.last.bars;
        if !own {
            return Err(Unusable::States("its saved indicator states are those of other bars".to_owned()));
        }
        let begins = |point: &SavedPoint| {
            point.bars < series.len() && series.truncated(point.bars).fingerprint() == point.fingerprint
        };
        let replaced = !begins(&saved.last);
        if replaced && !begins(&saved.before) {
            let what = if saved.before.bars < series.len() { "bars that it has changed" } else { "it is longer" };
            return Err(Unusable::Other(what.to_owned()));
        }
        let doubt = |_err| Unusable::States("its last bar cannot be read".to_owned());
        let other_program =
            || Unusable::States("its saved indicator states are those of another program version".to_owned());
        let mut runner = Runner::new(instances);
        if !proven(&mut runner, &saved, &file, headers).map_err(doubt)? {
            return Err(other_program());
        }
        let point = if replaced { &saved.before } else { &saved.last };
        if replaced && !runner.restore(&point.states) {
            return Err(other_program());
        }
        Ok((Self { bars: point.bars, replaced, path, file }, runner))
    }

    /// "continued: 120 new bars".
    pub(super) fn reason(&self, bars: usize) -> String {
        let new = bars - self.bars - usize::from(self.replaced);
        let count = |n: usize| format!("{n} new bar{}", if n == 1 { "" } else { "s" });
        match (self.replaced, new) {
            (true, 0) => "continued: the last bar was replaced".to_owned(),
            (true, new) => format!("continued: {} after a replaced one", count(new)),
            (false, new) => format!("continued: {}", count(new)),
        }
    }

    /// The lines of some of its bars.
    pub(super) fn lines(&self, headers: &Lines, rows: Range<usize>) -> Result<Lines, DataError> {
        self.file.lines_like(headers, rows)
    }

    /// Removes it once `successor` stands; what cannot be removed does no harm.
    pub(super) fn retire(self, successor: &Path) {
        if self.path.file_name() != successor.file_name() {
            // A mapped file cannot be removed everywhere.
            drop(self.file);
            // States first: none are left without their capture.
            SavedStates::remove(&self.path).ok();
            std::fs::remove_file(super::causality_path(&self.path)).ok();
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// Goes from the states before the last captured bar over that bar and compares lines and states with what was kept, to
/// the last bit: a program that lays out its states in another way must not go on from them. Leaves `runner` after that
/// bar.
fn proven(
    runner: &mut Runner<'_>,
    saved: &SavedStates,
    file: &CaptureFile,
    headers: &Lines,
) -> Result<bool, DataError> {
    if !runner.restore(&saved.before.states) {
        return Ok(false);
    }
    let last = saved.before.bars..saved.last.bars;
    let bar = file.rows_of_series(last.clone())?;
    let kept = file.lines_like(headers, last)?;
    let mut again = runner.run(bar.bars(), &bar.flows());
    canonical(&mut again);
    let lines = kept.columns.iter().zip(&again.columns);
    let same_lines = lines.into_iter().all(|(kept, again)| {
        kept.values.iter().map(|value| value.to_bits()).eq(again.values.iter().map(|value| value.to_bits()))
    });
    Ok(same_lines && runner.states() == saved.last.states)
}

/// Captures of the same symbol, timeframe and start in the folder of `path`, itself included.
fn siblings(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let Some(own) = CaptureName::of(&name) else { return vec![path.to_owned()] };
    let folder = path.parent().unwrap_or(Path::new("."));
    let same = |name: &str| CaptureName::of(name).is_some_and(|other| other.series() == own.series());
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_name().to_str().is_some_and(same)).map(|entry| entry.path()).collect()
}
