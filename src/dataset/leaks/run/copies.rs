use std::ops::Range;

use super::RunCheck;
use crate::dataset::leaks::rows::{DuplicateRow, duplicate_rows, repeated_rows};
use crate::dataset::{Features, Slice};
use crate::market::Bar;

/// Bars in a row that must repeat others for a copy: a quiet market repeats one or two honestly.
const LEAST_RUN: usize = 5;
/// How much more often rows must repeat across slices than within training, where that says nothing.
const EXCESS: f64 = 4.0;

/// `copied_rows`: no stretch of bars, and no row of features, stands in two slices.
pub fn copied_rows(bars: &[Bar], features: &Features, slices: &[(Slice, Range<usize>)]) -> RunCheck {
    let check = "copied_rows";
    let prices: Vec<f32> =
        bars.iter().flat_map(|b| [b.open, b.high, b.low, b.close, b.volume]).map(|x| x as f32).collect();
    if let Some((first, length)) = longest_run(&duplicate_rows(&prices, 5, slices)) {
        let DuplicateRow { row, slice, twin, twin_slice } = first;
        let detail = format!(
            "bars {row} to {} of the {slice} slice repeat bars {twin} to {} of the {twin_slice} slice",
            row + length - 1,
            twin + length - 1,
        );
        return RunCheck::leak(check, detail);
    }
    let copies = duplicate_rows(&features.data, features.width(), slices);
    let Some(DuplicateRow { row, slice, twin, twin_slice }) = copies.first().copied() else {
        return RunCheck::ok(check, "no row of features and no stretch of bars stands in two slices");
    };
    let train = slices.iter().find(|(slice, _)| *slice == Slice::Train).map_or(0..0, |(_, range)| range.clone());
    let others: usize = slices.iter().map(|(_, range)| range.len()).sum::<usize>() - train.len();
    let across = copies.len() as f64 / others.max(1) as f64;
    let within = repeated_rows(&features.data, features.width(), train.clone()) as f64 / train.len().max(1) as f64;
    if across < EXCESS * within {
        let detail = format!(
            "{} rows of features stand in two slices, but {:.1} % repeat within training too: they say too little to tell",
            copies.len(),
            100.0 * within
        );
        return RunCheck::not_checkable(check, detail);
    }
    let detail = format!(
        "{} rows of features stand in two slices: that of bar {row} ({slice}) is that of bar {twin} ({twin_slice})",
        copies.len()
    );
    RunCheck::leak(check, detail)
}

/// The longest stretch in which row and twin go on together, if it is long enough.
fn longest_run(copies: &[DuplicateRow]) -> Option<(DuplicateRow, usize)> {
    let go_on = |a: &DuplicateRow, b: &DuplicateRow| b.row == a.row + 1 && b.twin == a.twin + 1;
    let runs = copies.chunk_by(go_on).filter(|run| run.len() >= LEAST_RUN);
    runs.max_by_key(|run| run.len()).map(|run| (run[0], run.len()))
}
