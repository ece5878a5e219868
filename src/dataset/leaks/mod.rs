//! The leak linter: does a column know the future, were rows shared between slices, was a scaler fitted on too much?
//!
//! # What the test of a column does
//!
//! A column is split into what could have been known and what is new at each bar: its innovation is what is left after a
//! least-squares fit on its own last three values and on what the bars up to t show (returns, ranges, volumes, running
//! volatility). A second, slower predictor leaves the own past in. Both are correlated with what the bars *after* t bring
//! beyond what the bars up to t foretell: signed returns, their size, and volume, one to `horizon` bars ahead.
//!
//! An honest column can only be correlated by chance. How large chance gets is read off the data: the same statistic for
//! all circular shifts far from zero is the null, which knows the column's persistence, seasons and heavy tails; the
//! statistic is self-normalised (White 1980), so that clustered volatility does not pass for knowledge. The bound holds
//! for the largest statistic over all columns, predictors, targets and leads together (Bonferroni over the tests, on the
//! scale of the null), at 1 in 1000 per call.
//!
//! Significance alone is not a verdict. A correlation of an innovation with the signed return after it of 0.1 is more than
//! any honest signal of a liquid market has shown to us, so less than that is never reported; from 0.25 on the verdict is
//! "leaks", between them "suspicious". For sizes and volumes, which honest columns do foretell, the bounds are 0.25 and 0.4.
//!
//! # What it cannot do
//!
//! - It cannot prove honesty: a leak that adds less than the bounds, one about other things than returns, ranges and
//!   volumes, one that looks further ahead than `horizon`, or one hidden in a few rows passes.
//! - It cannot tell a leak from a truly strong forecast. In a planted market, whose events push the next return by more
//!   than a deviation, the honest trigger column looks like a leak, and is one in any real market.
//! - An external column without any relation to its own bar's return may be shifted at will; nobody can see it.
//! - Shifts and centred means overlap: a mean over 5 bars, shifted by -2, *is* the centred mean. The kind is the likelier
//!   name, the lead in the evidence is what was measured.
//! - Whole-series scaling foretells nothing, so it is looked for by exactness alone. A scaling over other rows than the
//!   file's, for example before a warm-up was cut off, is not exact any more and passes.

mod controls;
mod innovation;
mod known;
mod naming;
mod null;
mod rows;
pub mod run;
mod scaling;
#[cfg(test)]
mod tests;

use rayon::prelude::*;
use serde::Serialize;

use self::controls::Backdrop;
use self::innovation::predictors;
use self::null::{Test, strongest};
use crate::market::Bar;
use crate::stats::normal_quantile;

pub use rows::{
    Crossing, DuplicateRow, FittedScale, ScaleKind, ScalerOrigin, duplicate_rows, label_crossings, scaler_origin,
};

/// Fewest bars on which a column is tested.
pub const LEAST_BARS: usize = 300;
/// Chance of any false alarm in one call, were there no bound on the size of an effect.
const LEVEL: f64 = 0.001;

/// How far and how the linter looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeakOptions {
    /// Bars ahead, at least 1; cut to a tenth of the bars.
    pub horizon: usize,
}

impl Default for LeakOptions {
    fn default() -> Self {
        Self { horizon: 32 }
    }
}

/// What is held against a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Nothing found; not a proof.
    Clean,
    /// Something that an honest column hardly does.
    Suspicious,
    /// Values that could not have been known.
    Leaks,
    /// Too few values to say anything.
    Untested,
}

/// What kind of leak it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LeakKind {
    /// Values that belong `by` bars later.
    Shifted {
        /// Bars, negative: -1 is the next bar's value.
        by: i64,
    },
    /// A mean around the bar.
    CentredMean {
        /// Bars in the mean.
        window: usize,
    },
    /// The outcome itself, or a function of it.
    EqualsLabel {
        /// Bars the outcome spans.
        horizon: usize,
    },
    /// Correlated with the outcome and with nothing before it.
    FollowsLabel {
        /// Bars the outcome spans.
        horizon: usize,
    },
    /// Mean and deviation, median and quartiles, or extremes of the whole series are exactly those of a scaled column.
    WholeSeriesScaling,
    /// A rank among all values of the series.
    WholeSeriesRank,
    /// Exactly no mean, or no trend, over the whole series.
    WholeSeriesCentring,
}

/// Why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Evidence {
    /// What was measured.
    pub measure: &'static str,
    /// Its value; for dependence on the future the self-normalised z.
    pub statistic: f64,
    /// What honest columns stay below (dependence) or what it would be if exact (scaling).
    pub null_quantile: f64,
    /// Correlation with the future; NaN for scaling.
    pub correlation: f64,
    /// Bars ahead at which it is strongest; 0 for scaling.
    pub lead: usize,
}

/// One thing found in a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// How sure.
    pub verdict: Verdict,
    /// What it looks like.
    #[serde(flatten)]
    pub kind: LeakKind,
    /// Why.
    pub evidence: Evidence,
    /// In words.
    pub sentence: String,
}

/// What was found in a column.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ColumnVerdict {
    /// Its name.
    pub name: String,
    /// The worst of the findings.
    pub verdict: Verdict,
    /// All findings, the worst first.
    pub findings: Vec<Finding>,
    /// The strongest dependence on the future, also of a clean column; `None` if there was nothing to test.
    pub strongest: Option<Evidence>,
    /// One sentence.
    pub sentence: String,
}

/// Columns that do not fit the bars.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {name} has {found} values for {bars} bars; align it with the bars first")]
pub struct ColumnLength {
    /// Column name.
    pub name: String,
    /// Values found.
    pub found: usize,
    /// Bars there are.
    pub bars: usize,
}

/// Looks for knowledge of the future in columns of one value per bar; NaN is missing. Verdicts come in the columns' order.
///
/// Where only closes are known, bars with all prices equal and no volume do: ranges and volumes are then not looked at.
///
/// # Errors
/// A column of another length than the bars.
pub fn check_columns(
    bars: &[Bar],
    columns: &[(&str, &[f64])],
    options: &LeakOptions,
) -> Result<Vec<ColumnVerdict>, ColumnLength> {
    if let Some((name, values)) = columns.iter().find(|(_, values)| values.len() != bars.len()) {
        return Err(ColumnLength { name: (*name).to_owned(), found: values.len(), bars: bars.len() });
    }
    let horizon = options.horizon.clamp(1, (bars.len() / 10).max(1));
    let backdrop = (bars.len() >= LEAST_BARS).then(|| Backdrop::new(bars));
    let tests = (columns.len() * null::TESTS * horizon).max(1) as f64;
    let bound = normal_quantile(1.0 - LEVEL / (2.0 * tests));
    Ok(columns
        .par_iter()
        .map(|&(name, values)| check_column(bars, backdrop.as_ref(), columns, name, values, horizon, bound))
        .collect())
}

fn check_column(
    bars: &[Bar],
    backdrop: Option<&Backdrop>,
    columns: &[(&str, &[f64])],
    name: &str,
    values: &[f64],
    horizon: usize,
    bound: f64,
) -> ColumnVerdict {
    let finite = values.iter().filter(|v| v.is_finite()).count();
    let mut findings = scaling::findings(name, values);
    let mut best = None;
    let usable = backdrop.filter(|_| finite >= LEAST_BARS);
    if let Some(backdrop) = usable {
        let tests = strongest(&predictors(backdrop, values), backdrop, horizon, bound);
        // The surest of the tests that say anything names the leak.
        if let Some(test) = tests.iter().filter(|test| test.verdict() != Verdict::Clean).max_by(|a, b| a.order(b)) {
            findings.push(naming::name(bars, backdrop, columns, name, values, test, horizon));
        }
        if findings.iter().all(|finding| finding.evidence.lead == 0) {
            findings.extend(naming::exact(bars, name, values, horizon));
        }
        best = tests.iter().max_by(|a, b| (a.z / a.bound).abs().total_cmp(&(b.z / b.bound).abs())).map(Test::evidence);
    }
    findings.sort_by_key(|finding| finding.verdict != Verdict::Leaks);
    let (verdict, sentence) = match (findings.first(), usable) {
        (Some(worst), _) => (worst.verdict, worst.sentence.clone()),
        (None, Some(_)) => (Verdict::Clean, clean_sentence(name, best.as_ref(), horizon)),
        (None, None) => (
            Verdict::Untested,
            format!("{name} has {finite} values on {} bars; {LEAST_BARS} are needed to test it", bars.len()),
        ),
    };
    ColumnVerdict { name: name.to_owned(), verdict, findings, strongest: best, sentence }
}

fn clean_sentence(name: &str, best: Option<&Evidence>, horizon: usize) -> String {
    match best {
        Some(best) => format!(
            "{name} shows no knowledge of the next {horizon} bars: its strongest correlation with {} is {:.3}, {} bars ahead",
            best.measure, best.correlation, best.lead
        ),
        None => format!("{name} is constant or follows from the bars and its own past; nothing new is left to test"),
    }
}
