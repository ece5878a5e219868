//! What is missing between neighbouring bars: gaps, or days on which the market was closed.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike as _};

use super::{Clock, DAY, Grid, Schedule, Week};

/// Closed days, and early closes, that a market may have in a year.
const HOLIDAYS: i64 = 16;
const SHORT_DAYS: i64 = 10;
/// Neighbouring trading days that a market may close without doing so every year.
const CLOSED_TOGETHER: i64 = 2;
/// Neighbouring trading days that it may close if it does so in several years (New Year in China, golden weeks).
const CLOSED_YEARLY: i64 = 8;
/// A yearly holiday moves by no more than this, as those of the moon do.
const MOVES: i64 = 30;

/// Bars missing at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Position of the bar behind it.
    pub index: usize,
    /// Open time of the bar in front of it, UTC milliseconds.
    pub after: i64,
    /// Open time of the bar behind it, UTC milliseconds.
    pub before: i64,
    /// Open time of the first missing bar, UTC milliseconds.
    pub first: i64,
    /// Bars missing.
    pub missing: usize,
}

/// Bars of open hours that are not there, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Absences {
    /// Bars that should be there.
    pub gaps: Vec<Gap>,
    /// Days that look like holidays: few a year, one or two together, or at the same season of several years.
    pub holidays: Vec<Gap>,
    /// Days that look like early closes or late openings: few a year, and the rest of the session is missing.
    pub short_days: Vec<Gap>,
}

/// What an absence may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gap,
    /// So many whole trading days.
    Closed(i64),
    Short,
}

impl Schedule {
    /// What is missing between the bars; `timestamps` (UTC milliseconds, increasing) are those it was learned from.
    pub fn absences(&self, timestamps: &[i64]) -> Absences {
        let mut clock = Clock::new(self.summer());
        let mut found: Vec<(Gap, Kind)> = Vec::new();
        let mut local = timestamps.first().map_or(0, |&t| clock.local(t));
        for (at, pair) in timestamps.windows(2).enumerate() {
            let next = clock.local(pair[1]);
            let (missing, kind) = self.missing((pair[0], pair[1]), (local, next));
            if missing > 0 {
                let first = self.first_missing(pair[0], local, local - pair[0]);
                let (after, before, missing) = (pair[0], pair[1], missing as usize);
                let gap = Gap { index: at + 1, after, before, first, missing };
                found.push((gap, kind));
            }
            local = next;
        }
        settle(found)
    }

    /// When the bar behind one should have opened; `shift` is what the market's clock is ahead.
    fn first_missing(&self, after: i64, local: i64, shift: i64) -> i64 {
        match &self.grid {
            Grid::Steps { phase } => ((after - phase).div_euclid(self.step) + 1) * self.step + phase,
            Grid::Counted { .. } | Grid::Months(_) => after + self.step,
            Grid::Week(week) => {
                let from = week.slot(local, self.step) + 1;
                let slots = week.open.len() as i64;
                let open = (from..from + slots).find(|&slot| week.is_open(slot)).unwrap_or(from);
                // A daily bar may stand beside its slot; the slot counts from the middle of the day before.
                let beside = (local - week.origin).rem_euclid(self.step);
                let beside = if self.step == DAY { beside } else { 0 };
                open * self.step + week.origin + beside - shift
            }
        }
    }

    /// Bars missing between two neighbours, whose times on the market's clock are `local`.
    fn missing(&self, (after, before): (i64, i64), local: (i64, i64)) -> (i64, Kind) {
        let step = self.step;
        let count = match &self.grid {
            Grid::Steps { phase } => (before - phase).div_euclid(step) - (after - phase).div_euclid(step) - 1,
            Grid::Counted { weekends: true } => (before - after + step / 2) / step - 1,
            Grid::Counted { weekends: false } => {
                let steps = ((before - after + step / 2) / step - 1).max(0);
                (1..=steps).filter(|k| super::super::calendar::weekday(after + k * step) < 5).count() as i64
            }
            Grid::Months(months) => (month(before) - month(after) + months / 2) / months - 1,
            Grid::Week(week) => return week.missing(step, local),
        };
        (count.max(0), Kind::Gap)
    }
}

impl Week {
    fn missing(&self, step: i64, (after, before): (i64, i64)) -> (i64, Kind) {
        let (from, to) = (self.slot(after, step) + 1, self.slot(before, step));
        let missing = self.open_between(from, to);
        if missing == 0 {
            return (0, Kind::Gap);
        }
        let (day, next) = ((from - 1).div_euclid(self.per_day), to.div_euclid(self.per_day));
        let slots_of = |day: i64| self.open_between(day * self.per_day, (day + 1) * self.per_day);
        let closed = (day + 1..next).filter(|&day| slots_of(day) > 0).count() as i64;
        let kind = match closed {
            0 if day < next && self.is_short(from, to, day, next, slots_of) => Kind::Short,
            0 if day < next && missing * 10 >= self.per_day && around_new_year(after, before) => Kind::Closed(1),
            0 => Kind::Gap,
            days => Kind::Closed(days),
        };
        (missing, kind)
    }

    /// Whether one of two neighbouring sessions lacks its end, or the other its beginning, by a tenth or more.
    fn is_short(&self, from: i64, to: i64, day: i64, next: i64, slots_of: impl Fn(i64) -> i64) -> bool {
        let seam = next * self.per_day;
        let paused = !self.is_open(seam - 1) || !self.is_open((day + 1) * self.per_day);
        let (tail, head) = (self.open_between(from, seam), self.open_between(seam, to));
        let short = |part: i64, day: i64| part > 0 && part * 10 >= slots_of(day);
        paused && (head == 0 && short(tail, day) || tail == 0 && short(head, next))
    }
}

/// Between 24 December and 3 January even markets that run through the night close or open at odd hours.
fn around_new_year(after: i64, before: i64) -> bool {
    let season = |time: i64| {
        DateTime::from_timestamp_millis(time)
            .is_some_and(|time| matches!((time.month(), time.day()), (12, 24..) | (1, ..4)))
    };
    season(after) && season(before)
}

/// Months since the year 0.
pub(super) fn month(timestamp: i64) -> i64 {
    DateTime::from_timestamp_millis(timestamp).map_or(0, |time| i64::from(time.year()) * 12 + i64::from(time.month0()))
}

fn year_and_day(timestamp: i64) -> (i64, i64) {
    DateTime::from_timestamp_millis(timestamp)
        .map_or((0, 0), |time| (i64::from(time.year()), i64::from(time.ordinal0())))
}

/// Tells holidays from gaps by how many there are in a year and whether they come back.
fn settle(found: Vec<(Gap, Kind)>) -> Absences {
    let long: Vec<(i64, i64)> = found
        .iter()
        .filter(|(_, kind)| matches!(kind, Kind::Closed(days) if (CLOSED_TOGETHER + 1..=CLOSED_YEARLY).contains(days)))
        .map(|(gap, _)| year_and_day(gap.after + DAY))
        .collect();
    let yearly = |timestamp: i64| {
        let (year, day) = year_and_day(timestamp + DAY);
        let apart = |other: i64| (day - other).abs().min(365 - (day - other).abs());
        long.iter().any(|&(other, at)| other != year && apart(at) <= MOVES)
    };
    let allowed = |gap: &Gap, kind: Kind| match kind {
        Kind::Closed(days) => days <= CLOSED_TOGETHER || days <= CLOSED_YEARLY && yearly(gap.after),
        Kind::Short => true,
        Kind::Gap => false,
    };
    let mut of_year = BTreeMap::<i64, (i64, i64)>::new();
    for (gap, kind) in &found {
        let (closed, short) = of_year.entry(year_and_day(gap.after + DAY).0).or_default();
        match kind {
            Kind::Closed(days) if allowed(gap, *kind) && !yearly(gap.after) => *closed += days,
            Kind::Short => *short += 1,
            Kind::Gap | Kind::Closed(_) => (),
        }
    }
    let mut absences = Absences::default();
    for (gap, kind) in found {
        let (closed, short) = of_year[&year_and_day(gap.after + DAY).0];
        match kind {
            Kind::Closed(_) if allowed(&gap, kind) && closed <= HOLIDAYS => absences.holidays.push(gap),
            Kind::Short if short <= SHORT_DAYS => absences.short_days.push(gap),
            Kind::Gap | Kind::Closed(_) | Kind::Short => absences.gaps.push(gap),
        }
    }
    absences
}
