//! Longer periods of a market: which one each bar belongs to, and how many bars one should have.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, NaiveDate};

use super::super::Timeframe;
use super::{Clock, DAY, Grid, MONDAY, Schedule, Week};

/// A length to gather bars by: a timeframe, or whole calendar months, written `1M`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Period {
    /// Fixed length.
    Time(Timeframe),
    /// So many calendar months (UTC).
    Months(u32),
}

/// A period text that is neither a timeframe nor `<number>M`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("period {0:?} is not a number followed by s, m, h, d, w or M (for example 15m, 4h, 1d, 1w, 1M)")]
pub struct PeriodError(String);

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || PeriodError(text.to_owned());
        if let Some(months) = text.strip_suffix('M') {
            let months: u32 = months.parse().map_err(|_ignored| fail())?;
            return if (1..=1200).contains(&months) { Ok(Self::Months(months)) } else { Err(fail()) };
        }
        text.parse().map(Self::Time).map_err(|_ignored| fail())
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(timeframe) => timeframe.fmt(f),
            Self::Months(months) => write!(f, "{months}M"),
        }
    }
}

/// Where periods begin.
#[derive(Debug, Clone, PartialEq)]
pub struct Periods {
    period: Period,
    anchor: Anchor,
    clock: Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    /// Whole periods from this time after the epoch, UTC.
    Utc(i64),
    /// Whole periods from this time after the epoch on the market's own clock.
    Market(i64),
}

impl Schedule {
    /// The periods that bars of this market are gathered in.
    ///
    /// In UTC they begin at multiples of the period since midnight (days: since 1970-01-01; weeks: on Mondays; months:
    /// on the first), moved by `offset` ms. Without an offset two kinds of market have periods of their own: those of a
    /// day or a week begin where the market's do if it trades through midnight UTC (Sunday 17:00 New York), and shorter
    /// ones begin with its session (09:30, 13:30).
    pub fn periods(&self, period: Period, offset: Option<i64>) -> Periods {
        let length = match period {
            Period::Time(timeframe) => timeframe.millis(),
            Period::Months(_) => {
                return Periods { period, anchor: Anchor::Utc(offset.unwrap_or(0)), clock: Clock::new(self.summer()) };
            }
        };
        let plain = if length % (7 * DAY) == 0 { MONDAY } else { 0 };
        let anchor = match (&self.grid, offset) {
            (Grid::Week(week), None) if self.step < DAY && week.keeps(length, self) => Anchor::Market(week.origin),
            _ => Anchor::Utc(plain + offset.unwrap_or(0)),
        };
        Periods { period, anchor, clock: Clock::new(self.summer()) }
    }

    /// Bars that should open from `from` to before `to` (UTC milliseconds).
    pub fn expected(&self, from: i64, to: i64) -> usize {
        let step = self.step;
        let up = |time: i64, phase: i64| -(phase - time).div_euclid(step);
        let count = match &self.grid {
            Grid::Steps { phase } => up(to, *phase) - up(from, *phase),
            Grid::Counted { .. } => (to - from) / step,
            Grid::Months(months) => (super::absences::month(to) - super::absences::month(from)) / months,
            Grid::Week(week) => {
                let mut clock = Clock::new(week.summer);
                let slot = |local: i64| -(week.origin - local).div_euclid(step);
                week.open_between(slot(clock.local(from)), slot(clock.local(to)))
            }
        };
        count.max(0) as usize
    }
}

impl Week {
    /// Whether periods of this length follow the market's clock rather than UTC.
    fn keeps(&self, length: i64, schedule: &Schedule) -> bool {
        match length {
            DAY | 604_800_000 => {
                let mut clock = Clock::new(self.summer);
                // Wednesday to Thursday of a winter week.
                let midnight = clock.local(MONDAY + 3 * DAY);
                let slot = self.slot(midnight, schedule.step);
                self.is_open(slot) && self.is_open(slot - 1)
            }
            _ => length < DAY && DAY % length == 0 && schedule.calendar == super::Calendar::Sessions,
        }
    }
}

impl Periods {
    /// Beginning of the period that a bar opening at `timestamp` belongs to, UTC milliseconds. Quick on times in order.
    pub fn start(&mut self, timestamp: i64) -> i64 {
        match (self.period, self.anchor) {
            (Period::Months(months), Anchor::Utc(offset) | Anchor::Market(offset)) => {
                month_start(timestamp - offset, i64::from(months), 0) + offset
            }
            (Period::Time(length), Anchor::Utc(anchor)) => floor(timestamp, anchor, length.millis()),
            (Period::Time(length), Anchor::Market(anchor)) => {
                let local = self.clock.local(timestamp);
                let start = floor(local, anchor, length.millis());
                self.utc(start)
            }
        }
    }

    /// End of the period that begins at `start`.
    pub fn end(&mut self, start: i64) -> i64 {
        match (self.period, self.anchor) {
            (Period::Months(months), Anchor::Utc(offset) | Anchor::Market(offset)) => {
                month_start(start - offset, i64::from(months), 1) + offset
            }
            (Period::Time(length), Anchor::Utc(_)) => start + length.millis(),
            (Period::Time(length), Anchor::Market(_)) => {
                let local = self.clock.local(start);
                self.utc(local + length.millis())
            }
        }
    }

    /// Back from the market's clock.
    fn utc(&mut self, local: i64) -> i64 {
        let shift = self.clock.local(local) - local;
        local - shift
    }

    /// How long a bar of it is called. A month counts as 31 days: a bar is known no earlier than it has surely ended.
    pub fn timeframe(&self) -> Timeframe {
        match self.period {
            Period::Time(timeframe) => timeframe,
            Period::Months(months) => Timeframe::days(i64::from(months) * 31),
        }
    }

    /// Where periods begin, for a sentence.
    pub fn describe(&self) -> String {
        let clock = |ms: i64| format!("{:02}:{:02}", ms.rem_euclid(DAY) / 3_600_000, ms.rem_euclid(3_600_000) / 60_000);
        match (self.period, self.anchor) {
            (Period::Months(_), Anchor::Utc(0)) => "calendar months, UTC".to_owned(),
            (_, Anchor::Market(anchor)) => {
                format!("from the market's opening at {} UTC (winter time)", clock(anchor))
            }
            (_, Anchor::Utc(anchor)) => format!("on a UTC grid through {}", clock(anchor)),
        }
    }
}

fn floor(time: i64, anchor: i64, length: i64) -> i64 {
    (time - anchor).div_euclid(length) * length + anchor
}

/// Midnight of the first day of the period of `months` that holds `time`, or of one `later`.
fn month_start(time: i64, months: i64, later: i64) -> i64 {
    let Some(date) = DateTime::from_timestamp_millis(time) else { return time };
    let month = (i64::from(date.year()) * 12 + i64::from(date.month0())).div_euclid(months) * months + later * months;
    let first = NaiveDate::from_ymd_opt(month.div_euclid(12) as i32, month.rem_euclid(12) as u32 + 1, 1);
    first.map_or(time, |first| i64::from(first.to_epoch_days()) * DAY)
}
