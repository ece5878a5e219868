//! Longer bars from shorter ones.
//!
//! A bar of the longer period opens with its first member, closes with its last, and stands at the beginning of its
//! period. What is missing inside is counted, never filled in.

use std::collections::BTreeMap;

use serde::Serialize;

use super::finding::NAMED;
use super::time_text;
use crate::market::{Bar, Extra, Gap, Period, Periods, Schedule, Series, Timeframe};

const DAY: i64 = 86_400_000;

/// What becomes of a first or last bar whose period the series does not cover.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Partial {
    /// It is left out: half a bar is not a bar.
    #[default]
    Drop,
    /// It is kept, and counted as incomplete.
    Keep,
}

impl std::str::FromStr for Partial {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "drop" => Ok(Self::Drop),
            "keep" => Ok(Self::Keep),
            _ => Err(format!("{text:?} is neither drop nor keep")),
        }
    }
}

/// How to resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResampleRequest {
    /// Length of the new bars.
    pub to: Period,
    /// What becomes of bars that begin before the series or end after it.
    pub partial: Partial,
    /// Milliseconds by which periods begin later than midnight UTC (weeks: Monday's); without it as
    /// [`Schedule::periods`] says.
    pub offset: Option<i64>,
}

/// What resampling did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResampleReport {
    /// Ticker.
    pub symbol: String,
    /// Nominal length of the bars taken.
    pub from: String,
    /// Length of the bars made.
    pub to: String,
    /// Where periods begin.
    pub grid: String,
    /// What became of incomplete bars at the ends.
    pub partial: Partial,
    /// Bars taken.
    pub rows_in: usize,
    /// Bars made.
    pub rows: usize,
    /// Open time of the first bar made, ISO text.
    pub start: String,
    /// Open time of the last bar made, ISO text.
    pub end: String,
    /// Open time of the bar left out at the start because its period began before the series.
    pub dropped_start: Option<String>,
    /// Open time of the bar left out at the end because its period ends after the series.
    pub dropped_end: Option<String>,
    /// Bars made of fewer bars than the calendar has.
    pub incomplete: usize,
    /// The first of them, oldest first.
    pub first_incomplete: Vec<String>,
    /// Bars missing in them.
    pub missing_bars: usize,
    /// By kept column, bars made whose value is missing because that of a member is.
    pub missing_extras: BTreeMap<String, usize>,
}

/// Longer bars, and which of them lack members.
#[derive(Debug, Clone, PartialEq)]
pub struct Resampled {
    /// The bars made.
    pub series: Series,
    /// Position in `series` and number of missing members of each incomplete bar.
    pub incomplete: Vec<(usize, usize)>,
    /// The same in figures.
    pub report: ResampleReport,
}

/// Why bars cannot be resampled so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResampleError {
    /// Not longer, or no multiple.
    #[error("bars of {from} cannot be gathered into {to}: it must be a longer multiple of {from}")]
    NoMultiple {
        /// Timeframe of the series.
        from: Timeframe,
        /// The period asked for.
        to: String,
    },
    /// Weeks do not fill months.
    #[error("bars of {from} cannot be gathered into calendar months: bars of a day or less can")]
    NoMonths {
        /// Timeframe of the series.
        from: Timeframe,
    },
    /// Nothing is left.
    #[error("the {bars} bars do not fill one whole period of {to}: --partial keep keeps it as it is")]
    NothingWhole {
        /// Bars of the series.
        bars: usize,
        /// The period asked for.
        to: String,
    },
    /// A sum of volumes beyond what a number holds.
    #[error("the bar made at {0} is impossible: {1}")]
    Impossible(String, String),
}

/// The members of one bar to be.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    start: i64,
    /// Bars `from` to before `to`.
    from: usize,
    to: usize,
    missing: usize,
}

/// Makes longer bars of a series.
///
/// First open, highest high, lowest low, last close, sum of volumes. Of the kept columns trades and the volumes are
/// summed, and missing where one of a bar's members has none; open interest and adj_close are those of the last member,
/// as of its close; so is the funding rate, where the last one known in the period stands (a rate holds until the next).
///
/// # Errors
/// A period that is no longer multiple of the timeframe, or no bar whose period is whole.
pub fn resample(series: &Series, request: &ResampleRequest) -> Result<Resampled, ResampleError> {
    check(series.timeframe, request.to)?;
    let schedule = series.schedule();
    let mut periods = schedule.periods(request.to, request.offset);
    let (buckets, dropped) = buckets(series, &schedule, &mut periods, request.partial);
    let (Some(first), Some(last)) = (buckets.first(), buckets.last()) else {
        return Err(ResampleError::NothingWhole { bars: series.len(), to: request.to.to_string() });
    };
    let (start, end) = (time_text(first.start), time_text(last.start));
    let bars = buckets.iter().map(|bucket| gather(bucket.start, &series.bars()[bucket.from..bucket.to])).collect();
    let impossible = |err: crate::market::SeriesError| ResampleError::Impossible(start.clone(), err.to_string());
    let mut made = Series::new(&series.symbol, periods.timeframe(), bars).map_err(impossible)?;
    let mut missing_extras = BTreeMap::new();
    for (extra, values) in series.extras() {
        let column: Vec<f64> =
            buckets.iter().map(|bucket| gather_extra(extra, &values[bucket.from..bucket.to])).collect();
        let missing = column.iter().filter(|value| value.is_nan()).count();
        if missing > 0 {
            missing_extras.insert(extra.name().to_owned(), missing);
        }
        made = made.with_extra(extra, column).map_err(impossible)?;
    }
    let incomplete: Vec<(usize, usize)> =
        buckets.iter().enumerate().filter(|(_, bucket)| bucket.missing > 0).map(|(i, b)| (i, b.missing)).collect();
    let report = ResampleReport {
        symbol: series.symbol.clone(),
        from: series.timeframe.to_string(),
        to: request.to.to_string(),
        grid: periods.describe(),
        partial: request.partial,
        rows_in: series.len(),
        rows: buckets.len(),
        start,
        end,
        dropped_start: dropped[0].map(time_text),
        dropped_end: dropped[1].map(time_text),
        incomplete: incomplete.len(),
        first_incomplete: incomplete.iter().take(NAMED).map(|(i, _)| time_text(buckets[*i].start)).collect(),
        missing_bars: incomplete.iter().map(|(_, missing)| missing).sum(),
        missing_extras,
    };
    Ok(Resampled { series: made, incomplete, report })
}

fn check(from: Timeframe, to: Period) -> Result<(), ResampleError> {
    match to {
        Period::Months(_) if from.millis() > DAY || DAY % from.millis() != 0 => Err(ResampleError::NoMonths { from }),
        Period::Time(to) if to <= from || to.millis() % from.millis() != 0 => {
            Err(ResampleError::NoMultiple { from, to: to.to_string() })
        }
        _ => Ok(()),
    }
}

/// The bars by period, and the open times of what was left out at the start and at the end.
fn buckets(
    series: &Series,
    schedule: &Schedule,
    periods: &mut Periods,
    partial: Partial,
) -> (Vec<Bucket>, [Option<i64>; 2]) {
    let times = series.timestamps();
    let step = series.timeframe.millis();
    let mut buckets: Vec<Bucket> = Vec::new();
    for (i, &time) in times.iter().enumerate() {
        let start = periods.start(time);
        match buckets.last_mut() {
            Some(bucket) if bucket.start == start => bucket.to = i + 1,
            _ => buckets.push(Bucket { start, from: i, to: i + 1, missing: 0 }),
        }
    }
    for gap in schedule.absences(&times).gaps {
        lacking(&mut buckets, schedule, periods, gap, step);
    }
    let mut dropped = [None, None];
    let (Some(&first), Some(&last)) = (times.first(), times.last()) else { return (buckets, dropped) };
    let end = buckets.len() - 1;
    let before = schedule.expected(buckets[0].start, first - step / 2);
    let close = periods.end(buckets[end].start);
    let after = schedule.expected(last + step / 2, close);
    for (side, at, missing) in [(1, end, after), (0, 0, before)] {
        if missing == 0 {
            continue;
        }
        buckets[at].missing += missing;
        if partial == Partial::Drop && dropped[1 - side] != Some(buckets[at].start) {
            dropped[side] = Some(buckets[at].start);
        }
    }
    // One bar may lack both ends.
    if dropped[1].is_some() {
        buckets.pop();
    }
    if dropped[0].is_some() && !buckets.is_empty() {
        buckets.remove(0);
    }
    (buckets, dropped)
}

/// Counts the missing bars of a gap in the periods on either side of it; periods without any bar are not made.
fn lacking(buckets: &mut [Bucket], schedule: &Schedule, periods: &mut Periods, gap: Gap, step: i64) {
    let of = |index: usize| buckets.partition_point(|bucket| bucket.to <= index);
    let (before, behind) = (of(gap.index - 1), of(gap.index));
    if before == behind {
        buckets[before].missing += gap.missing;
        return;
    }
    let end = periods.end(buckets[before].start);
    buckets[before].missing += schedule.expected(gap.after + step / 2, end);
    buckets[behind].missing += schedule.expected(buckets[behind].start, gap.before - step / 2);
}

fn gather(timestamp: i64, members: &[Bar]) -> Bar {
    let mut bar = Bar { timestamp, ..members[0] };
    for member in &members[1..] {
        bar.high = bar.high.max(member.high);
        bar.low = bar.low.min(member.low);
        bar.close = member.close;
        bar.volume += member.volume;
    }
    bar
}

fn gather_extra(extra: Extra, members: &[f64]) -> f64 {
    match extra {
        Extra::AdjClose | Extra::OpenInterest => members[members.len() - 1],
        Extra::FundingRate => members.iter().rev().copied().find(|rate| !rate.is_nan()).unwrap_or(f64::NAN),
        Extra::QuoteVolume | Extra::TakerBuyQuoteVolume | Extra::TakerBuyVolume | Extra::Trades => members.iter().sum(),
    }
}

#[cfg(test)]
mod tests;
