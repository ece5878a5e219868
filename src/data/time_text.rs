use chrono::{DateTime, NaiveDate, SecondsFormat};

const DAY: i64 = 86_400_000;
const MINUTE: i64 = 60_000;
/// Years 1800 to 2300: a time outside is a misread number rather than a bar.
const PLAUSIBLE: std::ops::Range<i64> = -5_364_662_400_000..10_413_792_000_000;

/// UTC milliseconds from text: ISO 8601 (`2024-01-31`, `2024-01-31 12:00`, `2024-01-31T12:00:00.5+01:00`; without a zone
/// it is UTC), `20240131`, or a number since 1970 in seconds, milli-, micro- or nanoseconds, told by its size.
///
/// `None` if it is no such time or outside the years 1800 to 2300.
pub fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(number) = text.parse::<i64>() {
        return epoch_time(number);
    }
    let date = text.get(..10)?;
    let mut parts = date.split(['-', '/']);
    let (year, month, day) = (number(parts.next()?)?, number(parts.next()?)?, number(parts.next()?)?);
    let midnight = day_start(year, month, day)?;
    let rest = text.get(10..)?;
    let clock = match rest.chars().next() {
        None => 0,
        Some('T' | 't' | ' ') => clock_time(rest.get(1..)?.trim_start())?,
        Some(_) => return None,
    };
    plausible(midnight + clock)
}

/// ISO 8601 in UTC, to the second, or to the millisecond where there are any: `2024-01-31T12:00:00Z`.
pub fn time_text(timestamp: i64) -> String {
    DateTime::from_timestamp_millis(timestamp)
        .map_or_else(|| format!("{timestamp} ms"), |time| time.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

/// UTC milliseconds from a bare number, whose unit its size tells (see [`parse_time`]).
pub(super) fn epoch_time(value: i64) -> Option<i64> {
    if let 19_000_101..=21_001_231 = value {
        return day_start(value / 10_000, value / 100 % 100, value % 100);
    }
    let size = value.unsigned_abs();
    plausible(if size < 100_000_000_000 {
        value * 1000
    } else if size < 100_000_000_000_000 {
        value
    } else if size < 100_000_000_000_000_000 {
        value.div_euclid(1000)
    } else {
        value.div_euclid(1_000_000)
    })
}

pub(super) fn plausible(timestamp: i64) -> Option<i64> {
    PLAUSIBLE.contains(&timestamp).then_some(timestamp)
}

pub(super) fn day_start(year: i64, month: i64, day: i64) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(year as i32, month as u32, day as u32)?;
    Some(i64::from(date.to_epoch_days()) * DAY)
}

/// Milliseconds since midnight UTC of `12:00`, `12:00:00.250` and the like, with an optional zone behind.
fn clock_time(text: &str) -> Option<i64> {
    let text = text.strip_suffix("UTC").unwrap_or(text).trim_end();
    let (clock, offset) = if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        (clock, 0)
    } else if let Some(at) = text.find(['+', '-']) {
        let minutes = offset_minutes(text.get(at + 1..)?)?;
        (text[..at].trim_end(), if text[at..].starts_with('-') { -minutes } else { minutes })
    } else {
        (text, 0)
    };
    let mut parts = clock.split(':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let (second, fraction) = match parts.next() {
        Some(seconds) => seconds.split_once('.').unwrap_or((seconds, "0")),
        None => ("0", "0"),
    };
    let second = number(second)?;
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    number(fraction)?;
    let thousandths = number(format!("{fraction:0<3}").get(..3)?)?;
    Some((hour * 60 + minute - offset) * MINUTE + second * 1000 + thousandths)
}

/// `01:30`, `0130` or `01`.
fn offset_minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = match text.split_once(':') {
        Some(parts) => parts,
        None => (text.get(..2)?, text.get(2..)?),
    };
    let minutes = if minutes.is_empty() { 0 } else { number(minutes)? };
    let hours = number(hours)?;
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

fn number(digits: &str) -> Option<i64> {
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// 2024-01-31 12:00 UTC, `date -u -d @1706702400`.
    pub(in crate::data) const NOON: i64 = 1_706_702_400_000;

    /// Spellings of [`NOON`] that every reader of times knows.
    pub(in crate::data) const SPELLINGS: [&str; 13] = [
        "2024-01-31T12:00:00Z",
        "2024-01-31T12:00:00",
        "2024-01-31 12:00",
        "2024/01/31 12:00:00",
        " 2024-01-31T12:00:00.000000000Z ",
        "2024-01-31 12:00:00 UTC",
        "2024-01-31T13:30:00+01:30",
        "2024-01-31 07:00:00-0500",
        "2024-01-31 13:00:00.0+01",
        "1706702400",
        "1706702400000",
        "1706702400000000",
        "1706702400000000000",
    ];

    /// What none takes for a time.
    pub(in crate::data) const NO_TIMES: [&str; 11] = [
        "",
        "close",
        "2024-02-30",
        "2024-01-31T25:00",
        "2024-01-31T12:60",
        "2024-01-31T12",
        "2024-01-31X12:00",
        "2024-01-31T12:00:00.5.5",
        "2024-01-31T12:00+",
        "1.5",
        "2024-01-3é",
    ];

    #[test]
    fn every_spelling_of_one_moment_reads_alike() {
        for text in SPELLINGS {
            assert_eq!(parse_time(text), Some(NOON), "{text}");
        }
        assert_eq!(parse_time("2024-01-31T12:00:00.25Z"), Some(NOON + 250));
        assert_eq!(parse_time("2024-01-31"), Some(NOON - DAY / 2));
        assert_eq!(parse_time("20240131"), Some(NOON - DAY / 2));
        assert_eq!(time_text(NOON), "2024-01-31T12:00:00Z");
        assert_eq!(time_text(NOON + 250), "2024-01-31T12:00:00.250Z");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in NO_TIMES {
            assert_eq!(parse_time(text), None, "{text}");
        }
        for text in ["31.01.2024 12:00", "2024-1-31", "99999999999999", "9223372036854775808"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
