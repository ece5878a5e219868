//! Bars in JSON, as exchanges and programs give them.

use super::super::{ReadOptions, read_series};
use super::{HOUR, import, read, repaired, walk, write};
use crate::market::{Bar, Extra};

fn rows(bars: &[Bar], row: impl Fn(&Bar) -> String) -> String {
    format!("[{}]", bars.iter().map(row).collect::<Vec<_>>().join(",\n"))
}

fn reads(text: &str, bars: &[Bar]) {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "BTC_USDT-1h.json", text);
    let series =
        read_series(&path, &repaired()).unwrap_or_else(|err| panic!("{err}\n{}", &text[..text.len().min(300)])).0;
    assert_eq!((series.bars(), series.symbol.as_str()), (bars, "BTC/USDT"), "{}", &text[..text.len().min(300)]);
}

#[test]
fn every_shape_of_json_is_read() {
    let bars = walk(60, HOUR);
    let t = |b: &Bar| b.timestamp;
    let array = |b: &Bar| format!("[{},{},{},{},{},{}]", t(b), b.open, b.high, b.low, b.close, b.volume);
    let kline = |b: &Bar| {
        format!(
            "[{},\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",{},\"{}\",9,\"1\",\"2\",\"0\"]",
            t(b),
            b.open,
            b.high,
            b.low,
            b.close,
            b.volume,
            t(b) + HOUR - 1,
            b.volume * b.close
        )
    };
    let record = |b: &Bar| {
        format!(
            "{{\"close\":{},\"open\":{},\"time\":\"{}\",\"high\":\"{}\",\"low\":{},\"volume\":{},\"x\":[1],\"y\":null}}",
            b.close,
            b.open,
            super::super::time_text(t(b)),
            b.high,
            b.low,
            b.volume
        )
    };
    let turned: Vec<Bar> = bars.iter().rev().copied().collect();
    let coinbase = |b: &Bar| format!("[{},{},{},{},{},{}]", t(b) / 1000, b.low, b.high, b.open, b.close, b.volume);
    let okx = |b: &Bar| {
        format!(
            "[\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"{}\",\"1\",\"1\",\"1\"]",
            t(b),
            b.open,
            b.high,
            b.low,
            b.close,
            b.volume
        )
    };
    let column = |value: fn(&Bar) -> f64| format!("{:?}", bars.iter().map(value).collect::<Vec<_>>());
    let times = format!("{:?}", bars.iter().map(|b| b.timestamp / 1000).collect::<Vec<_>>());
    let columns = format!(
        "\"t\":{times},\"o\":{},\"h\":{},\"l\":{},\"c\":{},\"v\":{}",
        column(|b| b.open),
        column(|b| b.high),
        column(|b| b.low),
        column(|b| b.close),
        column(|b| b.volume)
    );
    for text in [
        rows(&bars, array),
        rows(&bars, kline),
        rows(&bars, record),
        rows(&turned, coinbase),
        format!("{{\"code\":\"0\",\"data\":{}}}", rows(&turned, okx)),
        format!("{{\"result\":{{\"candles\":{}}},\"status\":\"success\"}}", rows(&bars, record)),
        bars.iter().map(|b| record(b) + "\n").collect(),
        bars.iter().map(|b| array(b) + "\n").collect(),
        format!("{{\"s\":\"ok\",{columns}}}"),
        format!("[{{\"url\":\"x\",\"response\":{}}}]", rows(&bars, kline)),
    ] {
        reads(&text, &bars);
    }
    let daily = |b: &Bar| {
        format!(
            "\"{}\":{{\"1. open\":\"{}\",\"2. high\":\"{}\",\"3. low\":\"{}\",\"4. close\":\"{}\",\"5. volume\":\"{}\"}}",
            super::super::time_text(t(b)),
            b.open,
            b.high,
            b.low,
            b.close,
            b.volume
        )
    };
    let keyed = format!(
        "{{\"Meta Data\":{{\"a\":\"b\"}},\"Time Series\":{{{}}}}}",
        bars.iter().map(daily).collect::<Vec<_>>().join(",")
    );
    reads(&keyed, &bars);
}

#[test]
fn records_name_their_symbol_and_place() {
    let folder = tempfile::tempdir().unwrap();
    let record = |b: &Bar| {
        format!(
            "{{\"ticker\":\"BTC-USD\",\"startedAt\":\"{}\",\"open\":{},\"high\":{},\"low\":{},\"close\":{},\"baseTokenVolume\":{},\"trades\":3}}",
            super::super::time_text(b.timestamp),
            b.open,
            b.high,
            b.low,
            b.close,
            b.volume
        )
    };
    let bars = walk(30, HOUR);
    let (series, _) = read(&write(folder.path(), "x.json", rows(&bars, record)));
    assert_eq!((series.symbol.as_str(), series.bars()), ("BTC-USD", &bars[..]));
    assert_eq!(series.extra(Extra::Trades).unwrap()[0], 3.0);
    let text = rows(&bars, record).replacen("\"trades\":3}", "\"trades\":\"many\"}", 1);
    let sentence = read_series(&write(folder.path(), "x.json", text), &ReadOptions::default()).unwrap_err().to_string();
    assert!(sentence.contains("x.json, row 1: trades is \"many\""), "{sentence}");
    let two = rows(&bars, record).replacen("BTC-USD", "ETH-USD", 1);
    let sentence = read_series(&write(folder.path(), "x.json", two), &ReadOptions::default()).unwrap_err().to_string();
    assert!(sentence.contains("2 symbols (BTC-USD, ETH-USD)"), "{sentence}");
}

#[test]
fn whole_numbers_keep_every_digit() {
    let folder = tempfile::tempdir().unwrap();
    let row = |i: i64| {
        format!("[{},1,1.2,0.9,1.1,{}]", 1_706_702_400_000_000_000 + i * 60_000_000_000, 9_007_199_254_740_991_i64)
    };
    let text = format!("[{}]", (0..30).map(row).collect::<Vec<_>>().join(","));
    let (series, _) = import(&write(folder.path(), "A.json", text));
    assert_eq!(
        (series.bars()[29].timestamp, series.bars()[0].volume),
        (1_706_702_400_000 + 29 * 60_000, 9_007_199_254_740_991.0)
    );
}
