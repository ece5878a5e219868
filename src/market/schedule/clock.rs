//! Clocks that leave UTC in summer: which days a market's hours come an hour earlier.

use chrono::{DateTime, Datelike as _, NaiveDate};

use super::{DAY, HOUR};

/// Whose summer time the hours of a market follow, seen from the clock its bars are stamped with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Summer {
    /// None: the hours stay.
    None,
    /// United States and Canada.
    America,
    /// European Union and Britain.
    Europe,
    /// A market on American summer time, stamped with a European clock.
    AmericaSeenFromEurope,
    /// A market on European summer time, stamped with an American clock.
    EuropeSeenFromAmerica,
    /// The south-east of Australia.
    Australia,
}

impl Summer {
    pub(super) const ALL: [Self; 6] = [
        Self::None,
        Self::America,
        Self::Europe,
        Self::AmericaSeenFromEurope,
        Self::EuropeSeenFromAmerica,
        Self::Australia,
    ];

    /// Milliseconds to add on `day` (days since the epoch) to see a market's hours stay the same all year.
    fn shift(self, day: i64) -> i64 {
        let Some(year) = DateTime::from_timestamp_millis(day * DAY).map(|time| time.year()) else { return 0 };
        let america = || hour(within(america(year), day));
        let europe = || hour(within((last_sunday(year, 3), last_sunday(year, 10)), day));
        match self {
            Self::None => 0,
            Self::America => america(),
            Self::Europe => europe(),
            Self::AmericaSeenFromEurope => america() - europe(),
            Self::EuropeSeenFromAmerica => europe() - america(),
            Self::Australia => hour(!within((sunday(year, 4, 1), sunday(year, 10, 1)), day)),
        }
    }
}

fn hour(summer: bool) -> i64 {
    if summer { HOUR } else { 0 }
}

fn within((from, to): (i64, i64), day: i64) -> bool {
    (from..to).contains(&day)
}

/// The Energy Policy Act of 2005 lengthened the summer from 2007 on.
fn america(year: i32) -> (i64, i64) {
    match year {
        2007.. => (sunday(year, 3, 2), sunday(year, 11, 1)),
        1987..2007 => (sunday(year, 4, 1), last_sunday(year, 10)),
        _ => (last_sunday(year, 4), last_sunday(year, 10)),
    }
}

/// The `n`-th Sunday of a month, in days since the epoch.
fn sunday(year: i32, month: u32, n: i64) -> i64 {
    let first = NaiveDate::from_ymd_opt(year, month, 1).map_or(0, |date| i64::from(date.to_epoch_days()));
    first + (6 - super::super::calendar::weekday(first * DAY)) + 7 * (n - 1)
}

/// The last Sunday of a month of 31 days or 30, in days since the epoch.
fn last_sunday(year: i32, month: u32) -> i64 {
    let fifth = sunday(year, month, 5);
    if fifth < sunday(year, month + 1, 1) { fifth } else { fifth - 7 }
}

/// Turns times into those of a market's own clock; quick on times in order.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Clock {
    summer: Summer,
    day: i64,
    shift: i64,
}

impl Clock {
    pub(super) fn new(summer: Summer) -> Self {
        Self { summer, day: i64::MIN, shift: 0 }
    }

    pub(super) fn local(&mut self, timestamp: i64) -> i64 {
        if self.summer == Summer::None {
            return timestamp;
        }
        // Clocks change in the small hours of a Sunday, when such markets are closed: whole days will do.
        let day = timestamp.div_euclid(DAY);
        if day != self.day {
            (self.day, self.shift) = (day, self.summer.shift(day));
        }
        timestamp + self.shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i32, month: u32, day: u32) -> i64 {
        i64::from(NaiveDate::from_ymd_opt(year, month, day).unwrap().to_epoch_days())
    }

    #[test]
    fn summers_begin_and_end_as_the_law_says() {
        assert_eq!(america(2024), (day(2024, 3, 10), day(2024, 11, 3)));
        assert_eq!(america(2006), (day(2006, 4, 2), day(2006, 10, 29)));
        assert_eq!((last_sunday(2024, 3), last_sunday(2024, 10)), (day(2024, 3, 31), day(2024, 10, 27)));
        let shift = |summer: Summer, d: (i32, u32, u32)| summer.shift(day(d.0, d.1, d.2)) / HOUR;
        assert_eq!(shift(Summer::America, (2024, 7, 1)), 1);
        assert_eq!(shift(Summer::AmericaSeenFromEurope, (2024, 3, 20)), 1);
        assert_eq!(shift(Summer::EuropeSeenFromAmerica, (2024, 10, 30)), -1);
        assert_eq!((shift(Summer::Australia, (2024, 1, 1)), shift(Summer::Australia, (2024, 7, 1))), (1, 0));
    }
}
