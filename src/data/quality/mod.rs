//! Whether bars can be trusted: what is missing, impossible, frozen, torn or mislabelled, each under a stable name by
//! which it can be accepted.

mod columns;
mod gate;
mod jumps;
mod local;
mod splits;
mod stale;
#[cfg(test)]
mod tests;
mod times;
mod volume;

use serde::Serialize;

pub use gate::{ACCEPTABLE, Blocked, gate, unknown_names};

use super::finding::{Finding, Place};
use crate::market::{Absences, Bar, Calendar, Extra, Schedule, Series, Timeframe};

/// The bars a judgement rests on, in one view.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quality {
    /// Ticker.
    pub symbol: String,
    /// Nominal bar length, for example `4h`.
    pub timeframe: String,
    /// Trading calendar the bars show: `24/7`, `weekdays` or `sessions`.
    pub calendar: String,
    /// Bars judged.
    pub bars: usize,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
}

/// Bars to judge, which need not form a [`Series`]: impossible bars are found too.
#[derive(Debug, Clone, Copy)]
pub struct QualityRequest<'a> {
    /// Ticker; currencies have typical prices.
    pub symbol: &'a str,
    /// Nominal bar length.
    pub timeframe: Timeframe,
    /// The bars; those whose time does not increase are judged apart.
    pub bars: &'a [Bar],
    /// Adjusted closes, where the file has them and the prices are not yet adjusted.
    pub adjusted: Option<&'a [f64]>,
    /// What the reading found; kept, and not told twice.
    pub reading: &'a [Finding],
    /// The present, UTC milliseconds; without it no bar is too new.
    pub now: Option<i64>,
}

/// Judges a series that was read without findings.
pub fn quality(series: &Series) -> Quality {
    quality_with(series, &[], None)
}

/// Judges a series together with what its reading found; `now` is the present, UTC milliseconds.
pub fn quality_with(series: &Series, reading: &[Finding], now: Option<i64>) -> Quality {
    judge(&QualityRequest {
        symbol: &series.symbol,
        timeframe: series.timeframe,
        bars: series.bars(),
        adjusted: series.extra(Extra::AdjClose),
        reading,
        now,
    })
}

/// Judges bars of any kind.
pub fn judge(request: &QualityRequest<'_>) -> Quality {
    let view = View::new(request);
    let known = |name: &str| request.reading.iter().any(|finding| finding.name == name);
    let mut findings = request.reading.to_vec();
    let mut found = Vec::new();
    found.extend(columns::order(&view));
    let impossible = columns::impossible(&view);
    // Times without order and prices without sense tell nothing further.
    let senseless = |finding: &Finding| matches!(finding.name.as_str(), "nonpositive" | "swapped");
    if found.is_empty() && !impossible.iter().any(senseless) {
        found.extend(times::all(&view, request.now));
        found.extend(columns::all(&view));
        found.extend(volume::all(&view));
        found.extend(stale::all(&view));
        let splits = splits::find(&view);
        found.extend(jumps::find(&view, &splits));
        found.extend(splits::finding(&view, &splits));
    }
    found.extend(impossible);
    findings.extend(found.into_iter().filter(|finding| !known(&finding.name)));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Quality {
        symbol: request.symbol.to_owned(),
        timeframe: request.timeframe.to_string(),
        calendar: view.schedule.calendar().to_string(),
        bars: request.bars.len(),
        findings,
    }
}

/// What all checks look at.
struct View<'a> {
    symbol: &'a str,
    bars: &'a [Bar],
    adjusted: Option<&'a [f64]>,
    step: i64,
    timestamps: Vec<i64>,
    schedule: Schedule,
    absences: Absences,
}

impl<'a> View<'a> {
    fn new(request: &QualityRequest<'a>) -> Self {
        let step = request.timeframe.millis();
        let timestamps: Vec<i64> = request.bars.iter().map(|bar| bar.timestamp).collect();
        let schedule = Schedule::learn(&timestamps, step);
        let absences = schedule.absences(&timestamps);
        let adjusted = request.adjusted.filter(|adjusted| adjusted.len() == request.bars.len());
        Self { symbol: request.symbol, bars: request.bars, adjusted, step, timestamps, schedule, absences }
    }

    fn place(&self, bar: usize, bars: usize) -> Place {
        Place { bar, timestamp: self.timestamps[bar], bars }
    }

    fn places(&self, bars: impl Iterator<Item = usize>) -> Vec<Place> {
        bars.map(|bar| self.place(bar, 1)).collect()
    }

    fn is_daily(&self) -> bool {
        self.step >= 86_400_000
    }

    fn is_continuous(&self) -> bool {
        self.schedule.calendar() == Calendar::Continuous
    }

    /// Whether the market was closed between a bar and the one before it.
    fn after_pause(&self, bar: usize) -> bool {
        self.timestamps[bar] - self.timestamps[bar - 1] > self.step + self.step / 2
    }
}

/// A share as text: `0.13 %`.
fn percent(part: usize, whole: usize) -> String {
    let share = 100.0 * part as f64 / whole as f64;
    if share < 0.01 && part > 0 {
        return "less than 0.01 %".to_owned();
    }
    let digits = if share >= 10.0 {
        0
    } else if share >= 1.0 {
        1
    } else {
        2
    };
    format!("{share:.digits$} %")
}
