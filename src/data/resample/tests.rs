use proptest::prelude::*;

use super::*;
use crate::market::hours::{Market, times};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
/// 2021-01-04, a Monday.
const START: i64 = 1_609_718_400_000;

/// Bars whose prices tell where they came from.
fn series(step: i64, times: &[i64]) -> Series {
    let bar = |(i, &timestamp): (usize, &i64)| {
        let price = 100.0 + (i * 7919 % 1000) as f64 / 16.0;
        Bar {
            timestamp,
            open: price,
            high: price + 0.5 + (i % 3) as f64,
            low: price - 0.75,
            close: price + 0.25,
            volume: (i % 7) as f64,
        }
    };
    let bars = times.iter().enumerate().map(bar).collect();
    Series::new("TEST", Timeframe::from_millis(step).unwrap(), bars).unwrap()
}

fn made(series: &Series, to: &str, partial: Partial) -> Resampled {
    resample(series, &ResampleRequest { to: to.parse().unwrap(), partial, offset: None }).unwrap()
}

fn starts(resampled: &Resampled) -> Vec<String> {
    resampled.series.timestamps().into_iter().map(time_text).collect()
}

#[test]
fn four_hours_by_hand() {
    let times: Vec<i64> = (3..13).map(|hour| START + hour * HOUR).collect();
    let series = series(HOUR, &times).with_extra(Extra::Trades, (0..10).map(f64::from).collect()).unwrap();
    let rates = [f64::NAN, 0.1, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, f64::NAN, 0.2];
    let series = series.with_extra(Extra::FundingRate, rates.to_vec()).unwrap();
    let kept = made(&series, "4h", Partial::Keep);
    assert_eq!(kept.series.timestamps(), [0, 4, 8, 12].map(|hour| START + hour * HOUR));
    let members = &series.bars()[1..5];
    let bar = kept.series.bars()[1];
    assert_eq!((bar.open, bar.close), (members[0].open, members[3].close));
    assert_eq!(bar.high, members.iter().map(|bar| bar.high).fold(0.0, f64::max));
    assert_eq!(bar.low, members.iter().map(|bar| bar.low).fold(1e9, f64::min));
    assert_eq!(bar.volume, 10.0);
    assert_eq!(kept.series.extra(Extra::Trades).unwrap(), [0.0, 10.0, 26.0, 9.0]);
    let rates = kept.series.extra(Extra::FundingRate).unwrap();
    assert!(rates[0].is_nan() && rates[1] == 0.1 && rates[2].is_nan() && rates[3] == 0.2);
    assert_eq!(kept.report.missing_extras, BTreeMap::from([("funding_rate".to_owned(), 2)]));
    assert_eq!(kept.incomplete, [(0, 3), (3, 3)]);

    let dropped = made(&series, "4h", Partial::Drop);
    assert_eq!(dropped.series.timestamps(), [4, 8].map(|hour| START + hour * HOUR));
    assert_eq!((dropped.incomplete.len(), dropped.report.rows), (0, 2));
    assert_eq!(dropped.report.dropped_start.as_deref(), Some("2021-01-04T00:00:00Z"));
    assert_eq!(dropped.report.dropped_end.as_deref(), Some("2021-01-04T12:00:00Z"));
}

#[test]
fn gaps_inside_are_counted_and_not_filled() {
    let mut times: Vec<i64> = (0..96).map(|hour| START + hour * HOUR).collect();
    times.drain(30..41); // hours 30 to 40: two of the bar at 28, all of 32 and 36, one of 40
    let resampled = made(&series(HOUR, &times), "4h", Partial::Drop);
    assert_eq!(resampled.report.missing_bars, 3);
    assert_eq!(resampled.incomplete, [(7, 2), (8, 1)]);
    assert_eq!(resampled.series.timestamps()[7..9], [28, 40].map(|hour| START + hour * HOUR));
    assert_eq!((resampled.report.dropped_start, resampled.report.dropped_end), (None, None));
}

#[test]
fn weeks_of_stocks_begin_on_monday_and_holidays_lack_nothing() {
    let daily = series(DAY, &times(Market::Stocks, DAY, 730));
    let weeks = made(&daily, "1w", Partial::Drop);
    assert!(weeks.series.timestamps().iter().all(|t| (t - START) % (7 * DAY) == 0));
    assert_eq!((weeks.report.incomplete, weeks.series.timeframe.to_string().as_str()), (0, "1w"));
    let short = series(DAY, &times(Market::Stocks, DAY, 724));
    let weeks = made(&short, "1w", Partial::Drop);
    assert!(weeks.report.dropped_end.is_some());
}

#[test]
fn months_are_calendar_months() {
    let daily = series(DAY, &times(Market::Crypto, DAY, 100));
    let months = made(&daily, "1M", Partial::Drop);
    assert_eq!(starts(&months), ["2021-02-01T00:00:00Z", "2021-03-01T00:00:00Z"]);
    assert_eq!(months.series.bars()[0].open, daily.bars()[28].open);
    assert_eq!(months.series.bars()[0].close, daily.bars()[55].close);
    assert_eq!(months.series.timeframe.to_string(), "31d");
    let weekly = series(7 * DAY, &[START, START + 7 * DAY]);
    let request = ResampleRequest { to: Period::Months(1), partial: Partial::Keep, offset: None };
    assert!(matches!(resample(&weekly, &request), Err(ResampleError::NoMonths { .. })));
}

#[test]
fn sessions_keep_their_own_hours_all_year() {
    let minutes = series(5 * MINUTE, &times(Market::Stocks, 5 * MINUTE, 120));
    let hours = made(&minutes, "1h", Partial::Drop);
    assert_eq!(starts(&hours)[..2], ["2021-01-04T14:30:00Z", "2021-01-04T15:30:00Z"]);
    let summer = starts(&hours).into_iter().find(|time| time.starts_with("2021-04-26")).unwrap();
    assert_eq!(summer, "2021-04-26T13:30:00Z");
    // The last hour of a session has 30 minutes, and lacks nothing.
    assert_eq!(hours.report.incomplete, 0);
    let days = made(&minutes, "1d", Partial::Drop);
    assert_eq!(starts(&days)[0], "2021-01-04T00:00:00Z");
    let offset = Some(30 * MINUTE);
    let plain =
        resample(&minutes, &ResampleRequest { to: "4h".parse().unwrap(), partial: Partial::Drop, offset }).unwrap();
    assert!(plain.series.timestamps().iter().all(|t| t.rem_euclid(4 * HOUR) == 30 * MINUTE));
}

#[test]
fn days_and_weeks_of_currencies_begin_in_the_evening_of_new_york() {
    let hours = series(HOUR, &times(Market::Currencies, HOUR, 200));
    let days = made(&hours, "1d", Partial::Drop);
    let starts = starts(&days);
    assert_eq!(starts[1], "2021-01-05T22:00:00Z");
    assert!(starts.contains(&"2021-06-08T21:00:00Z".to_owned()));
    assert!(days.series.bars().iter().all(|bar| crate::market::weekday(bar.timestamp + 12 * HOUR) < 5));
    let weeks = made(&hours, "1w", Partial::Drop);
    assert_eq!(time_text(weeks.series.timestamps()[0]), "2021-01-10T22:00:00Z");
    assert_eq!((days.report.incomplete, weeks.report.incomplete), (0, 0));
    // Hours gather in UTC.
    assert!(made(&hours, "4h", Partial::Drop).series.timestamps().iter().all(|t| t % (4 * HOUR) == 0));
}

#[test]
fn what_is_no_multiple_is_refused() {
    let hours = series(HOUR, &[START, START + HOUR, START + 2 * HOUR]);
    let refusal = |to: &str| {
        let request = ResampleRequest { to: to.parse().unwrap(), partial: Partial::Drop, offset: None };
        resample(&hours, &request).unwrap_err().to_string()
    };
    for to in ["1h", "30m", "90m"] {
        assert!(refusal(to).contains("longer multiple of 1h"), "{to}");
    }
    assert!(refusal("4h").contains("--partial keep"));
    assert!("1y".parse::<Period>().is_err() && "0M".parse::<Period>().is_err());
    assert_eq!("1M".parse::<Period>().unwrap().to_string(), "1M");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Every bar is in one longer bar, and later bars change none that has ended.
    #[test]
    fn volume_is_kept_and_the_past_stands(skip in prop::collection::btree_set(0..400_usize, 0..30), start in 0..24_i64, cut in 100..300_usize, to in prop::sample::select(vec!["2h", "4h", "1d", "1w"])) {
        let times: Vec<i64> = (0..400).filter(|i| !skip.contains(i)).map(|i| START + (start + i as i64) * HOUR).collect();
        let whole = series(HOUR, &times);
        let kept = made(&whole, to, Partial::Keep);
        let sum = |series: &Series| series.bars().iter().map(|bar| bar.volume).sum::<f64>();
        prop_assert_eq!(sum(&kept.series), sum(&whole));
        let length = kept.series.timeframe.millis();
        let span = (kept.series.timestamps()[kept.series.len() - 1] - kept.series.timestamps()[0]) / length + 1;
        prop_assert_eq!(kept.report.rows as i64 <= span, true);
        if kept.report.rows as i64 == span {
            prop_assert_eq!(kept.report.missing_bars as i64 + whole.len() as i64, span * length / HOUR);
        }
        let part = made(&whole.truncated(cut), to, Partial::Keep);
        let ended = part.series.len() - 1;
        prop_assert_eq!(&part.series.bars()[..ended], &kept.series.bars()[..ended]);
    }

    /// Resampling twice is resampling once.
    #[test]
    fn steps_do_not_matter(start in 0..24_i64, bars in 200..500_i64) {
        let times: Vec<i64> = (0..bars).map(|i| START + (start + i) * HOUR).collect();
        let whole = series(HOUR, &times);
        let twice = made(&made(&whole, "4h", Partial::Keep).series, "1d", Partial::Keep);
        let once = made(&whole, "1d", Partial::Keep);
        prop_assert_eq!(twice.series.bars(), once.series.bars());
    }
}
