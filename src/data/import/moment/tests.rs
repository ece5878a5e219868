use super::*;
use crate::data::time_text::tests::{NO_TIMES, NOON, SPELLINGS};

#[test]
fn what_parse_time_knows_is_known_here() {
    for text in SPELLINGS {
        let bytes = text.trim().as_bytes();
        let read = epoch(bytes).or_else(|| written(bytes, DateOrder::YearFirst));
        assert_eq!(read.map(Moment::utc), Some(NOON), "{text}");
    }
    for text in NO_TIMES {
        assert_eq!(written(text.as_bytes(), DateOrder::YearFirst), None, "{text}");
    }
}

#[test]
fn dates_in_every_order() {
    use DateOrder::{DayFirst, MonthFirst, YearFirst};
    for (text, order) in [
        ("2024-01-31 12:00", YearFirst),
        ("2024.01.31 12:00:00", DayFirst),
        ("2024/1/31 12:00", MonthFirst),
        ("31.01.2024 12:00:00.000", DayFirst),
        ("31/1/24 12:00", DayFirst),
        ("1/31/2024 12:00", MonthFirst),
        ("01/31/24 12:00 PM", MonthFirst),
        ("2024-01-31 12-PM", YearFirst),
        ("2024-01-31 12 pm", YearFirst),
        ("Jan 31, 2024 12:00", DayFirst),
        ("January 31 2024 12:00", DayFirst),
        ("31-Jan-2024 12:00", MonthFirst),
        ("Wed, 31 Jan 2024 12:00:00 GMT", MonthFirst),
        ("Wed Jan 31 2024 12:00", MonthFirst),
        ("2024-01-31 14:00 UTC+02:00", YearFirst),
        ("2024-01-31 120000", YearFirst),
        ("2024-01-31-12:00", YearFirst),
        ("2024-01-31 13:00 CET", YearFirst),
        ("2024-01-31 07:00:00 US/Eastern", YearFirst),
    ] {
        assert_eq!(written(text.as_bytes(), order).map(Moment::utc), Some(NOON), "{text}");
    }
    assert_eq!(written(b"31.01.2024", DayFirst).unwrap(), Moment { wall: NOON - 12 * HOUR, offset: None });
    assert_eq!(written(b"1/3/99", MonthFirst).unwrap().wall, 915_321_600_000); // 1999-01-03
    assert_eq!(written(b"2024-01-31 09-AM", YearFirst).unwrap().wall, NOON - 3 * HOUR);
    assert_eq!(written(b"2024-01-31 12:30 AM", YearFirst).unwrap().wall, NOON - 12 * HOUR + 30 * MINUTE);
    assert_eq!(written(b"2024-01-31 12:00:00.25", YearFirst).unwrap().wall, NOON + 250);
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "2024-01-31 13 PM",
        "31.31.2024",
        "2024-01",
        "1-2-3",
        "12:00",
        "2024-01-31 12:00 CST",
        "2024-01-31 12:00 Mars/Base",
        "01-01-999",
        "Foo 31, 2024",
    ] {
        assert_eq!(written(text.as_bytes(), DateOrder::MonthFirst), None, "{text}");
    }
}

#[test]
fn numbers_and_compact_dates() {
    for text in ["1706702400.0", "1.7067024e9"] {
        assert_eq!(epoch(text.as_bytes()).map(Moment::utc), Some(NOON), "{text}");
    }
    assert_eq!(epoch(b"1696982287.4922").map(Moment::utc), Some(1_696_982_287_492));
    assert_eq!(epoch(b"-1000").map(Moment::utc), Some(-1_000_000));
    for text in ["20240131 120000", "20240131120000", "202401311200", "20240131T1200", "20240131 12:00"] {
        assert_eq!(compact(text.as_bytes()).map(Moment::utc), Some(NOON), "{text}");
    }
    for text in ["2024013", "20241331", "x", "20240131 99"] {
        assert_eq!(compact(text.as_bytes()), None, "{text}");
    }
    for text in ["nan", "inf", "1e30", "99999999999999", "", "1,5"] {
        assert_eq!(epoch(text.as_bytes()), None, "{text}");
    }
    assert_eq!(written(b"2024-07-31 08:00 America/New_York", DateOrder::YearFirst).unwrap().offset, Some(-240));
    assert_eq!(serial(b"45322.5"), Some(Moment { wall: NOON, offset: None }));
    assert_eq!(serial(b"45322.541666").unwrap().wall, NOON + HOUR);
    assert_eq!((serial(b"1706702400"), serial(b"19999"), serial(b"x")), (None, None, None));
    assert_eq!(clock_only(b"17:00"), Some(17 * HOUR));
    assert_eq!(clock_only(b"170030"), Some(17 * HOUR + 30_000));
    assert_eq!(clock_only(b"17:00 x"), None);
}
