//! The hours a market keeps, learned from the open times of its bars: which bars are missing, and which stand off the grid.

mod absences;
mod clock;
#[cfg(test)]
pub(crate) mod hours;
mod learn;
mod periods;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use absences::{Absences, Gap};
pub use periods::{Period, PeriodError, Periods};

use super::Calendar;
use clock::{Clock, Summer};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
/// 1970-01-05, a Monday.
const MONDAY: i64 = 4 * DAY;
/// Bars off the grid are part of it where so large a share of the days has one at that very time of day.
const RECURRING: f64 = 0.1;

/// The hours a market keeps, learned from its bars; holidays are told from gaps by the whole series.
///
/// A session that moves by an hour in summer is recognised by the rule it follows. Hours in which fewer than half as
/// many bars came as in the busy ones (before and after trading, say) are closed: their bars are welcome, but not missed.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    calendar: Calendar,
    /// Bar length, milliseconds.
    step: i64,
    grid: Grid,
}

#[derive(Debug, Clone, PartialEq)]
enum Grid {
    /// Steps without a pause, the first at `phase` after the epoch.
    Steps { phase: i64 },
    /// Steps counted from bar to bar: longer than a day, or no part of one.
    Counted { weekends: bool },
    /// So many calendar months.
    Months(i64),
    /// The same pattern every week.
    Week(Week),
}

/// Open and closed slots of a week of trading days; a trading day begins where the market opens.
#[derive(Debug, Clone, PartialEq)]
struct Week {
    summer: Summer,
    /// Beginning of a first slot, milliseconds since the epoch on the market's clock.
    origin: i64,
    per_day: i64,
    open: Vec<bool>,
    /// Open slots in front of each slot; one longer.
    before: Vec<u32>,
}

impl Schedule {
    /// What kind of calendar it is.
    pub fn calendar(&self) -> Calendar {
        self.calendar
    }

    /// Positions of the bars whose open time is neither on the commonest grid of whole bars nor at a time of day that
    /// many days have (a session that opens at half past, say). `timestamps` are those it was learned from.
    pub fn off_grid(&self, timestamps: &[i64]) -> Vec<usize> {
        if matches!(self.grid, Grid::Months(_)) {
            return Vec::new();
        }
        let mut clock = Clock::new(self.summer());
        let times: Vec<i64> = timestamps.iter().map(|&t| clock.local(t)).collect();
        let phase = common_phase(&times, self.step);
        let off: Vec<usize> = (0..times.len()).filter(|&i| (times[i] - phase).rem_euclid(self.step) != 0).collect();
        let mut days = 0;
        let mut last = None;
        for day in times.iter().map(|t| t.div_euclid(DAY)) {
            days += usize::from(last != Some(day));
            last = Some(day);
        }
        let mut often = BTreeMap::<i64, usize>::new();
        for &i in &off {
            *often.entry(times[i].rem_euclid(DAY)).or_default() += 1;
        }
        let strange = |&i: &usize| (often[&times[i].rem_euclid(DAY)] as f64) < RECURRING * days as f64;
        // Two bars of one time of day are no habit.
        off.into_iter().filter(|i| strange(i) || often[&times[*i].rem_euclid(DAY)] < 3).collect()
    }

    fn summer(&self) -> Summer {
        if let Grid::Week(week) = &self.grid { week.summer } else { Summer::None }
    }
}

impl Week {
    fn new(summer: Summer, origin: i64, per_day: i64, open: Vec<bool>) -> Self {
        let mut before = Vec::with_capacity(open.len() + 1);
        before.push(0);
        for &slot in &open {
            before.push(before[before.len() - 1] + u32::from(slot));
        }
        Self { summer, origin, per_day, open, before }
    }

    /// Number of the slot that a time on the market's clock falls into.
    fn slot(&self, local: i64, step: i64) -> i64 {
        (local - self.origin).div_euclid(step)
    }

    /// Open slots from `from` to before `to`.
    fn open_between(&self, from: i64, to: i64) -> i64 {
        let slots = self.open.len() as i64;
        let in_front = |slot: i64| {
            slot.div_euclid(slots) * i64::from(self.before[slots as usize])
                + i64::from(self.before[slot.rem_euclid(slots) as usize])
        };
        if from < to { in_front(to) - in_front(from) } else { 0 }
    }

    fn is_open(&self, slot: i64) -> bool {
        self.open[slot.rem_euclid(self.open.len() as i64) as usize]
    }
}

/// The commonest remainder of times divided by `step`, the smaller on a tie.
fn common_phase(times: &[i64], step: i64) -> i64 {
    let mut phases = BTreeMap::<i64, usize>::new();
    for time in times {
        *phases.entry(time.rem_euclid(step)).or_default() += 1;
    }
    phases.into_iter().max_by_key(|&(phase, n)| (n, -phase)).map_or(0, |(phase, _)| phase)
}
