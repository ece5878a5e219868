//! What looks wrong about a series although every bar is possible: another clock than UTC, another unit of price.

use std::collections::BTreeMap;

use super::super::finding::{Finding, Severity};
use super::values::median;
use crate::market::Series;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Where trading days have these hours: first bar, last bar, and the pause within, in minutes after midnight.
struct Session {
    zone: &'static str,
    place: &'static str,
    open: i64,
    close: i64,
    pause: Option<(i64, i64)>,
}

const SESSIONS: [Session; 6] = [
    Session { zone: "Asia/Shanghai", place: "Shanghai and Shenzhen", open: 570, close: 900, pause: Some((690, 780)) },
    Session { zone: "Asia/Hong_Kong", place: "Hong Kong", open: 570, close: 960, pause: Some((720, 780)) },
    Session { zone: "Asia/Tokyo", place: "Tokyo", open: 540, close: 930, pause: Some((690, 750)) },
    Session { zone: "America/New_York", place: "New York", open: 570, close: 960, pause: None },
    Session { zone: "Asia/Kolkata", place: "India", open: 555, close: 930, pause: None },
    Session { zone: "Europe/Berlin", place: "Frankfurt", open: 540, close: 1050, pause: None },
];

const CURRENCIES: [&str; 20] = [
    "EUR", "USD", "GBP", "JPY", "CHF", "AUD", "NZD", "CAD", "SEK", "NOK", "DKK", "PLN", "HUF", "CZK", "TRY", "ZAR",
    "MXN", "SGD", "HKD", "CNH",
];

/// Times without a zone that look like another clock than UTC.
pub(super) fn zone(series: &Series) -> Option<Finding> {
    let step = series.timeframe.millis();
    let times = series.timestamps();
    let (first, last) = (*times.first()?, *times.last()?);
    if step >= DAY || last - first < 2 * DAY {
        return None;
    }
    let warning = |sentence: String| Some(Finding::new("timezone", Severity::Warning, times.len(), sentence));
    if broker_week(&times, step) {
        return warning(
            "weeks run from Monday 00:00 to Friday night, but currencies trade from Sunday 21:00 or 22:00 UTC: the times look \
             like a broker's clock; if so, say which, mostly --timezone EET"
                .to_owned(),
        );
    }
    if american_week(&times) {
        return warning(
            "weeks begin on Sunday between 16:00 and 18:00, when it is 21:00 UTC or later: the times look like New York's clock; \
             if so, add --timezone America/New_York, or --timezone -05:00 for HistData, which keeps winter time"
                .to_owned(),
        );
    }
    let session = session(&times, step)?;
    let hours = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    warning(format!(
        "days run from {} to {}, the local hours of {}, but were taken for UTC: if so, add --timezone {}",
        hours(session.open),
        hours(session.close),
        session.place,
        session.zone
    ))
}

/// 0 = Monday … 6 = Sunday.
fn weekday(time: i64) -> i64 {
    (time.div_euclid(DAY) + 3).rem_euclid(7)
}

/// Round the clock from Monday midnight to Friday's last bar, and never on Sunday.
fn broker_week(times: &[i64], step: i64) -> bool {
    let weekend = times.iter().filter(|&&time| weekday(time) >= 5).count();
    if weekend * 1000 > times.len() || times[times.len() - 1] - times[0] < 14 * DAY {
        return false;
    }
    // 1970-01-05 was a Monday.
    let week = |time: i64| (time - 4 * DAY).div_euclid(7 * DAY);
    let mut weeks = BTreeMap::<i64, (i64, i64)>::new();
    for &time in times {
        let within = (time - 4 * DAY).rem_euclid(7 * DAY);
        weeks.entry(week(time)).and_modify(|(_, last)| *last = within).or_insert((within, within));
    }
    let hours: std::collections::BTreeSet<i64> =
        times.iter().map(|time| time.rem_euclid(DAY) / HOUR.max(step)).collect();
    let whole_days = hours.len() as i64 * HOUR.max(step) >= 23 * HOUR;
    let whole = weeks.values().filter(|(first, last)| *first < 2 * HOUR && last + step > 4 * DAY + 22 * HOUR).count();
    whole_days && whole * 10 >= weeks.len() * 7
}

/// Weeks that begin on Sunday when New York's evening does, after two days without a bar.
fn american_week(times: &[i64]) -> bool {
    let starts: Vec<i64> = times.windows(2).filter(|pair| pair[1] - pair[0] > 40 * HOUR).map(|pair| pair[1]).collect();
    let evening = |time: &&i64| weekday(**time) == 6 && (16 * HOUR..=18 * HOUR).contains(&time.rem_euclid(DAY));
    starts.len() >= 2 && starts.iter().filter(evening).count() * 10 >= starts.len() * 7
}

/// The place whose hours most days keep.
fn session(times: &[i64], step: i64) -> Option<&'static Session> {
    let mut days = BTreeMap::<i64, (i64, i64)>::new();
    for &time in times {
        let minute = time.rem_euclid(DAY) / MINUTE;
        days.entry(time.div_euclid(DAY)).and_modify(|(_, last)| *last = minute).or_insert((minute, minute));
    }
    let step = step / MINUTE;
    // Bars are stamped with their open, some files with their close.
    let near = |minute: i64, wanted: i64| (minute - wanted).abs() <= step.max(1);
    let most =
        |keeps: &dyn Fn(&(i64, i64)) -> bool| days.values().filter(|day| keeps(day)).count() * 10 >= days.len() * 8;
    SESSIONS.iter().find(|session| {
        let hours = most(&|(first, last)| near(*first, session.open) && near(*last, session.close));
        let paused = session.pause.is_none_or(|(from, to)| {
            !times.iter().any(|time| (from + 1..to).contains(&(time.rem_euclid(DAY) / MINUTE)))
        });
        step <= 60 && hours && paused
    })
}

/// Prices that look like whole numbers of points.
pub(super) fn scale(series: &Series) -> Option<Finding> {
    let level = median(series.closes())?;
    let whole =
        series.bars().iter().all(|bar| [bar.open, bar.high, bar.low, bar.close].iter().all(|p| (p - p.round()).abs() < 1e-6));
    let warning = |sentence: String| Some(Finding::new("price_scale", Severity::Warning, series.len(), sentence));
    if let Some((base, quote)) = currencies(&series.symbol) {
        let range = if matches!(quote, "JPY" | "HUF") { 40.0..400.0 } else { 0.4..4.0 };
        let factor = (1..=9).map(|k| 10_f64.powi(k)).find(|factor| range.contains(&(level / factor)));
        return match factor.filter(|_| whole && level >= 1000.0) {
            Some(factor) => warning(format!(
                "{base}/{quote} near {level} is a price in points: add --price-scale {} for prices near {:.4}",
                1.0 / factor,
                level / factor
            )),
            None => None,
        };
    }
    (whole && level >= 1e8).then(|| {
        let sentence = format!(
            "every price is a whole number near {level}: if they are counts of points, name their size with --price-scale"
        );
        Finding::new("price_scale", Severity::Warning, series.len(), sentence)
    })
}

/// The two currencies that a ticker is made of.
fn currencies(symbol: &str) -> Option<(&'static str, &'static str)> {
    let letters: String = symbol.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_uppercase();
    let find = |text: &str| CURRENCIES.iter().find(|currency| **currency == text).copied();
    if letters.len() != 6 {
        return None;
    }
    Some((find(&letters[..3])?, find(&letters[3..])?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{Bar, Timeframe};

    const MONDAY: i64 = 1_704_067_200_000;

    fn series(symbol: &str, times: impl Iterator<Item = i64>, step: i64, price: f64) -> Series {
        let bar = |timestamp| Bar { timestamp, open: price, high: price, low: price, close: price, volume: 1.0 };
        Series::new(symbol, Timeframe::from_millis(step).unwrap(), times.map(bar).collect()).unwrap()
    }

    fn hours(open: impl Fn(i64, i64) -> bool) -> Series {
        let times = (0..24 * 60).map(|h| MONDAY + h * HOUR).filter(|t| open(weekday(*t), t.rem_euclid(DAY) / HOUR));
        series("EURUSD", times, HOUR, 1.1)
    }

    #[test]
    fn clocks_that_are_not_utc_are_noticed() {
        let american = hours(|day, hour| day < 4 || day == 4 && hour < 17 || day == 6 && hour >= 17);
        assert!(zone(&american).unwrap().sentence.contains("America/New_York"));
        let broker = hours(|day, _| day < 5);
        assert!(zone(&broker).unwrap().sentence.contains("EET"));
        let utc = hours(|day, hour| day < 4 || day == 4 && hour < 22 || day == 6 && hour >= 22);
        assert_eq!(zone(&utc), None);
        assert_eq!(zone(&hours(|_, _| true)), None);
        let minutes = |open: i64, close: i64, pause: std::ops::Range<i64>| {
            let times = (0..24 * 60 * 5).map(|m| MONDAY + m * MINUTE).filter(move |t| {
                let minute = t.rem_euclid(DAY) / MINUTE;
                (open..close).contains(&minute) && !pause.contains(&minute)
            });
            zone(&series("X", times, MINUTE, 5.0)).map(|finding| finding.sentence)
        };
        assert!(minutes(570, 961, 0..0).unwrap().contains("America/New_York"));
        assert!(minutes(570, 901, 691..780).unwrap().contains("Asia/Shanghai"));
        assert!(minutes(810, 1200, 0..0).is_none());
    }

    #[test]
    fn prices_in_points_are_noticed() {
        let finding = |symbol: &str, price: f64| {
            scale(&series(symbol, (0..5).map(|d| MONDAY + d * DAY), DAY, price)).map(|finding| finding.sentence)
        };
        assert!(finding("EURUSD", 130_584.0).unwrap().contains("--price-scale 0.00001"));
        assert!(finding("USDJPY", 109_123.0).unwrap().contains("--price-scale 0.001"));
        assert_eq!(finding("EURUSD", 1.3), None);
        assert_eq!(finding("USDJPY", 109.0), None);
        assert_eq!(finding("BTCUSDT", 60_000.0), None);
        assert!(finding("X", 411_100_000_000.0).is_some());
    }
}
