//! How the times of a column are written.

use super::DateOrder;
use super::guess::Confidence;
use super::moment::{self, Moment};

/// The way to read a column of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A number since 1970.
    Epoch,
    /// Days since the end of 1899, as spreadsheets count.
    Serial,
    /// `20240131 170000`.
    Compact,
    /// A date in this order, with or without a clock.
    Written(DateOrder),
}

/// Numbers of which none is further from 1970, in milliseconds, are no times: counts and prices are smaller.
const LEAST_EPOCH: i64 = 100_000_000_000;

/// What the sample of a column showed.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) form: Form,
    /// Share of the values that read as times.
    pub(super) share: f64,
    pub(super) confidence: Confidence,
    /// For people.
    pub(super) reason: String,
    /// Some value names an offset from UTC.
    pub(super) zones: bool,
    /// Every value is a midnight without clock or with a clock of zero.
    pub(super) midnights: bool,
}

impl Form {
    /// A time in this form; where the column is of numbers or of written dates, the other is understood too, since no
    /// number is a written date.
    pub(super) fn read(self, text: &[u8]) -> Option<Moment> {
        self.strict(text).or_else(|| match self {
            Self::Epoch => moment::written(text, DateOrder::YearFirst),
            Self::Compact | Self::Serial => None,
            Self::Written(_) => moment::epoch(text).filter(|moment| moment.utc().abs() >= LEAST_EPOCH),
        })
    }

    fn strict(self, text: &[u8]) -> Option<Moment> {
        match self {
            Self::Epoch => moment::epoch(text),
            Self::Serial => moment::serial(text),
            Self::Compact => moment::compact(text),
            Self::Written(order) => moment::written(text, order),
        }
    }

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Epoch => "a number since 1970",
            Self::Serial => "days since the end of 1899",
            Self::Compact => "YYYYMMDD",
            Self::Written(DateOrder::YearFirst) => "year, month, day",
            Self::Written(DateOrder::DayFirst) => "day, month, year",
            Self::Written(DateOrder::MonthFirst) => "month, day, year",
        }
    }
}

/// The way that reads most of `texts`; `None` if none reads any.
pub(super) fn detect<'a>(texts: &(impl Iterator<Item = &'a str> + Clone), wish: Option<DateOrder>) -> Option<Found> {
    let all = texts.clone().filter(|text| !text.is_empty()).count();
    let read = |form: Form| {
        texts
            .clone()
            .filter_map(move |text| form.strict(text.as_bytes()).map(|moment| (text, moment)))
            .collect::<Vec<_>>()
    };
    let found = |form: Form, read: &[(&str, Moment)], confidence, reason: String| Found {
        form,
        share: read.len() as f64 / all as f64,
        confidence,
        reason,
        zones: read.iter().any(|(_, moment)| moment.offset.is_some_and(|offset| offset != 0)),
        midnights: read.iter().all(|(_, moment)| moment.wall.rem_euclid(86_400_000) == 0),
    };
    let (compact, mut epoch) = (read(Form::Compact), read(Form::Epoch));
    if epoch.iter().all(|(_, moment)| moment.utc().abs() < LEAST_EPOCH) {
        let serial = read(Form::Serial);
        if serial.len() == all && all > 0 {
            let reason = format!("{} counts days since the end of 1899, as spreadsheets do", serial[0].0);
            return Some(found(Form::Serial, &serial, Confidence::Likely, reason));
        }
        epoch.clear();
    }
    let (days, months) = (read(Form::Written(DateOrder::DayFirst)), read(Form::Written(DateOrder::MonthFirst)));
    let most = compact.len().max(epoch.len()).max(days.len()).max(months.len());
    if most == 0 {
        return None;
    }
    let sure = Confidence::Sure;
    if compact.len() == most {
        return Some(found(Form::Compact, &compact, sure, format!("{:?} is a date without separators", compact[0].0)));
    }
    if epoch.len() == most {
        let (text, moment) = epoch[0];
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let unit = match digits {
            0..=11 => "seconds",
            12..=14 => "milliseconds",
            15..=17 => "microseconds",
            _ => "nanoseconds",
        };
        let day = super::super::time_text(moment.utc());
        return Some(found(Form::Epoch, &epoch, sure, format!("{text} counts {unit} since 1970 ({day})")));
    }
    let order_free = days == months;
    if order_free {
        let reason = format!("{:?} names year, month and day", days[0].0);
        return Some(found(Form::Written(DateOrder::YearFirst), &days, sure, reason));
    }
    let (order, confidence, reason) = match wish {
        Some(order) if order != DateOrder::YearFirst => (order, sure, "as asked for".to_owned()),
        _ => order(&days, &months),
    };
    let read = if order == DateOrder::DayFirst { &days } else { &months };
    Some(found(Form::Written(order), read, confidence, reason))
}

/// Day or month first, from dates that the other order cannot read, otherwise from the span they make.
fn order(days: &[(&str, Moment)], months: &[(&str, Moment)]) -> (DateOrder, Confidence, String) {
    let only = |these: &[(&str, Moment)], those: &[(&str, Moment)]| {
        these.iter().find(|(text, _)| !those.iter().any(|(other, _)| other == text)).map(|(text, _)| (*text).to_owned())
    };
    if days.len() != months.len() {
        let (order, example) = if days.len() > months.len() {
            (DateOrder::DayFirst, only(days, months))
        } else {
            (DateOrder::MonthFirst, only(months, days))
        };
        let reason = format!("{:?} can be read no other way", example.unwrap_or_default());
        return (order, Confidence::Sure, reason);
    }
    let span = |read: &[(&str, Moment)]| {
        let times = || read.iter().map(|(_, moment)| moment.utc());
        times().max().unwrap_or(0) - times().min().unwrap_or(0)
    };
    let (by_day, by_month) = (span(days), span(months));
    let example = days[0].0;
    let close = |a: i64, b: i64| a as f64 <= 0.8 * b as f64;
    if close(by_day, by_month) {
        return (
            DateOrder::DayFirst,
            Confidence::Likely,
            format!("with the day first in {example:?} the times lie closest together"),
        );
    }
    if close(by_month, by_day) {
        return (
            DateOrder::MonthFirst,
            Confidence::Likely,
            format!("with the month first in {example:?} the times lie closest together"),
        );
    }
    let (order, habit) = if example.contains('/') {
        (DateOrder::MonthFirst, "dates with slashes mostly name the month first")
    } else {
        (DateOrder::DayFirst, "dates with points mostly name the day first")
    };
    (order, Confidence::Doubtful, format!("{example:?} could be read either way; {habit}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(texts: &[&str]) -> (Form, Confidence) {
        let found = detect(&texts.iter().copied(), None).unwrap();
        (found.form, found.confidence)
    }

    #[test]
    fn forms_are_told_apart() {
        use Confidence::{Doubtful, Likely, Sure};
        use DateOrder::{DayFirst, MonthFirst, YearFirst};
        for (texts, want) in [
            (&["2024-01-31", "2024-02-01"][..], (Form::Written(YearFirst), Sure)),
            (&["31.01.2024", "01.02.2024"], (Form::Written(DayFirst), Sure)),
            (&["1/2/1990", "1/31/1990"], (Form::Written(MonthFirst), Sure)),
            (&["11/5/2019 9:30", "11/6/2019 9:30", "11/7/2019 9:30"], (Form::Written(MonthFirst), Likely)),
            (&["5/11/2019 9:30", "6/11/2019 9:30", "7/11/2019 9:30"], (Form::Written(DayFirst), Likely)),
            (&["05/06/2019 9:30", "05/06/2019 9:31"], (Form::Written(MonthFirst), Doubtful)),
            (&["05.06.2019 9:30", "05.06.2019 9:31"], (Form::Written(DayFirst), Doubtful)),
            (&["1706702400", "1706702460"], (Form::Epoch, Sure)),
            (&["1696982287.4922"], (Form::Epoch, Sure)),
            (&["20240131", "20240201"], (Form::Compact, Sure)),
            (&["20240131 170000"], (Form::Compact, Sure)),
            (&["Jan 05, 2024", "yesterday"], (Form::Written(YearFirst), Sure)),
        ] {
            assert_eq!(form(texts), want, "{texts:?}");
        }
        assert_eq!(detect(&["a", "b"].into_iter(), None), None);
        let wished = detect(&["05/06/2019"].into_iter(), Some(DayFirst)).unwrap();
        assert_eq!((wished.form, wished.confidence), (Form::Written(DayFirst), Sure));
        assert!(detect(&["2024-01-31T12:00+02:00"].into_iter(), None).unwrap().zones);
        assert!(detect(&["2024-01-31", "2024-02-01 00:00"].into_iter(), None).unwrap().midnights);
    }
}
