//! What is said by hand overrules what is guessed.

use super::super::{DateOrder, Decimal, Mapping, ReadOptions, inspect_file, read_series, write_imported};
use super::{HEADER, HOUR, START, finding, import, read, repaired, walk, write};
use crate::market::{Bar, Extra};

const DAY: i64 = 24 * HOUR;

fn mapped(text: &str) -> ReadOptions {
    ReadOptions { mapping: Mapping::parse_all(text).unwrap(), ..repaired() }
}

#[test]
fn columns_are_mapped_by_name_or_number() {
    let folder = tempfile::tempdir().unwrap();
    let text = "when,a,b,c,d,e\n2024-01-01,1,2,0.5,1.5,10\n2024-01-02,1,2,0.5,1.5,20\n";
    let path = write(folder.path(), "A.csv", text);
    let (series, report) = read_series(&path, &mapped("time=when,open=a,high=b,low=c,close=d,volume=e")).unwrap();
    assert_eq!((series.bars()[1].close, series.bars()[1].volume), (1.5, 20.0));
    assert_eq!(report.findings, []);
    let by_number = read_series(&path, &mapped("timestamp=#1,open=#2,high=#3,low=#4,close=#5,volume=#6")).unwrap().0;
    assert_eq!(by_number, series);
    let sentence = |map: &str| read_series(&path, &mapped(map)).unwrap_err().to_string();
    assert!(sentence("close=Last").ends_with("there is no column \"Last\"; there are when, a, b, c, d, e"));
    assert!(sentence("close=#9").contains("there is no column \"#9\""));
    assert!(sentence("close=none").contains("cannot do without close"));
    let text = "date,clock,open,high,low,close\n2024-01-01,10:00,1,2,0.5,1.5\n2024-01-01,11:00,1,2,0.5,1.5\n";
    let path = write(folder.path(), "A.csv", text);
    let (series, report) = read_series(&path, &mapped("timestamp=date+clock,volume=none")).unwrap();
    assert_eq!((series.bars()[0].timestamp, series.bars()[1].volume), (START + 10 * HOUR, 0.0));
    assert_eq!(finding(&report, "no_volume").count, 1);
}

#[test]
fn a_clock_of_its_own_becomes_utc() {
    let folder = tempfile::tempdir().unwrap();
    let row =
        |minute: i64| format!("2020-12-15 {:02}:{:02},1,2,0.5,1.5,10\n", 9 + (30 + minute) / 60, (30 + minute) % 60);
    let days =
        ["15", "16", "17", "18"].map(|day| (0..391).map(row).collect::<String>().replace("-15 ", &format!("-{day} ")));
    let path = write(folder.path(), "spy.csv", format!("{HEADER}{}", days.concat()));
    let (series, report) = import(&path);
    assert_eq!(series.bars()[0].timestamp, 1_608_024_600_000); // 09:30 UTC
    assert!(finding(&report, "timezone").sentence.contains("--timezone America/New_York"));
    let options = ReadOptions { timezone: Some("America/New_York".parse().unwrap()), ..repaired() };
    let (series, report) = read_series(&path, &options).unwrap();
    assert_eq!(series.bars()[0].timestamp, 1_608_024_600_000 + 5 * HOUR);
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

#[test]
fn midnights_of_a_place_are_dates() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Date,Open,High,Low,Close,Volume\n2024-03-08 00:00:00-05:00,1,2,0.5,1.5,10\n\
                2024-03-11 00:00:00-04:00,1,2,0.5,1.5,10\n2024-03-12 00:00:00-04:00,1,2,0.5,1.5,10\n";
    let (series, report) = read(&write(folder.path(), "AAPL.csv", text));
    assert!(series.timestamps().iter().all(|time| time % DAY == 0));
    assert_eq!(finding(&report, "dates").count, 3);
}

#[test]
fn prices_in_points_are_scaled_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Date,open,high,low,close,tick_volume\n2012-12-04,130583.99999999999,131073.0,130453.0,130935.0,55870\n\
                2012-12-05,130934.0,131253.0,130596.0,130701.0,54075\n";
    let path = write(folder.path(), "EURUSDd1.csv", text);
    let (series, report) = import(&path);
    assert_eq!((series.symbol.as_str(), series.bars()[0].open), ("EURUSD", 130_583.999_999_999_99));
    assert!(finding(&report, "price_scale").sentence.contains("--price-scale 0.00001"));
    let options = ReadOptions { price_scale: Some("0.00001".parse().unwrap()), ..repaired() };
    let (series, report) = read_series(&path, &options).unwrap();
    assert_eq!((series.bars()[0].open, series.bars()[0].volume), (1.30584, 55_870.0));
    assert!(report.findings.iter().all(|finding| finding.name != "price_scale"));
}

/// A stock with a 2:1 split after bar 100 and a real fall of a half after bar 200.
fn split() -> String {
    let mut bars = walk(300, DAY);
    for bar in &mut bars[200..] {
        for price in [&mut bar.open, &mut bar.high, &mut bar.low, &mut bar.close] {
            *price *= 0.48;
        }
    }
    let row = |(i, bar): (usize, &Bar)| {
        let k = if i < 100 { 2.0 } else { 1.0 };
        let date = super::super::time_text(bar.timestamp);
        format!(
            "{date},{},{},{},{},{},{:.4}\n",
            bar.open * k,
            bar.high * k,
            bar.low * k,
            bar.close * k,
            bar.volume,
            bar.close
        )
    };
    "date,open,high,low,close,volume,Adj Close\n".to_owned() + &bars.iter().enumerate().map(row).collect::<String>()
}

#[test]
fn splits_vanish_and_crashes_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "AAPL.csv", split());
    let change = |bars: &[Bar], i: usize| bars[i].close / bars[i - 1].close - 1.0;
    let (series, report) = import(&path);
    assert!(change(series.bars(), 100).abs() < 0.05, "{}", change(series.bars(), 100));
    assert!((change(series.bars(), 200) + 0.52).abs() < 0.03, "{}", change(series.bars(), 200));
    assert!(finding(&report, "adjusted").sentence.contains("(0.5000 to 1.0000)"));
    let closes: Vec<f64> = series.closes();
    assert_eq!(series.extra(Extra::AdjClose).unwrap(), closes);
    // What is adjusted is not adjusted again, whatever it is written as.
    for name in ["AAPL.parquet", "AAPL.feather", "AAPL_2.csv"] {
        let out = folder.path().join(name);
        write_imported(&out, &series, &report).unwrap();
        assert_eq!(import(&out).0, series, "{name}");
    }
    // Refused: as traded, also when read again.
    let refused = ReadOptions { keep_unadjusted: true, ..repaired() };
    let (raw, report) = read_series(&path, &refused).unwrap();
    assert!((change(raw.bars(), 100) + 0.5).abs() < 0.03);
    assert!(finding(&report, "unadjusted").count >= 100);
    for name in ["RAW.parquet", "RAW.feather"] {
        let out = folder.path().join(name);
        write_imported(&out, &raw, &report).unwrap();
        assert_eq!(read(&out).0.bars(), raw.bars(), "{name}");
    }
}

#[test]
fn other_columns_do_not_pass_for_adjusted_closes() {
    let folder = tempfile::tempdir().unwrap();
    let bars = walk(100, DAY);
    let row = |(i, bar): (usize, &Bar)| {
        let other = bar.close * (1.0 + 0.3 * (i as f64).sin());
        format!("{},{},{},{},{},1,{other}\n", bar.timestamp, bar.open, bar.high, bar.low, bar.close)
    };
    let text: String = bars.iter().enumerate().map(row).collect();
    let (series, report) =
        import(&write(folder.path(), "A.csv", format!("date,open,high,low,close,volume,adj_close\n{text}")));
    assert_eq!(series.bars()[7].close, bars[7].close);
    assert!(finding(&report, "unadjusted").sentence.contains("does not follow close"));
}

#[test]
fn day_and_month_and_decimals_are_chosen() {
    let folder = tempfile::tempdir().unwrap();
    let text =
        "date;open;high;low;close;volume\n05/06/2024;1,234;1,250;1,200;1,240;1\n06/06/2024;1,234;1,250;1,200;1,240;1\n";
    let path = write(folder.path(), "A.csv", text);
    let options = |order, decimal| ReadOptions { date_order: Some(order), decimal: Some(decimal), ..repaired() };
    let read = |order, decimal| read_series(&path, &options(order, decimal)).unwrap().0;
    let (day, month) = (read(DateOrder::DayFirst, Decimal::Comma), read(DateOrder::MonthFirst, Decimal::Point));
    assert_eq!((day.timeframe.to_string().as_str(), day.bars()[0].open), ("1d", 1.234));
    assert_eq!((month.timeframe.to_string().as_str(), month.bars()[0].open), ("31d", 1234.0));
}

#[test]
fn bad_rows_are_dropped_on_request_and_told_by_inspection() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows: Vec<String> = (1..=28).map(|day| format!("2024-01-{day:02},1,2,0.5,1.5,10")).collect();
    rows[5] = ",1,2,0.5,1.5,10".to_owned();
    rows[7] = "2024-01-08,1,abc,0.5,1.5,10".to_owned();
    rows[9] = "2024-01-10,1,-2,0.5,1.5,10".to_owned();
    rows[11] = "2024-01-12,,,,,".to_owned();
    rows[13] = "2024-01-14,1,1.25,0.5,1.5,10".to_owned();
    let path = write(folder.path(), "A.csv", format!("{HEADER}{}", rows.join("\n")));
    let sentence = read_series(&path, &repaired()).unwrap_err().to_string();
    assert!(sentence.contains("line 7: timestamp is missing"), "{sentence}");
    let (series, report) = read_series(&path, &ReadOptions { drop_bad_rows: true, ..repaired() }).unwrap();
    assert_eq!(series.len(), 24);
    let names: Vec<(&str, usize)> = report.findings.iter().map(|f| (f.name.as_str(), f.count)).collect();
    assert_eq!(names, [("bad_rows", 2), ("nonpositive", 1), ("ohlc", 1), ("unpriced", 1)]);
    assert_eq!(
        finding(&report, "bad_rows").first[1],
        "line 9: high is \"abc\", not a finite number"
    );
    assert_eq!(series.bars()[9].high, 1.5);
    let found = inspect_file(&path, &ReadOptions::default()).unwrap().report;
    assert_eq!((found.rows, found.findings[0].severity), (24, super::super::Severity::Blocking));
}

#[test]
fn inspection_tells_conflicts_that_an_import_refuses() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{HEADER}2024-01-01,1,2,0.5,1.5,10\n2024-01-02,1,2,0.5,1.5,10\n2024-01-02,1,2,0.5,1.25,10\n");
    let path = write(folder.path(), "A.csv", text);
    assert!(read_series(&path, &repaired()).unwrap_err().to_string().contains("their close differs"));
    let found =
        inspect_file(&path, &ReadOptions { timeframe: Some("1d".parse().unwrap()), ..ReadOptions::default() }).unwrap();
    assert_eq!(finding(&found.report, "conflicts").first, ["2024-01-02T00:00:00Z (line 3 and line 4 differ in close)"]);
}
