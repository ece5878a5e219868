use std::fmt;
use std::str::FromStr;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const WEEK: i64 = 7 * DAY;

/// The nominal length of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeframe(i64);

/// A timeframe text that is not `<number><s|m|h|d|w>`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("timeframe {0:?} is not a number followed by s, m, h, d or w (for example 15m, 4h, 1d)")]
pub struct TimeframeError(String);

impl Timeframe {
    /// From milliseconds; `None` unless positive.
    pub const fn from_millis(ms: i64) -> Option<Self> {
        if ms > 0 { Some(Self(ms)) } else { None }
    }

    /// So many days, at least one.
    pub(super) const fn days(days: i64) -> Self {
        Self(if days > 0 { days * DAY } else { DAY })
    }

    /// Length in milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The most frequent step between bars, the smaller on a tie; `None` for fewer than two bars.
    pub fn infer(timestamps: &[i64]) -> Option<Self> {
        let mut counts = std::collections::BTreeMap::<i64, usize>::new();
        for pair in timestamps.windows(2) {
            *counts.entry(pair[1] - pair[0]).or_default() += 1;
        }
        let (step, _) = counts.into_iter().max_by_key(|&(step, n)| (n, -step))?;
        Self::from_millis(step)
    }
}

impl fmt::Display for Timeframe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, letter) in [(WEEK, 'w'), (DAY, 'd'), (HOUR, 'h'), (MINUTE, 'm'), (1000, 's')] {
            if self.0 % unit == 0 {
                return write!(f, "{}{letter}", self.0 / unit);
            }
        }
        write!(f, "{}ms", self.0)
    }
}

impl FromStr for Timeframe {
    type Err = TimeframeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fail = || TimeframeError(text.to_owned());
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(fail)?;
        let count: i64 = text[..digits].parse().map_err(|_ignored| fail())?;
        let unit = match &text[digits..] {
            "s" => 1000,
            "m" => MINUTE,
            "h" => HOUR,
            "d" => DAY,
            "w" => WEEK,
            "ms" => 1,
            _ => return Err(fail()),
        };
        count.checked_mul(unit).and_then(Self::from_millis).ok_or_else(fail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips() {
        for text in ["1s", "15m", "1h", "4h", "1d", "1w", "1500ms"] {
            assert_eq!(text.parse::<Timeframe>().unwrap().to_string(), text);
        }
        for text in ["", "h", "4", "0h", "4x", "-1h", "99999999999999999w"] {
            assert!(text.parse::<Timeframe>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_commonest_step_wins() {
        let h = HOUR;
        assert_eq!(Timeframe::infer(&[0, h, 2 * h, 5 * h]).unwrap().to_string(), "1h");
        assert_eq!(Timeframe::infer(&[0]), None);
    }
}
