use polars::prelude::{
    Column, DataFrame, DataType, Int32Chunked, Int64Chunked, IntoColumn as _, NewChunkedArray as _, ParquetWriter,
    TimeUnit, TimeZone,
};

use super::super::{ReadOptions, read_series, write_series};
use super::{HEADER, HOUR, START, awkward, read, write};
use crate::market::{Extra, Series};

fn same_bits(a: &Series, b: &Series) -> bool {
    let bits = |s: &Series| -> Vec<u64> { s.extra(Extra::FundingRate).unwrap().iter().map(|v| v.to_bits()).collect() };
    a.fingerprint() == b.fingerprint() && bits(a) == bits(b)
}

#[test]
fn writing_and_reading_give_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let series = awkward(500);
    for name in ["ODD.csv", "other.parquet", "ODD_again.PARQUET", "ODD_again.CSV", "other.feather", "other.arrow"] {
        let path = folder.path().join(name);
        write_series(&path, &series).unwrap();
        let (back, report) = read(&path);
        assert!(same_bits(&series, &back), "{name}");
        assert_eq!((report.rows, report.symbol.as_str(), report.timeframe.as_str()), (500, "ODD", "1h"));
        assert_eq!(report.extras, ["funding_rate"]);
        assert_eq!(report.zero_volume, 72); // every seventh of 500
    }
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 6, "temporary files are left behind");
}

#[test]
fn one_bar_keeps_its_timeframe_in_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    write_series(&path, &awkward(1)).unwrap();
    assert_eq!(read(&path).1.timeframe, "1h");
}

#[test]
fn csv_spellings_are_understood() {
    let folder = tempfile::tempdir().unwrap();
    let plain =
        read(&write(folder.path(), "A.csv", format!("{HEADER}2024-01-01,1,2,0.5,1.5,10\n2024-01-02,1,2,0.5,1.5,0\n")))
            .0;
    for text in [
        "Date;Open;HIGH;low;Close;Vol\r\n2024-01-01;1;2;.5;1.5;1e1\r\n\r\n2024-01-02;1;2;.5;1.5;0\r\n",
        "\u{feff}close\tvolume\topen_time\to\th\tl\n1.5\t10\t1704067200\t1\t2\t0.5\n1.5\t0\t1704153600\t1\t2\t0.5",
        "\"time\",\"open\",\"high\",\"low\",\"close\",\"volume\"\n\"2024-01-01T00:00:00Z\",\"1\",2,0.5,1.5,10\n1704153600000,1,2,0.5,1.5,0\n",
    ] {
        assert_eq!(read(&write(folder.path(), "A.csv", text)).0, plain, "{text}");
    }
}

#[test]
fn extras_are_kept_and_the_rest_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let text = "date,close_time,rsi.14,open,high,low,close,volume,Adj Close,trades,trades.x\n\
                2024-01-01,x,1,1,2,0.5,1.5,10,,7,1\n2024-01-02,y,2,1,2,0.5,1.5,10,1.25,NaN,1\n";
    let (series, report) = read(&write(folder.path(), "A.csv", text));
    assert_eq!(report.dropped_columns, ["close_time", "rsi.14", "trades.x"]);
    assert_eq!(report.extras, ["adj_close", "trades"]);
    assert!(series.extra(Extra::AdjClose).unwrap()[0].is_nan());
    assert_eq!(series.extra(Extra::AdjClose).unwrap()[1], 1.25);
    // Without every adjusted close none is used.
    assert_eq!((series.bars()[1].close, report.findings[0].name.as_str()), (1.5, "unadjusted"));
    assert_eq!(series.extra(Extra::Trades).unwrap()[0], 7.0);
    assert!(series.extra(Extra::Trades).unwrap()[1].is_nan());
}

#[test]
fn every_parquet_time_is_understood() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A.parquet");
    let day = 24 * HOUR;
    let (a, b) = (START, START + day);
    let moment = |unit, per: i64, zone: Option<TimeZone>| {
        Int64Chunked::from_slice("timestamp".into(), &[a * per, b * per]).into_datetime(unit, zone).into_column()
    };
    let number = |per: i64| Int64Chunked::from_slice("Date".into(), &[a * per, b * per]).into_column();
    let days = Int32Chunked::from_slice("date".into(), &[(a / day) as i32, (b / day) as i32]);
    for time in [
        moment(TimeUnit::Milliseconds, 1, Some(TimeZone::UTC)),
        moment(TimeUnit::Microseconds, 1000, None),
        moment(TimeUnit::Nanoseconds, 1_000_000, Some(TimeZone::UTC)),
        days.into_column().cast(&DataType::Date).unwrap(),
        number(1),
        number(1000),
        Column::new("time".into(), &["2024-01-01", "2024-01-02"]),
    ] {
        let kind = time.dtype().clone();
        let mut columns = vec![time];
        for (name, values) in [("Open", [1.0, 1.0]), ("high", [2.0, 2.0]), ("low", [0.5, 0.5])] {
            columns.push(Column::new(name.into(), &values));
        }
        columns.push(Column::new("close".into(), &[1.5_f32, 1.5]));
        columns.push(Column::new("volume".into(), &[10_u32, 0]));
        columns.push(Column::new("note".into(), &["a", "b"]));
        let mut frame = DataFrame::new(2, columns).unwrap();
        ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
        let (series, report) = read(&path);
        assert_eq!(series.timestamps(), [a, b], "{kind}");
        assert_eq!((series.bars()[0].close, series.bars()[0].volume), (1.5, 10.0));
        assert_eq!(report.dropped_columns, ["note"]);
    }
}

#[test]
fn options_name_and_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ODD.parquet");
    write_series(&path, &awkward(48)).unwrap();
    let options = ReadOptions {
        symbol: Some("NEW".to_owned()),
        timeframe: Some("2h".parse().unwrap()),
        start: Some(START + 10 * HOUR),
        end: Some(START + 20 * HOUR),
        ..ReadOptions::default()
    };
    let (series, report) = read_series(&path, &options).unwrap();
    assert_eq!((series.symbol.as_str(), series.timeframe.to_string().as_str(), series.len()), ("NEW", "2h", 10));
    assert_eq!((report.start_ms, report.end_ms), (START + 10 * HOUR, START + 19 * HOUR)); // the end is exclusive
    assert_eq!(report.start, "2024-01-01T10:00:00Z");
    assert_eq!(report.off_grid, 5); // every other hour of ten
    assert!(series.extra(Extra::FundingRate).unwrap()[0].is_nan()); // bar 10 of the file
    assert_eq!(series.extra(Extra::FundingRate).unwrap()[1], 11.0 / 3.0);
    let nothing = ReadOptions { start: Some(START + 100 * HOUR), ..ReadOptions::default() };
    let sentence = read_series(&path, &nothing).unwrap_err().to_string();
    assert!(sentence.ends_with("the file runs from 2024-01-01T00:00:00Z to 2024-01-02T23:00:00Z"), "{sentence}");
}

#[test]
fn missing_bars_are_counted_and_placed() {
    let folder = tempfile::tempdir().unwrap();
    let hours = (0..200).filter(|h| ![5, 6, 50].contains(h));
    let rows: Vec<String> = hours.map(|h| format!("{},1,2,0.5,1.5,10\n", START + h * HOUR)).collect();
    let rows = rows.concat();
    let report = read(&write(folder.path(), "A.csv", format!("{HEADER}{rows}"))).1;
    assert_eq!((report.calendar.as_str(), report.gaps.missing_bars), ("24/7", 3));
    let places: Vec<_> = report.gaps.first.iter().map(|gap| (gap.after.as_str(), gap.missing)).collect();
    assert_eq!(places, [("2024-01-01T04:00:00Z", 2), ("2024-01-03T01:00:00Z", 1)]);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["gaps"]["first"][0]["missing"], 2);
}

/// Not a measurement: a reader that is quadratic anywhere would take minutes here.
#[test]
fn a_long_file_is_read_in_one_pass() {
    let folder = tempfile::tempdir().unwrap();
    let row = |m: i64| format!("{},4261.48,4349.99,4261.32,4313.62,82.088865\n", START + m * 60_000);
    let rows = (0..300_000).map(row).collect::<Vec<_>>().concat();
    let (series, _) = read(&write(folder.path(), "A.csv", format!("{HEADER}{rows}")));
    assert_eq!(series.len(), 300_000);
    let path = folder.path().join("A.parquet");
    write_series(&path, &series).unwrap(); // five row groups
    assert_eq!(read(&path).0, series);
}
