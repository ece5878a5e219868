use std::path::PathBuf;

use super::read;

fn sample(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("sample_data").join(name)
}

#[test]
fn bitcoin_by_the_hour_has_its_outages() {
    let (series, report) = read(&sample("BTCUSDT_1h_binance_20170817-20240101.parquet"));
    assert_eq!(
        (series.symbol.as_str(), report.timeframe.as_str(), report.calendar.as_str()),
        ("BTCUSDT", "1h", "24/7")
    );
    assert_eq!(report.off_grid, 43); // counted in the exchange's file
    assert!(report.gaps.missing_bars > 0);
}
