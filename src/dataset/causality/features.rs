use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::scene::continued;
use super::{CausalVerdict, ColumnCausality, ColumnKind, LeakCause, ROWS, Replayed};
use crate::indicators::Lines;
use crate::market::Series;

/// Bars compared at once while the first wrong one is looked for.
const SCAN: usize = 2048;

/// Features made again.
pub trait FeatureReplay {
    /// Why features could not be made.
    type Error;

    /// The stored values of the bars `rows`: \[rows, features\], row-major.
    ///
    /// # Errors
    /// Whatever making them gives.
    fn stored(&self, rows: Range<usize>) -> Result<Vec<f32>, Self::Error>;

    /// The values of the bars `rows` made from `series` and `lines` over it, of which only what was known at `known`
    /// (UTC milliseconds) may enter from elsewhere.
    ///
    /// # Errors
    /// Whatever making them gives.
    fn made(&self, series: &Series, lines: &Lines, known: i64, rows: Range<usize>) -> Result<Vec<f32>, Self::Error>;
}

/// Compares stored features with those made from the bars before each of `cuts`, and with other bars behind each.
/// `replayed` are the lines of `series` replayed with tails at these cuts, `stored` those that the features come from.
///
/// # Errors
/// Features that cannot be made.
pub fn judge_features<R: FeatureReplay>(
    names: &[String],
    series: &Series,
    stored: &Lines,
    replayed: &Replayed,
    cuts: &[usize],
    replay: &R,
) -> Result<Vec<ColumnCausality>, R::Error> {
    let width = names.len();
    let mut leaks: Vec<Option<(usize, LeakCause)>> = vec![None; width];
    let firsts = first_values(replay, width, series.len())?;
    // What was found early needs no later cut, but an earlier bar may show.
    for &at in cuts {
        let known = close_of(series, at);
        let rows = at.saturating_sub(ROWS)..at;
        let full = replay.stored(rows.clone())?;
        let mut lines = replayed.truth(stored, at);
        let prefix = series.truncated(at);
        let made = replay.made(&prefix, &lines, known, rows.clone())?;
        let mut guilty = differing(&full, &made, width, &rows);
        // A first row that is wrong says that earlier ones may be.
        if guilty.iter().any(|(_, row)| *row == rows.start) {
            let open: BTreeSet<usize> =
                guilty.iter().filter(|(_, row)| *row == rows.start).map(|(column, _)| *column).collect();
            let earlier = scan(replay, &prefix, &lines, known, rows.start, width, open)?;
            for (column, row) in &mut guilty {
                *row = earlier.iter().find(|(found, _)| found == column).map_or(*row, |(_, row)| *row);
            }
        }
        note(&mut leaks, guilty, LeakCause::Cut);
        if let Some(tail) = replayed.tails.iter().find(|tail| tail.at == at)
            && let Ok(continued) = continued(series, tail)
        {
            let behind: BTreeMap<&str, &[f64]> =
                tail.lines.columns.iter().map(|line| (line.name.as_str(), line.values.as_slice())).collect();
            for line in &mut lines.columns {
                line.values.extend_from_slice(behind.get(line.name.as_str()).copied().unwrap_or_default());
            }
            let made = replay.made(&continued, &lines, known, rows.clone())?;
            note(&mut leaks, differing(&full, &made, width, &rows), LeakCause::Altered);
        }
    }
    let verdict = |column: usize| {
        let (first, bars) = (firsts[column].unwrap_or(series.len()), series.len());
        let sound = ColumnCausality::sound(&names[column], ColumnKind::Feature, first, bars, cuts.len());
        match leaks[column] {
            Some((at, cause)) => {
                ColumnCausality { verdict: CausalVerdict::Leaks, leaks_at: Some(at), cause: Some(cause), ..sound }
            }
            None if cuts.is_empty() => ColumnCausality { verdict: CausalVerdict::Unverifiable, ..sound },
            None => sound,
        }
    };
    Ok((0..width).map(verdict).collect())
}

/// The first bar on which each feature has a value.
fn first_values<R: FeatureReplay>(replay: &R, width: usize, bars: usize) -> Result<Vec<Option<usize>>, R::Error> {
    let mut firsts: Vec<Option<usize>> = vec![None; width];
    let mut waiting: Vec<usize> = (0..width).collect();
    for start in (0..bars).step_by(SCAN) {
        let rows = start..bars.min(start + SCAN);
        for (cells, row) in replay.stored(rows.clone())?.chunks_exact(width.max(1)).zip(rows) {
            waiting.retain(|&column| {
                let begins = !cells[column].is_nan();
                if begins {
                    firsts[column] = Some(row);
                }
                !begins
            });
        }
        if waiting.is_empty() {
            break;
        }
    }
    Ok(firsts)
}

/// When the bar before the cut closes.
fn close_of(series: &Series, at: usize) -> i64 {
    series.bars()[at - 1].timestamp + series.timeframe.millis()
}

/// Columns that differ, with the first bar on which they do.
fn differing(a: &[f32], b: &[f32], width: usize, rows: &Range<usize>) -> Vec<(usize, usize)> {
    let mut found: Vec<Option<usize>> = vec![None; width];
    let pairs = a.chunks_exact(width.max(1)).zip(b.chunks_exact(width.max(1)));
    for ((a, b), row) in pairs.zip(rows.clone()) {
        // Most rows are the same to the last bit.
        if a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits()) {
            continue;
        }
        for ((first, a), b) in found.iter_mut().zip(a).zip(b) {
            if first.is_none() && a != b && !(a.is_nan() && b.is_nan()) {
                *first = Some(row);
            }
        }
    }
    found.into_iter().enumerate().filter_map(|(column, row)| Some((column, row?))).collect()
}

/// The first bar before `end` on which each column of `open` differs.
fn scan<R: FeatureReplay>(
    replay: &R,
    prefix: &Series,
    lines: &Lines,
    known: i64,
    end: usize,
    width: usize,
    mut open: BTreeSet<usize>,
) -> Result<Vec<(usize, usize)>, R::Error> {
    let mut out = Vec::new();
    for start in (0..end).step_by(SCAN) {
        let rows = start..end.min(start + SCAN);
        let (full, made) = (replay.stored(rows.clone())?, replay.made(prefix, lines, known, rows.clone())?);
        for (column, row) in differing(&full, &made, width, &rows) {
            if open.remove(&column) {
                out.push((column, row));
            }
        }
        if open.is_empty() {
            break;
        }
    }
    Ok(out)
}

/// Keeps the earliest wrong bar of each column.
fn note(leaks: &mut [Option<(usize, LeakCause)>], guilty: Vec<(usize, usize)>, cause: LeakCause) {
    for (column, row) in guilty {
        if leaks[column].is_none_or(|(earliest, _)| row < earliest) {
            leaks[column] = Some((row, cause));
        }
    }
}
