//! Which bars teach, select, calibrate and judge, fold by fold, and why each other bar is left out.

mod combinatorial;
mod cut;
mod reason;
mod scaler;
#[cfg(test)]
mod tests;
mod walk_forward;

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{DatasetError, Slice, Splits};
use crate::config::{SplitMethod, SplitsConfig};

pub use combinatorial::{backtest_paths, path_count};
pub use reason::LeftOut;

/// What folds are cut from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldSpace {
    /// Bars of the series.
    pub bars: usize,
    /// Bars with a full window behind the warm-up of every feature, between the start and end asked for.
    pub usable: Range<usize>,
    /// First bar without a label.
    pub labelled_until: usize,
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Bars of a window.
    pub seq_len: usize,
    /// Bars that the features of one bar look back, at most.
    pub warm_up: usize,
}

/// Decision bars of each slice in time order; the inputs of t end at t, its label uses t+1..=t+h.
///
/// No label of a training, validation or calibration bar meets a decision bar of another slice or comes within `embargo`
/// bars before one; no window of them, with the warm-up of its features, meets a test bar before it or what that looks at.
///
/// Source: Lopez de Prado, "Advances in Financial Machine Learning" (2018), sections 7.4 and 12.4.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    /// Bars that teach.
    pub train: Vec<Range<usize>>,
    /// Bars that stop the training.
    pub validation: Vec<Range<usize>>,
    /// Bars that calibrate.
    pub calibration: Vec<Range<usize>>,
    /// Bars that judge.
    pub test: Vec<Range<usize>>,
    /// All other bars of the series, in time order, with the reason.
    pub left_out: Vec<(Range<usize>, LeftOut)>,
    /// Blocks that are tested, from 0; empty unless combinatorial.
    pub test_groups: Vec<usize>,
    /// Bars a label looks ahead.
    pub horizon: usize,
    /// Bars left out beyond the purge.
    pub embargo: usize,
}

impl FoldSpace {
    /// Bars with a full window and a label.
    fn labelled(&self) -> Range<usize> {
        self.usable.start..self.usable.end.min(self.labelled_until).max(self.usable.start)
    }
}

/// The folds that `config` asks for, in time order of their test slices; combinatorial ones in the order of their test
/// groups (0 1, 0 2, ..).
///
/// A walk-forward's window is as long as fits `folds` test slices end to end; `config`'s shares divide it. The test slices
/// are the same whether the training slice rolls or is anchored. Of the combinatorial folds' training bars the last
/// ones validate and calibrate, in proportion to their shares; the share of the test slice has no meaning there.
///
/// # Errors
/// No labelled bar at all, or a slice that would be empty.
pub fn make_folds(space: &FoldSpace, config: &SplitsConfig) -> Result<Vec<Fold>, DatasetError> {
    let labelled = space.labelled();
    if labelled.is_empty() {
        return Err(DatasetError::NoLabels { horizon: space.horizon, usable: space.usable.len() });
    }
    let folds = folds_of(space, config);
    let empty = |fold: &Fold| Slice::ALL.into_iter().find(|&slice| fold.bars(slice).next().is_none());
    let Some((number, slice)) = folds.iter().enumerate().find_map(|(i, fold)| Some((i + 1, empty(fold)?))) else {
        return Ok(folds);
    };
    let available = labelled.len();
    if config.method == SplitMethod::Chronological {
        let needed = walk_forward::needed(space.horizon, config);
        return Err(DatasetError::EmptySlice { slice, needed, available });
    }
    let needed = least(available, |bars| {
        let end = labelled.start + bars;
        let space = FoldSpace { bars: end, usable: labelled.start..end, labelled_until: end, ..space.clone() };
        folds_of(&space, config).iter().all(|fold| empty(fold).is_none())
    });
    Err(DatasetError::EmptyFold { slice, number, folds: folds.len(), needed, available })
}

fn folds_of(space: &FoldSpace, config: &SplitsConfig) -> Vec<Fold> {
    match config.method {
        SplitMethod::Chronological => vec![walk_forward::chronological(space, config)],
        SplitMethod::Rolling => walk_forward::folds(space, config, false),
        SplitMethod::Anchored => walk_forward::folds(space, config, true),
        SplitMethod::Combinatorial => combinatorial::folds(space, config),
    }
}

/// A number of bars above `too_few` that is enough while one less is not.
fn least(too_few: usize, enough: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (too_few, (too_few + 1).saturating_mul(2));
    while !enough(high) && high < usize::MAX / 8 {
        (low, high) = (high, high * 2);
    }
    while high - low > 1 {
        let middle = low.midpoint(high);
        if enough(middle) { high = middle } else { low = middle }
    }
    high
}

impl Fold {
    /// The decision bars of `slice`, as ranges in time order.
    pub fn ranges(&self, slice: Slice) -> &[Range<usize>] {
        match slice {
            Slice::Train => &self.train,
            Slice::Validation => &self.validation,
            Slice::Calibration => &self.calibration,
            Slice::Test => &self.test,
        }
    }

    /// The decision bars of `slice`, in time order.
    pub fn bars(&self, slice: Slice) -> impl Iterator<Item = usize> + '_ {
        self.ranges(slice).iter().cloned().flatten()
    }

    /// The slice that bar `t` decides in.
    pub fn slice_of(&self, t: usize) -> Option<Slice> {
        Slice::ALL.into_iter().find(|&slice| self.ranges(slice).iter().any(|range| range.contains(&t)))
    }

    /// The rows that the windows of the training bars read, `seq_len` bars each: what schema and scaler are fitted on.
    pub fn fitted_rows(&self, seq_len: usize) -> Vec<Range<usize>> {
        let back = seq_len.saturating_sub(1);
        let mut rows: Vec<Range<usize>> = Vec::new();
        for range in &self.train {
            let start = range.start.saturating_sub(back);
            match rows.last_mut() {
                Some(last) if last.end >= start => last.end = range.end,
                _ => rows.push(start..range.end),
            }
        }
        rows
    }

    /// The same as one range per slice; `None` if a slice has several, as combinatorial folds have.
    pub fn splits(&self) -> Option<Splits> {
        let one = |slice| match self.ranges(slice) {
            [range] => Some(range.clone()),
            _ => None,
        };
        let (train, validation, calibration) = (one(Slice::Train)?, one(Slice::Validation)?, one(Slice::Calibration)?);
        let test = one(Slice::Test)?;
        let unlabelled = self.left_out.iter().find(|(_, reason)| *reason == LeftOut::Unlabelled);
        let end =
            self.left_out.iter().find(|(_, reason)| *reason == LeftOut::AfterFold).map_or(test.end, |(r, _)| r.end);
        let purged = [train.end..validation.start, validation.end..calibration.start, calibration.end..test.start];
        let live = unlabelled.map_or(end..end, |(range, _)| range.clone());
        let (horizon, embargo) = (self.horizon, self.embargo);
        (train.end <= validation.start && validation.end <= calibration.start && calibration.end <= test.start)
            .then_some(Splits { train, validation, calibration, test, live, horizon, embargo, purged })
    }
}
