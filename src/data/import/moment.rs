//! One moment in text: a date in some order, a clock, a zone.

use super::super::time_text::{day_start, epoch_time, plausible};
use super::{DateOrder, Zone};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// Two-digit years from here on are of the twentieth century.
const PIVOT: i64 = 70;
const MONTHS: [&[u8; 3]; 12] =
    [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
const WEEKDAYS: [&[u8; 3]; 7] = [b"mon", b"tue", b"wed", b"thu", b"fri", b"sat", b"sun"];

/// A time as it stands in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Milliseconds since 1970 by the clock that wrote it.
    pub(super) wall: i64,
    /// Minutes which that clock is ahead of UTC; `None` if the text does not say.
    pub(super) offset: Option<i16>,
}

impl Moment {
    /// UTC, taking a clock without zone for UTC.
    pub(super) fn utc(self) -> i64 {
        self.wall - i64::from(self.offset.unwrap_or(0)) * MINUTE
    }
}

/// `2024-01-31`, `31.01.2024 12:00`, `1/31/24 9:30 PM`, `Jan 31, 2024`, `2019-10-17 09-AM`, `2024-01-31T12:00:00.5+01:00`
/// and the like; a first number of four digits is a year, otherwise `order` says what comes first.
pub(super) fn written(text: &[u8], order: DateOrder) -> Option<Moment> {
    let mut cursor = Cursor { rest: text.trim_ascii() };
    let day = cursor.date(order)?;
    finish(day, cursor)
}

/// `20240131`, `20240131 170000`, `202401311700`.
pub(super) fn compact(text: &[u8]) -> Option<Moment> {
    let mut cursor = Cursor { rest: text.trim_ascii() };
    let digits = cursor.rest.get(..8).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let value = digits.iter().fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    cursor.rest = &cursor.rest[8..];
    finish(day_start(value / 10_000, value / 100 % 100, value % 100)?, cursor)
}

/// A number since 1970, whose unit its size tells; it counts in UTC.
pub(super) fn epoch(text: &[u8]) -> Option<Moment> {
    let text = text.trim_ascii();
    if let Some(value) = whole(text) {
        return Some(Moment { wall: epoch_time(value)?, offset: Some(0) });
    }
    Some(Moment { wall: epoch_float(fast_float2::parse(text).ok()?)?, offset: Some(0) })
}

/// Days since 1899-12-30 with the time of day as their fraction, as spreadsheets count them; years 1954 to 2119.
pub(super) fn serial(text: &[u8]) -> Option<Moment> {
    let days: f64 = fast_float2::parse(text.trim_ascii()).ok()?;
    // A fraction of a day has no exact second: 0.041666 is 01:00:00.
    let seconds = ((days - 25_569.0) * 86_400.0).round();
    (20_000.0..80_000.0).contains(&days).then(|| Moment { wall: seconds as i64 * 1000, offset: None })
}

/// The same of a number with a fraction, which is kept to the millisecond.
pub(super) fn epoch_float(value: f64) -> Option<i64> {
    if !value.is_finite() || value.abs() >= 9e18 {
        return None;
    }
    if value.fract() == 0.0 {
        return epoch_time(value as i64);
    }
    let size = value.abs();
    plausible(if size < 1e11 {
        (value * 1000.0).round() as i64
    } else if size < 1e14 {
        value.round() as i64
    } else {
        return epoch_time(value as i64);
    })
}

/// `17:00`, `170000`, `9:30 PM` alone, as milliseconds after midnight.
pub(super) fn clock_only(text: &[u8]) -> Option<i64> {
    let mut cursor = Cursor { rest: text.trim_ascii() };
    let time = cursor.clock()?;
    cursor.rest.trim_ascii().is_empty().then_some(time)
}

fn whole(text: &[u8]) -> Option<i64> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().try_fold(0_i64, |sum, d| sum.checked_mul(10)?.checked_add(i64::from(d - b'0')))?;
    Some(if digits.len() < text.len() { -value } else { value })
}

fn finish(day: i64, mut cursor: Cursor<'_>) -> Option<Moment> {
    let mut time = 0;
    let mut offset = None;
    if !cursor.rest.is_empty() {
        match cursor.rest[0] {
            b'T' | b't' | b'_' | b',' | b';' => cursor.rest = &cursor.rest[1..],
            b' ' | b'-' | b':' | b'0'..=b'9' => {}
            _ => return None,
        }
        if matches!(cursor.rest.first(), Some(b'-' | b':')) {
            cursor.rest = &cursor.rest[1..];
        }
        cursor.blanks();
        time = cursor.clock()?;
        cursor.blanks();
        offset = cursor.zone(day + time)?;
    }
    let moment = Moment { wall: day + time, offset };
    plausible(moment.utc()).map(|_| moment)
}

struct Cursor<'a> {
    rest: &'a [u8],
}

/// A number with its count of digits, or the name of a month.
#[derive(Clone, Copy)]
enum Part {
    Number(i64, usize),
    Month(i64),
}

impl Cursor<'_> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    /// Up to nine digits.
    fn number(&mut self) -> Option<(i64, usize)> {
        let count = self.rest.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
        if count == 0 || count > 9 {
            return None;
        }
        let value = self.rest[..count].iter().fold(0, |sum, d| sum * 10 + i64::from(d - b'0'));
        self.rest = &self.rest[count..];
        Some((value, count))
    }

    fn word(&mut self) -> &[u8] {
        let count = self.rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at(count);
        self.rest = rest;
        word
    }

    fn part(&mut self) -> Option<Part> {
        if self.rest.first()?.is_ascii_digit() {
            return self.number().map(|(value, digits)| Part::Number(value, digits));
        }
        let word = self.word();
        named(word, &MONTHS).map(|month| Part::Month(month + 1))
    }

    fn separator(&mut self) -> Option<()> {
        let count = self.rest.iter().take_while(|b| matches!(b, b'-' | b'/' | b'.' | b' ' | b',')).count();
        self.rest = &self.rest[count..];
        (1..=2).contains(&count).then_some(())
    }

    /// Midnight of the date.
    fn date(&mut self, order: DateOrder) -> Option<i64> {
        if self.rest.first()?.is_ascii_alphabetic() {
            let before = self.rest;
            let word = self.word();
            if named(word, &WEEKDAYS).is_some() {
                self.separator()?;
            } else {
                self.rest = before;
            }
        }
        let first = self.part()?;
        self.separator()?;
        let second = self.part()?;
        self.separator()?;
        let third = self.part()?;
        let (year, month, day) = match (first, second, third) {
            (Part::Number(year, 4), Part::Number(month, 1..=2) | Part::Month(month), Part::Number(day, 1..=2)) => {
                (year, month, day)
            }
            (Part::Number(day, 1..=2), Part::Month(month), Part::Number(year, digits))
            | (Part::Month(month), Part::Number(day, 1..=2), Part::Number(year, digits)) => {
                (century(year, digits)?, month, day)
            }
            (Part::Number(a, 1..=2), Part::Number(b, 1..=2), Part::Number(year, digits)) => {
                let (day, month) = if order == DateOrder::DayFirst { (a, b) } else { (b, a) };
                (century(year, digits)?, month, day)
            }
            _ => return None,
        };
        day_start(year, month, day)
    }

    /// Milliseconds after midnight.
    fn clock(&mut self) -> Option<i64> {
        let (value, digits) = self.number()?;
        let (hour, minute, second) = match digits {
            6 => (value / 10_000, value / 100 % 100, value % 100),
            3 | 4 => (value / 100, value % 100, 0),
            1 | 2 if self.take(b':') => {
                let (minute, 2) = self.number()? else { return None };
                let second = if self.take(b':') { self.number().filter(|(_, digits)| *digits == 2)?.0 } else { 0 };
                (value, minute, second)
            }
            1 | 2 => {
                // An hour alone needs its half of the day: `09-AM`, `9 PM`.
                let half = self.half()?;
                return half_hour(value, half).map(|hour| hour * HOUR);
            }
            _ => return None,
        };
        let mut millis = 0;
        if matches!(self.rest, [b'.' | b',', b'0'..=b'9', ..]) {
            self.rest = &self.rest[1..];
            let count = self.rest.iter().take_while(|b| b.is_ascii_digit()).count();
            for place in 0..3 {
                millis = millis * 10 + self.rest[..count].get(place).map_or(0, |d| i64::from(d - b'0'));
            }
            self.rest = &self.rest[count..];
        }
        let before = self.rest;
        let hour = if let Some(half) = self.half() {
            half_hour(hour, half)?
        } else {
            self.rest = before;
            hour
        };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        Some(hour * HOUR + minute * MINUTE + second * 1000 + millis)
    }

    /// `AM` or `PM`, true for the latter.
    fn half(&mut self) -> Option<bool> {
        self.blanks();
        self.take(b'-');
        match self.word().to_ascii_lowercase().as_slice() {
            b"am" | b"a" => Some(false),
            b"pm" | b"p" => Some(true),
            _ => None,
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        match self.rest.split_first() {
            Some((&first, rest)) if first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// What stands behind the clock `wall`: nothing, or minutes ahead of UTC.
    #[expect(clippy::option_option, reason = "garbled, no zone named, or a zone")]
    fn zone(&mut self, wall: i64) -> Option<Option<i16>> {
        let Some(&first) = self.rest.first() else { return Some(None) };
        if first.is_ascii_alphabetic() {
            if let Some(ahead) = abbreviated(self.rest) {
                return Some(Some(ahead));
            }
            if self.rest.contains(&b'/') {
                return Zone::ahead_of_place(std::str::from_utf8(self.rest).ok()?, wall).map(Some);
            }
            let word = self.word().to_ascii_uppercase();
            let known = matches!(word.as_slice(), b"Z" | b"UTC" | b"GMT");
            self.blanks();
            if known && matches!(self.rest.first(), Some(b'+' | b'-')) && word != b"Z" {
                return self.zone(wall); // UTC+02:00
            }
            return (known && self.rest.is_empty()).then_some(Some(0));
        }
        let behind = match first {
            b'+' => false,
            b'-' => true,
            _ => return None,
        };
        self.rest = &self.rest[1..];
        let (value, digits) = self.number()?;
        let (hours, minutes) = match digits {
            4 => (value / 100, value % 100),
            1 | 2 if self.take(b':') => (value, self.number()?.0),
            1 | 2 => (value, 0),
            _ => return None,
        };
        if !self.rest.is_empty() || hours > 23 || minutes > 59 {
            return None;
        }
        let ahead = (hours * 60 + minutes) as i16;
        Some(Some(if behind { -ahead } else { ahead }))
    }
}

/// Minutes ahead of UTC by an abbreviation of one meaning; `CST`, `IST` and `BST` have several.
fn abbreviated(text: &[u8]) -> Option<i16> {
    let hours = match text {
        b"PST" => -8,
        b"PDT" | b"MST" => -7,
        b"MDT" => -6,
        b"CDT" | b"EST" => -5,
        b"EDT" => -4,
        b"WET" => 0,
        b"WEST" | b"CET" => 1,
        b"CEST" | b"EET" => 2,
        b"EEST" | b"MSK" => 3,
        b"HKT" | b"SGT" => 8,
        b"JST" | b"KST" => 9,
        _ => return None,
    };
    Some(hours * 60)
}

fn half_hour(hour: i64, afternoon: bool) -> Option<i64> {
    (1..=12).contains(&hour).then(|| hour % 12 + if afternoon { 12 } else { 0 })
}

fn century(year: i64, digits: usize) -> Option<i64> {
    match digits {
        4 => Some(year),
        2 if year < PIVOT => Some(2000 + year),
        2 => Some(1900 + year),
        _ => None,
    }
}

/// Position of the name that `word` begins with.
fn named(word: &[u8], names: &[&[u8; 3]]) -> Option<i64> {
    let start = word.get(..3)?.to_ascii_lowercase();
    names.iter().position(|name| name.as_slice() == start).map(|at| at as i64)
}

#[cfg(test)]
mod tests;
