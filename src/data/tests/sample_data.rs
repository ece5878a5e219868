//! The bars shipped with the program; the figures were counted outside with Python's csv and datetime.

use std::path::PathBuf;

use super::read;
use crate::data::{
    Partial, Quality, ReadOptions, ReadReport, ResampleRequest, Severity, quality, quality_with, read_series, resample,
};
use crate::market::{Bar, Extra, Series};

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

/// Names and counts of findings above a note.
fn alarms(quality: &Quality) -> Vec<(&str, usize)> {
    let grave = quality.findings.iter().filter(|finding| finding.severity > Severity::Note);
    grave.map(|finding| (finding.name.as_str(), finding.count)).collect()
}

#[test]
fn the_splits_of_apple_block_and_its_crash_does_not() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample_data/AAPL_1d_quandl_wiki_20000301-20130301.csv");
    let as_traded = ReadOptions { keep_unadjusted: true, ..ReadOptions::default() };
    let (series, _) = read_series(&path, &as_traded).unwrap();
    // By range and volume alone, and by the adjusted closes.
    let bare = Series::new("AAPL", series.timeframe, series.bars().to_vec()).unwrap();
    for series in [bare, series] {
        let quality = quality(&series);
        assert_eq!(alarms(&quality), [("split", 2)]);
        assert_eq!(quality.findings[0].first, ["2000-06-21T00:00:00Z", "2005-02-28T00:00:00Z"]);
        let jumps = quality.findings.iter().find(|finding| finding.name == "jumps").unwrap();
        assert_eq!(jumps.first, ["2000-09-29T00:00:00Z"]);
    }
    let (adjusted, report) = read_series(&path, &ReadOptions::default()).unwrap();
    assert_eq!(alarms(&quality_with(&adjusted, &report.findings, None)), []);
}

#[test]
fn bitcoin_has_gaps_and_wild_days_but_nothing_that_blocks() {
    let (hours, _) = sample("BTCUSDT_1h_binance_20170817-20240101.parquet");
    assert_eq!(alarms(&quality(&hours)), [("gaps", 127), ("off_grid", 43)]);
    let (four, _) = sample("BTCUSDT_4h_binance_20170817-20240101.csv");
    let quality = quality(&four);
    assert_eq!(alarms(&quality), []);
    let jumps = quality.findings.iter().find(|finding| finding.name == "jumps").unwrap();
    assert!(jumps.places.iter().any(|place| place.timestamp == 1_584_000_000_000), "{jumps:?}"); // 2020-03-12 08:00
}

/// The four hours were made outside, by another program.
#[test]
fn four_hours_of_bitcoin_are_its_hours() {
    let (hours, _) = sample("BTCUSDT_1h_binance_20170817-20240101.parquet");
    let (four, _) = sample("BTCUSDT_4h_binance_20170817-20240101.csv");
    let request = ResampleRequest { to: "4h".parse().unwrap(), partial: Partial::Drop, offset: None };
    let made = resample(&hours, &request).unwrap();
    assert_eq!((made.series.len(), made.report.incomplete, made.report.missing_bars), (13_956, 37, 59));
    let near = |a: f64, b: f64| (a - b).abs() <= 1e-9 * b.abs().max(1.0);
    for (ours, theirs) in made.series.bars().iter().zip(four.bars()) {
        assert_eq!(Bar { volume: theirs.volume, ..*ours }, *theirs);
        assert!(near(ours.volume, theirs.volume));
    }
    for extra in [Extra::Trades, Extra::TakerBuyVolume] {
        let (ours, theirs) = (made.series.extra(extra).unwrap(), four.extra(extra).unwrap());
        assert!(ours.iter().zip(theirs).all(|(a, b)| near(*a, *b)), "{extra:?}");
    }
}
