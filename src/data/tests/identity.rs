//! Import, export, import: the same bits, whatever lies between.

use proptest::prelude::*;

use super::super::{ReadOptions, read_series, write_imported, write_series};
use super::{START, finding, write};
use crate::market::{Bar, Extra, Series, Timeframe};

/// Any positive number a price can be, the awkward ones included.
fn price() -> impl Strategy<Value = f64> {
    prop_oneof![0.001..100_000.0, any::<u64>().prop_map(f64::from_bits)]
        .prop_filter("a price", |x: &f64| x.is_finite() && *x > 1e-280 && *x < 1e280)
}

fn extra() -> impl Strategy<Value = f64> {
    prop_oneof![3 => -1e6..1e6, 1 => Just(f64::NAN), 1 => any::<u64>().prop_map(f64::from_bits)]
        .prop_map(|x: f64| if x.is_finite() { x } else { f64::NAN })
}

/// Tickers, of which no file name below tells any but the first.
fn ticker() -> impl Strategy<Value = String> {
    prop_oneof![Just("ANY".to_owned()), Just("BTC/USDT".to_owned()), "[A-Z.=^,;\" -]{0,3}[A-Z]{1,4}"]
}

fn bars() -> impl Strategy<Value = Vec<(Bar, Vec<f64>)>> {
    let volume = prop_oneof![Just(0.0), 0.0..1e12];
    let row = (price(), price(), price(), price(), volume, prop::collection::vec(extra(), 7), 1..4_i64);
    prop::collection::vec(row, 2..80).prop_map(|rows| {
        let mut time = START;
        let bar = |(a, b, c, d, volume, extras, steps): (f64, f64, f64, f64, f64, Vec<f64>, i64)| {
            let (high, low) = (a.max(b).max(c).max(d), a.min(b).min(c).min(d));
            time += steps * 60_000;
            (Bar { timestamp: time, open: a, high, low, close: b, volume }, extras)
        };
        rows.into_iter().map(bar).collect()
    })
}

fn bits(series: &Series) -> Vec<Vec<u64>> {
    series
        .extras()
        .map(|(_, values)| values.iter().map(|v| if v.is_nan() { 0 } else { v.to_bits() }).collect())
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn what_was_imported_stays_as_it_is(
        rows in bars(),
        kept in 0..128_u32,
        days in any::<bool>(),
        symbol in ticker(),
        longer in 1..3_i64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let times: Vec<i64> = rows.iter().map(|(bar, _)| bar.timestamp).collect();
        let timeframe = Timeframe::infer(&times).unwrap();
        let mut bars: Vec<Bar> = rows.iter().map(|(bar, _)| *bar).collect();
        if days {
            for bar in &mut bars {
                bar.timestamp = START + (bar.timestamp - START) * 1440;
            }
        }
        let scale = if days { 1440 } else { 1 };
        // Steps of two or three minutes may all be gaps in one-minute bars.
        let timeframe = Timeframe::from_millis(timeframe.millis() * scale * longer).unwrap();
        let mut series = Series::new(symbol.trim(), timeframe, bars).unwrap();
        for (i, extra) in Extra::ALL.into_iter().enumerate().filter(|(i, _)| kept >> i & 1 == 1) {
            let mut values: Vec<f64> = rows.iter().map(|(_, extras)| extras[i]).collect();
            if extra == Extra::AdjClose {
                values = series.closes(); // as every import leaves it
            }
            series = series.with_extra(extra, values).unwrap();
        }
        let options = ReadOptions { repair: true, ..ReadOptions::default() };
        let mut before = series.clone();
        for name in ["ANY_1.csv", "ANY_2.parquet", "ANY_3.feather", "ANY_4.csv", "ANY_5.feather", "ANY_6.parquet"] {
            let path = folder.path().join(name);
            write_series(&path, &before).unwrap();
            let after = read_series(&path, &options).unwrap().0;
            prop_assert_eq!(after.bars(), series.bars(), "{}", name);
            prop_assert_eq!(bits(&after), bits(&series), "{}", name);
            prop_assert_eq!(after.timeframe, series.timeframe, "{}", name);
            prop_assert_eq!(&after.symbol, &series.symbol);
            before = after;
        }
        prop_assert_eq!(before.fingerprint(), series.fingerprint());
    }
}

#[test]
fn prices_kept_as_traded_stay_so_in_every_kind_of_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "Date,Open,High,Low,Close,Adj Close,Volume\n2024-01-01,10,12,9,11,5.5,7\n2024-01-02,5,6,4,5.5,5.5,7\n";
    let options = ReadOptions { keep_unadjusted: true, ..ReadOptions::default() };
    let (series, report) = read_series(&write(folder.path(), "ANY.csv", text), &options).unwrap();
    assert_eq!((series.bars()[0].close, finding(&report, "unadjusted").count), (11.0, 1));
    for name in ["ANY_1.csv", "ANY_2.parquet", "ANY_3.feather"] {
        let path = folder.path().join(name);
        write_imported(&path, &series, &report).unwrap();
        let (again, told) = read_series(&path, &ReadOptions::default()).unwrap();
        assert_eq!((again.bars(), told.unadjusted), (series.bars(), true), "{name}");
        assert_eq!(again.fingerprint(), series.fingerprint(), "{name}");
    }
}
