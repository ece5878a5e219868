use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, LocalResult, Offset as _, TimeZone as _};
use chrono_tz::Tz;

use super::options::ChoiceError;

const MINUTE: i64 = 60_000;

/// The clock of times that name none: UTC, a fixed offset, or a place with its summer time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    #[default]
    Utc,
    /// Minutes ahead of UTC.
    Fixed(i16),
    /// A place of the IANA database.
    Named(Tz),
}

impl FromStr for Zone {
    type Err = ChoiceError;

    /// `UTC`, `+02:00`, `America/New_York`, `EET`.
    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let text = text.trim();
        if matches!(text.to_ascii_uppercase().as_str(), "UTC" | "Z" | "GMT") {
            return Ok(Self::Utc);
        }
        if let Some(minutes) = fixed(text) {
            return Ok(Self::Fixed(minutes));
        }
        let same = |zone: &&Tz| zone.name().eq_ignore_ascii_case(text);
        chrono_tz::TZ_VARIANTS.iter().find(same).map(|&zone| Self::Named(zone)).ok_or_else(|| {
            ChoiceError(format!(
                "time zone {text:?} is neither UTC, an offset such as +02:00, nor a place such as America/New_York"
            ))
        })
    }
}

/// `+02:00`, `-0530` or `+2`.
fn fixed(text: &str) -> Option<i16> {
    let (behind, digits) = match text.as_bytes().first()? {
        b'+' => (false, &text[1..]),
        b'-' => (true, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2)?,
        None => (digits, "0"),
    };
    let (hours, minutes): (u8, u8) = (hours.parse().ok()?, minutes.parse().ok()?);
    let ahead = i16::from(hours) * 60 + i16::from(minutes);
    (hours < 24 && minutes < 60).then_some(if behind { -ahead } else { ahead })
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utc => f.write_str("UTC"),
            Self::Fixed(minutes) => {
                let (sign, size) = if *minutes < 0 { ('-', -minutes) } else { ('+', *minutes) };
                write!(f, "{sign}{:02}:{:02}", size / 60, size % 60)
            }
            Self::Named(zone) => f.write_str(zone.name()),
        }
    }
}

impl Zone {
    /// Turns times of this clock into UTC and counts those that the clock skipped in spring.
    ///
    /// An hour that comes twice in autumn is its first turn until the clock, read in the direction of the times, goes
    /// back; a skipped time is read by the offset before it.
    pub(super) fn to_utc(self, times: &mut [i64]) -> usize {
        match self {
            Self::Utc => 0,
            Self::Fixed(minutes) => {
                for time in times {
                    *time -= i64::from(minutes) * MINUTE;
                }
                0
            }
            Self::Named(zone) => {
                let falling = times.windows(2).filter(|pair| pair[1] < pair[0]).count() * 2 > times.len();
                let mut walk = Walk { zone, wall: i64::MIN, utc: i64::MIN, skipped: 0 };
                for at in 0..times.len() {
                    let time = if falling { times.len() - 1 - at } else { at };
                    times[time] = walk.next(times[time]);
                }
                walk.skipped
            }
        }
    }

    /// Minutes which the clock of a place, showing `wall`, is ahead of UTC; of an hour that comes twice the first.
    pub(super) fn ahead_of_place(name: &str, wall: i64) -> Option<i16> {
        let zone: Tz = name.parse().ok()?;
        let naive = DateTime::from_timestamp_millis(wall)?.naive_utc();
        let offset = zone.offset_from_local_datetime(&naive).earliest()?;
        i16::try_from(offset.fix().local_minus_utc() / 60).ok()
    }

    /// Minutes ahead of UTC at a moment.
    pub(super) fn ahead(self, utc: i64) -> i64 {
        match self {
            Self::Utc => 0,
            Self::Fixed(minutes) => i64::from(minutes),
            Self::Named(zone) => DateTime::from_timestamp_millis(utc).map_or(0, |moment| {
                i64::from(zone.offset_from_utc_datetime(&moment.naive_utc()).fix().local_minus_utc() / 60)
            }),
        }
    }
}

/// Times of a clock in their order.
struct Walk {
    zone: Tz,
    wall: i64,
    utc: i64,
    skipped: usize,
}

impl Walk {
    fn next(&mut self, wall: i64) -> i64 {
        let Some(naive) = DateTime::from_timestamp_millis(wall).map(|time| time.naive_utc()) else { return wall };
        let utc = match self.zone.offset_from_local_datetime(&naive) {
            LocalResult::Single(offset) => wall - i64::from(offset.fix().local_minus_utc()) * 1000,
            LocalResult::Ambiguous(first, second) => {
                let early = wall - i64::from(first.fix().local_minus_utc()) * 1000;
                let late = wall - i64::from(second.fix().local_minus_utc()) * 1000;
                let (early, late) = (early.min(late), early.max(late));
                if wall <= self.wall || self.utc >= early { late } else { early }
            }
            LocalResult::None => {
                self.skipped += 1;
                // Clocks skip an hour at most, two in Antarctica.
                let before = Zone::Named(self.zone).ahead(wall - 26 * 60 * MINUTE);
                wall - before * MINUTE
            }
        };
        (self.wall, self.utc) = (wall, utc);
        utc
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 60 * MINUTE;

    #[test]
    fn zones_are_known_by_name_and_offset() {
        for (text, shown) in [
            ("utc", "UTC"),
            ("+02:00", "+02:00"),
            ("-0530", "-05:30"),
            ("+2", "+02:00"),
            ("america/new_york", "America/New_York"),
            ("EET", "EET"),
        ] {
            assert_eq!(text.parse::<Zone>().unwrap().to_string(), shown);
        }
        for text in ["", "Mars/Base", "+25:00", "+2:75", "2", "+é1"] {
            assert!(text.parse::<Zone>().is_err(), "{text}");
        }
    }

    #[test]
    fn summer_time_begins_and_ends() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        // 2023-10-29: 03:00 became 02:00 again at 01:00 UTC.
        let midnight = 1_698_537_600_000;
        let wall = |hours: &[i64]| hours.iter().map(|h| midnight + h * HOUR).collect::<Vec<_>>();
        let mut up = wall(&[0, 1, 2, 2, 3]);
        assert_eq!(berlin.to_utc(&mut up), 0);
        assert_eq!(up, wall(&[-2, -1, 0, 1, 2]));
        let mut down = wall(&[3, 2, 2, 1, 0]);
        berlin.to_utc(&mut down);
        assert_eq!(down, wall(&[2, 1, 0, -1, -2]));
        // 2023-03-26: 02:00 to 03:00 did not exist.
        let midnight = 1_679_788_800_000;
        let mut spring = vec![midnight + HOUR, midnight + 2 * HOUR, midnight + 3 * HOUR];
        assert_eq!(berlin.to_utc(&mut spring), 1);
        assert_eq!(spring, [midnight, midnight + HOUR, midnight + HOUR]);
    }
}
