use std::fmt;

use super::Schedule;

const DAY: i64 = 86_400_000;

/// When a market trades, inferred from the bars themselves: only bars missing from it are gaps.
///
/// This is its kind; [`Schedule`] has the hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calendar {
    /// Around the clock, every day.
    Continuous,
    /// Around the clock or one bar a day, but not every day: Monday to Friday, or Sunday to Friday evening.
    Weekdays,
    /// Sessions with pauses inside or between days.
    Sessions,
}

impl Calendar {
    /// Reads the calendar off the open times (UTC milliseconds, increasing) of bars `step` ms long.
    pub fn infer(timestamps: &[i64], step: i64) -> Self {
        Schedule::learn(timestamps, step).calendar()
    }
}

/// 0 = Monday … 6 = Sunday (the epoch was a Thursday).
pub(crate) const fn weekday(timestamp: i64) -> i64 {
    (timestamp.div_euclid(DAY) + 3).rem_euclid(7)
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Continuous => "24/7",
            Self::Weekdays => "weekdays",
            Self::Sessions => "sessions",
        })
    }
}
