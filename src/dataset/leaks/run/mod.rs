//! Checks of a finished run: what its files claim against what follows from its bars and its configuration.

mod copies;
mod scaler;
mod selection;

use std::ops::Range;

use serde::Serialize;

use super::{ColumnVerdict, LeakKind, Verdict, label_crossings};
use crate::dataset::{FittedRange, Slice, Splits};

pub use copies::copied_rows;
pub use scaler::scaler_values;
pub use selection::{Candidate, selected_on};

/// What came of a check of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckVerdict {
    /// As it must be.
    Ok,
    /// Bars were used that must not be.
    Leak,
    /// Not enough is left of the run, or it is of another version.
    #[serde(rename = "not checkable")]
    NotCheckable,
}

/// One check of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunCheck {
    /// What was looked at.
    pub check: &'static str,
    /// What came of it.
    pub verdict: CheckVerdict,
    /// In a sentence.
    pub detail: String,
}

impl RunCheck {
    /// As it must be.
    pub fn ok(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: CheckVerdict::Ok, detail: detail.into() }
    }

    /// Bars were used that must not be.
    pub fn leak(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: CheckVerdict::Leak, detail: detail.into() }
    }

    /// Nothing can be said.
    pub fn not_checkable(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, verdict: CheckVerdict::NotCheckable, detail: detail.into() }
    }
}

/// The rows that training windows of `seq_len` bars read.
pub fn training_rows(slices: &Splits, seq_len: usize) -> Range<usize> {
    (slices.train.start + 1).saturating_sub(seq_len)..slices.train.end
}

/// `scaler_rows`: the rows that the schema says it was fitted on are those that training windows read, by number and by
/// time. `timestamps`: open times of all bars.
pub fn scaler_rows(fitted: &FittedRange, slices: &Splits, seq_len: usize, timestamps: &[i64]) -> RunCheck {
    let check = "scaler_rows";
    let rows = training_rows(slices, seq_len);
    let (start, end) = (fitted.start, fitted.end);
    let own = format!("the scaler was fitted on bars {start}..{end}");
    let times =
        |range: &Range<usize>| Some((*timestamps.get(range.start)?, *timestamps.get(range.end.checked_sub(1)?)?));
    if start < rows.start || end > rows.end || start >= end {
        return RunCheck::leak(
            check,
            format!("{own}, but training windows read bars {}..{} only", rows.start, rows.end),
        );
    }
    if times(&(start..end)) != Some((fitted.first_timestamp, fitted.last_timestamp)) {
        return RunCheck::leak(check, format!("{own}, but its times are not those of these bars"));
    }
    RunCheck::ok(check, format!("{own}, within those that training windows read"))
}

/// `slices_apart`: no bar stands in two slices, and no label of `horizon` bars reaches into another slice or comes within
/// `embargo` bars before one.
pub fn slices_apart(slices: &Splits, horizon: usize, embargo: usize) -> RunCheck {
    let check = "slices_apart";
    let ranges: Vec<(Slice, Range<usize>)> = Slice::ALL.map(|slice| (slice, slices.range(slice))).to_vec();
    for (i, (a, own)) in ranges.iter().enumerate() {
        for (b, other) in &ranges[..i] {
            let common = own.start.max(other.start)..own.end.min(other.end);
            if !common.is_empty() {
                let (start, end) = (common.start, common.end);
                return RunCheck::leak(check, format!("bars {start}..{end} are in the {b} and in the {a} slice"));
            }
        }
    }
    let crossings = label_crossings(&ranges, horizon, embargo);
    let Some(worst) = crossings.iter().max_by_key(|crossing| crossing.labels) else {
        let detail = format!("no label, {horizon} bars long, comes within {embargo} bars before another slice");
        return RunCheck::ok(check, detail);
    };
    let detail = format!(
        "{} labels of the {} slice (bars {} to {}), {horizon} bars long, reach into the {} slice or within {embargo} bars \
         before it: the slices are not purged",
        worst.labels, worst.slice, worst.first, worst.last, worst.into
    );
    RunCheck::leak(check, detail)
}

/// `slices_as_configured`: the slices are those that the configuration gives; `expected` are all it can give.
pub fn slices_as_configured(slices: &Splits, expected: &[Splits]) -> RunCheck {
    let check = "slices_as_configured";
    if expected.contains(slices) {
        return RunCheck::ok(check, "the slices are those that the configuration gives");
    }
    let [one] = expected else {
        return RunCheck::leak(
            check,
            format!("the slices are none of the {} that the configuration gives", expected.len()),
        );
    };
    let differs = Slice::ALL.into_iter().find(|&slice| slices.range(slice) != one.range(slice));
    let detail = match differs {
        Some(slice) => {
            let (own, other) = (slices.range(slice), one.range(slice));
            format!(
                "the {slice} slice is bars {}..{}, the configuration gives {}..{}",
                own.start, own.end, other.start, other.end
            )
        }
        None => "horizon, embargo or the bars left out are not those that the configuration gives".to_owned(),
    };
    RunCheck::leak(check, detail)
}

/// `slices_as_recorded`: the times of the slices, and the slice of every prediction, are those of the slices' bars.
///
/// `times`: first and last open time of each slice; `predictions`: the slice noted for each bar, if there are any.
pub fn slices_as_recorded(
    slices: &Splits,
    times: &[(Slice, i64, i64)],
    predictions: Option<&[String]>,
    timestamps: &[i64],
) -> RunCheck {
    let check = "slices_as_recorded";
    for &(slice, first, last) in times {
        let range = slices.range(slice);
        let at = |bar: Option<usize>| bar.and_then(|bar| timestamps.get(bar)).copied();
        if at(Some(range.start)) != Some(first) || at(range.end.checked_sub(1)) != Some(last) {
            let (start, end) = (range.start, range.end);
            let detail = format!("the {slice} slice is bars {start}..{end}, but the times noted for it are of others");
            return RunCheck::leak(check, detail);
        }
    }
    let Some(predictions) = predictions else {
        return RunCheck::not_checkable(check, "there are no predictions whose slices could be compared");
    };
    if predictions.len() != timestamps.len() {
        let detail = format!("there are {} predictions for {} bars", predictions.len(), timestamps.len());
        return RunCheck::not_checkable(check, detail);
    }
    let known = |text: &str| Slice::ALL.into_iter().find(|slice| slice.to_string() == text);
    match (0..predictions.len()).find(|&t| known(&predictions[t]) != slices.slice_of(t)) {
        Some(t) => {
            let own = slices.slice_of(t).map_or("no".to_owned(), |slice| format!("the {slice}"));
            RunCheck::leak(check, format!("bar {t} was predicted as {}, but it is in {own} slice", predictions[t]))
        }
        None => RunCheck::ok(check, "every prediction was made in the slice its bar belongs to"),
    }
}

/// `columns`: no column knows the future. `own` names the columns that follow from bars by formulas known to be causal: of
/// them only dependence on the future counts, as they may happen to look scaled.
pub fn columns(verdicts: &[ColumnVerdict], own: &dyn Fn(&str) -> bool) -> RunCheck {
    let check = "columns";
    let scaling = |kind: LeakKind| {
        matches!(kind, LeakKind::WholeSeriesScaling | LeakKind::WholeSeriesRank | LeakKind::WholeSeriesCentring)
    };
    let leaks = |column: &&ColumnVerdict| {
        let mut worst = column.findings.iter().filter(|finding| finding.verdict == Verdict::Leaks);
        worst.any(|finding| !scaling(finding.kind) || !own(&column.name))
    };
    let leaking: Vec<&ColumnVerdict> = verdicts.iter().filter(leaks).collect();
    let tested = verdicts.iter().filter(|column| column.verdict != Verdict::Untested).count();
    match leaking.first() {
        Some(first) if leaking.len() == 1 => RunCheck::leak(check, first.sentence.clone()),
        Some(first) => RunCheck::leak(check, format!("{} columns know the future; {}", leaking.len(), first.sentence)),
        None if tested == 0 => RunCheck::not_checkable(check, "no column has enough values to be tested"),
        None => RunCheck::ok(check, format!("none of {tested} columns shows knowledge of the future")),
    }
}
