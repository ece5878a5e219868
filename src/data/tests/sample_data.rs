//! The bars shipped with the program; the figures were counted outside with Python's csv and datetime.

use std::path::PathBuf;

use super::read;
use crate::data::ReadReport;
use crate::market::Series;

fn sample(name: &str) -> (Series, ReadReport) {
    read(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample_data").join(name))
}

fn nature(report: &ReadReport) -> [&str; 3] {
    [&report.symbol, &report.timeframe, &report.calendar]
}

#[test]
fn bitcoin_by_the_hour() {
    let (series, report) = sample("BTCUSDT_1h_binance_20170817-20240101.parquet");
    assert_eq!(nature(&report), ["BTCUSDT", "1h", "24/7"]);
    assert_eq!(report.off_grid, 43); // after outages of the exchange
    assert_eq!(series.bars()[0].open, 4261.48);
}

#[test]
fn bitcoin_by_four_hours() {
    let (series, report) = sample("BTCUSDT_4h_binance_20170817-20240101.csv");
    assert_eq!(nature(&report), ["BTCUSDT", "4h", "24/7"]);
    assert_eq!((report.rows, report.gaps.missing_bars, report.off_grid, report.zero_volume), (13_956, 17, 0, 0));
    assert_eq!((report.start.as_str(), report.end.as_str()), ("2017-08-17T04:00:00Z", "2024-01-01T20:00:00Z"));
    assert_eq!(report.extras, ["quote_volume", "taker_buy_volume", "trades"]);
    assert!(report.dropped_columns.is_empty());
    assert_eq!(series.bars()[13_955].volume, 8946.99844);
}

#[test]
fn stocks_by_the_day() {
    for symbol in ["AAPL", "IBM"] {
        let (_, report) = sample(&format!("{symbol}_1d_quandl_wiki_20000301-20130301.csv"));
        assert_eq!(nature(&report), [symbol, "1d", "weekdays"]);
        // 119 of the 123 weekdays without a bar are exchange holidays; from 11 September 2001 it was closed for four days.
        assert_eq!((report.rows, report.gaps.missing_bars, report.off_grid), (3270, 4, 0));
        assert_eq!(report.gaps.first[0].after, "2001-09-10T00:00:00Z");
        assert_eq!(report.extras, ["adj_close"]);
    }
}
