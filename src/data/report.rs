use std::collections::BTreeMap;

use serde::Serialize;

use super::{Finding, time_text};
use crate::market::{Calendar, Series};

/// Gaps named in a report; the count covers all.
const NAMED_GAPS: usize = 5;

/// What was found in a file of bars and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReadReport {
    /// Ticker.
    pub symbol: String,
    /// Bars kept.
    pub rows: usize,
    /// Open time of the first bar, UTC milliseconds.
    pub start_ms: i64,
    /// The same as ISO text.
    pub start: String,
    /// Open time of the last bar, UTC milliseconds.
    pub end_ms: i64,
    /// The same as ISO text.
    pub end: String,
    /// Nominal bar length, for example `4h`.
    pub timeframe: String,
    /// Trading calendar the bars show: `24/7`, `weekdays` or `sessions`.
    pub calendar: String,
    /// Rows of the file that stood behind a later one (repair only).
    pub sorted_rows: usize,
    /// Exact duplicates of the file left out (repair only).
    pub duplicates_dropped: usize,
    /// Columns of the file that were not kept.
    pub dropped_columns: Vec<String>,
    /// Columns kept beyond OHLCV.
    pub extras: Vec<String>,
    /// Bars missing from the calendar.
    pub gaps: Gaps,
    /// Bars whose open time is off the commonest grid of whole timeframes.
    pub off_grid: usize,
    /// Bars without volume.
    pub zero_volume: usize,
    /// What a person should know, the gravest first.
    pub findings: Vec<Finding>,
    /// Prices are as traded although the file has adjusted closes.
    #[serde(skip)]
    pub unadjusted: bool,
}

/// What was put right while reading.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Repairs {
    pub(super) sorted_rows: usize,
    pub(super) duplicates_dropped: usize,
}

/// Bars missing from the calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gaps {
    /// Missing bars in all.
    pub missing_bars: usize,
    /// The first few places, oldest first.
    pub first: Vec<Gap>,
}

/// One place where bars are missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Open time of the last bar in front of it, ISO text.
    pub after: String,
    /// Bars missing there.
    pub missing: usize,
}

impl ReadReport {
    pub(super) fn new(series: &Series, repairs: Repairs, dropped: Vec<String>, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let times = series.timestamps();
        let (start_ms, end_ms) = (times[0], times[times.len() - 1]);
        let calendar = series.calendar();
        Self {
            symbol: series.symbol.clone(),
            rows: series.len(),
            start_ms,
            start: time_text(start_ms),
            end_ms,
            end: time_text(end_ms),
            timeframe: series.timeframe.to_string(),
            calendar: calendar.to_string(),
            sorted_rows: repairs.sorted_rows,
            duplicates_dropped: repairs.duplicates_dropped,
            dropped_columns: dropped,
            extras: series.extras().map(|(extra, _)| extra.name().to_owned()).collect(),
            gaps: gaps(&times, calendar, series.timeframe.millis()),
            off_grid: off_grid(&times, series.timeframe.millis()),
            zero_volume: series.bars().iter().filter(|bar| bar.volume == 0.0).count(),
            findings,
            unadjusted: false,
        }
    }
}

fn gaps(times: &[i64], calendar: Calendar, step: i64) -> Gaps {
    let mut gaps = Gaps { missing_bars: 0, first: Vec::new() };
    for pair in times.windows(2).filter(|pair| pair[1] - pair[0] != step) {
        let missing = calendar.missing_between(pair[0], pair[1], step);
        gaps.missing_bars += missing;
        if missing > 0 && gaps.first.len() < NAMED_GAPS {
            gaps.first.push(Gap { after: time_text(pair[0]), missing });
        }
    }
    gaps
}

/// The grid is taken from the bars (a week of bars may open on any weekday), not from the epoch.
fn off_grid(times: &[i64], step: i64) -> usize {
    let mut phases = BTreeMap::<i64, usize>::new();
    // Most bars follow on the grid of the bar before.
    for run in times.chunk_by(|a, b| b - a == step) {
        *phases.entry(run[0].rem_euclid(step)).or_default() += run.len();
    }
    times.len() - phases.into_values().max().unwrap_or(0)
}
