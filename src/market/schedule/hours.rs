//! Open times of invented markets for tests; summer time comes from the tz database, not from the rules under test.

use chrono::{DateTime, Datelike as _, NaiveDate, TimeZone as _, Timelike as _, Utc};
use chrono_tz::Tz;

const MINUTE: i64 = 60_000;
const DAY: i64 = 86_400_000;

/// A market that tests trade on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Market {
    /// Always open.
    Crypto,
    /// New York stocks: 09:30 to 16:00, closed on some ten holidays, at 13:00 on two days.
    Stocks,
    /// Frankfurt stocks: 09:00 to 17:30.
    Frankfurt,
    /// Shanghai stocks: 09:30 to 11:30 and 13:00 to 15:00, closed for a week twice a year.
    Shanghai,
    /// Currencies: Sunday 17:00 to Friday 17:00 New York, closed at Christmas and New Year.
    Currencies,
    /// Futures: the same with an hour's pause every day.
    Futures,
}

pub(crate) const MARKETS: [Market; 6] =
    [Market::Crypto, Market::Stocks, Market::Frankfurt, Market::Shanghai, Market::Currencies, Market::Futures];

impl Market {
    fn zone(self) -> Tz {
        match self {
            Self::Crypto => chrono_tz::UTC,
            Self::Stocks | Self::Currencies | Self::Futures => chrono_tz::America::New_York,
            Self::Frankfurt => chrono_tz::Europe::Berlin,
            Self::Shanghai => chrono_tz::Asia::Shanghai,
        }
    }

    /// Whether bars open at `minute` of a local `date`.
    fn is_open(self, date: NaiveDate, minute: u32) -> bool {
        let day = date.weekday().num_days_from_monday();
        let md = (date.month(), date.day());
        let newyear = matches!(md, (12, 25) | (1, 1));
        let stocks = [(1, 1), (1, 15), (2, 19), (4, 5), (5, 27), (6, 19), (7, 4), (9, 2), (11, 28), (12, 25)];
        match self {
            Self::Crypto => true,
            Self::Stocks => {
                let close = if matches!(md, (11, 29) | (12, 24)) { 780 } else { 960 };
                day < 5 && !stocks.contains(&md) && (570..close).contains(&minute)
            }
            Self::Frankfurt => day < 5 && !newyear && md != (5, 1) && (540..1050).contains(&minute),
            Self::Shanghai => {
                let week =
                    matches!(md, (10, 1..=7)) || md.0 == 2 && (5..=11).contains(&((md.1 + date.year() as u32) % 14));
                day < 5 && !week && ((570..690).contains(&minute) || (780..900).contains(&minute))
            }
            Self::Currencies | Self::Futures => {
                let pause = self == Self::Futures && (1020..1080).contains(&minute);
                let opening = if self == Self::Futures { 1080 } else { 1020 };
                let week = match day {
                    6 => minute >= opening,
                    4 => minute < 1020,
                    5 => false,
                    _ => true,
                };
                let closed = pause || newyear && minute < 1020 || matches!(md, (12, 24 | 31)) && minute >= 840;
                week && !closed
            }
        }
    }

    /// Whether a daily bar is there on `date`.
    fn has_day(self, date: NaiveDate) -> bool {
        let day = date.weekday().num_days_from_monday();
        match self {
            Self::Crypto => true,
            Self::Currencies | Self::Futures => day < 5 && self.is_open(date, 600),
            _ => self.is_open(date, 600),
        }
    }
}

/// Open times in UTC milliseconds of the bars `step` ms long of `days` days from 2021-01-04, a Monday.
pub(crate) fn times(market: Market, step: i64, days: i64) -> Vec<i64> {
    let start = NaiveDate::from_ymd_opt(2021, 1, 4).unwrap();
    let from = i64::from(start.to_epoch_days()) * DAY;
    if step >= DAY {
        let date = |t: i64| DateTime::from_timestamp_millis(t).unwrap().date_naive();
        let times = (0..days * DAY / step).map(|i| from + i * step);
        return times.filter(|&t| step > DAY || market.has_day(date(t))).collect();
    }
    // Where no bar of the hour begins at an opening, the grid starts at the half hour.
    let half = matches!(market, Market::Stocks | Market::Shanghai) && step > 30 * MINUTE;
    let phase = if half { 30 * MINUTE } else { 0 };
    let zone = market.zone();
    (0..days * DAY / step)
        .map(|i| from + i * step + phase)
        .filter(|&t| {
            let local = zone.from_utc_datetime(&DateTime::<Utc>::from_timestamp_millis(t).unwrap().naive_utc());
            market.is_open(local.date_naive(), local.hour() * 60 + local.minute())
        })
        .collect()
}
