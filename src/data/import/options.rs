use std::str::FromStr;

use super::role::Role;
use super::zone::Zone;
use crate::market::Timeframe;

/// How a file of bars is to be read. The default guesses everything and changes nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadOptions {
    /// Ticker to store; in a file of several symbols the one to take. Otherwise the one written in the file, otherwise
    /// the leading part of the file name.
    pub symbol: Option<String>,
    /// Bar length; otherwise the one written in the file, otherwise the commonest step.
    pub timeframe: Option<Timeframe>,
    /// Put right what has one right answer, counting it, instead of refusing it: sort rows, drop exact duplicates and
    /// rows without any price, widen a high or low that does not enclose open and close, swap base and quote volume back.
    pub repair: bool,
    /// Leave out rows that no bar can be made of, counting them.
    pub drop_bad_rows: bool,
    /// Keep bars that open at or after this time, UTC milliseconds.
    pub start: Option<i64>,
    /// Keep bars that open before this time, UTC milliseconds.
    pub end: Option<i64>,
    /// Columns named by hand.
    pub mapping: Vec<Mapping>,
    /// Clock of times that name none; UTC otherwise.
    pub timezone: Option<Zone>,
    /// Factor of every price.
    pub price_scale: Option<PriceScale>,
    /// Keep prices as traded although the file has adjusted closes.
    pub keep_unadjusted: bool,
    /// What comes first in dates such as `03/04/2024`.
    pub date_order: Option<DateOrder>,
    /// What separates the decimals in numbers such as `1,234`.
    pub decimal: Option<Decimal>,
}

/// Which part of a date comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "an order is named by what comes first")]
pub enum DateOrder {
    /// `2024-01-31`.
    YearFirst,
    /// `31/01/2024`.
    DayFirst,
    /// `01/31/2024`.
    MonthFirst,
}

/// What separates decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decimal {
    /// `1234.5`.
    Point,
    /// `1234,5`.
    Comma,
}

/// One column named by hand, as in `close=Last`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// What the column is.
    pub role: Role,
    /// Its name, `#3` for the third column, or `none`.
    pub column: String,
}

/// A choice that cannot be read, in words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ChoiceError(pub(super) String);

impl Mapping {
    /// All of `close=Last,timestamp=Date`; a time in two columns is `timestamp=Date+Time`.
    pub fn parse_all(text: &str) -> Result<Vec<Self>, ChoiceError> {
        let mut all: Vec<Self> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (role, column) = part.split_once('=').ok_or_else(|| {
                ChoiceError(format!("{part:?} is not of the form ROLE=COLUMN, for example close=Last"))
            })?;
            let role: Role = role.parse()?;
            let column = column.trim();
            if column.is_empty() {
                return Err(ChoiceError(format!(
                    "{part:?} names no column: write its name, #3 for the third, or none"
                )));
            }
            if all.iter().any(|known| known.role == role) {
                return Err(ChoiceError(format!("{} is mapped twice", role.name())));
            }
            match column.split_once('+').filter(|_| role == Role::Time) {
                Some((date, clock)) => {
                    all.push(Self { role, column: date.trim().to_owned() });
                    all.push(Self { role: Role::Clock, column: clock.trim().to_owned() });
                }
                None => all.push(Self { role, column: column.to_owned() }),
            }
        }
        Ok(all)
    }
}

/// Factor of every price, for files in points or cents.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PriceScale(f64);

impl PriceScale {
    /// From a factor; `None` unless positive and finite.
    pub fn new(factor: f64) -> Option<Self> {
        (factor.is_finite() && factor > 0.0).then_some(Self(factor))
    }

    /// The factor.
    pub const fn factor(self) -> f64 {
        self.0
    }

    /// `price` times the factor; a factor that is one over a whole number divides by that.
    ///
    /// Rounded to twelve digits, more than any price has: who made points of 1.30584 by multiplication left
    /// 130583.99999999999 in the file.
    pub(super) fn apply(self, price: f64) -> f64 {
        let divisor = (1.0 / self.0).round();
        let whole = self.0 < 1.0 && (divisor * self.0 - 1.0).abs() < 1e-12;
        let exact = if whole { price / divisor } else { price * self.0 };
        format!("{exact:.11e}").parse().unwrap_or(exact)
    }
}

impl FromStr for PriceScale {
    type Err = ChoiceError;

    /// `0.00001`, `1e-5` or `1/100000`.
    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        let number = |text: &str| text.trim().parse::<f64>().ok();
        let factor = match text.split_once('/') {
            Some((top, bottom)) => number(top).zip(number(bottom)).map(|(top, bottom)| top / bottom),
            None => number(text),
        };
        factor.and_then(Self::new).ok_or_else(|| {
            ChoiceError(format!("price scale {text:?} is not a positive factor, for example 0.00001 or 1/100000"))
        })
    }
}

impl FromStr for Decimal {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        match text {
            "point" | "." => Ok(Self::Point),
            "comma" | "," => Ok(Self::Comma),
            _ => Err(ChoiceError(format!("decimal sign {text:?} is neither point nor comma"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Extra;

    #[test]
    fn mappings_are_read_or_refused_in_words() {
        let map = |role, column: &str| Mapping { role, column: column.to_owned() };
        assert_eq!(
            Mapping::parse_all("close=Last, timestamp=Date+Time,volume=none,trades=#7").unwrap(),
            [
                map(Role::Close, "Last"),
                map(Role::Time, "Date"),
                map(Role::Clock, "Time"),
                map(Role::Volume, "none"),
                map(Role::Extra(Extra::Trades), "#7"),
            ]
        );
        for (text, part) in [
            ("close", "ROLE=COLUMN"),
            ("close=", "names no column"),
            ("closing=Last", "closing"),
            ("close=a,close=b", "twice"),
        ] {
            let sentence = Mapping::parse_all(text).unwrap_err().to_string();
            assert!(sentence.contains(part), "{sentence}");
        }
    }

    #[test]
    fn scales_leave_decimals() {
        for text in ["0.00001", "1e-5", "1/100000"] {
            assert_eq!(text.parse::<PriceScale>().unwrap().apply(130_584.0), 1.30584);
            assert_eq!(text.parse::<PriceScale>().unwrap().apply(130_583.999_999_999_99), 1.30584);
        }
        assert_eq!("100".parse::<PriceScale>().unwrap().apply(1.5), 150.0);
        for text in ["0", "-1", "x", "1/0", "inf", ""] {
            assert!(text.parse::<PriceScale>().is_err(), "{text}");
        }
    }
}
