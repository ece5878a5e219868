//! Compressed files and archives.

use std::io::Write as _;
use std::path::Path;

use zip::write::SimpleFileOptions;

use super::super::{ReadOptions, inspect_file, read_series};
use super::{HEADER, HOUR, START, import, read, repaired, walk, write};
use crate::market::Bar;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn zip(folder: &Path, name: &str, members: &[(&str, &[u8])]) -> std::path::PathBuf {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in members {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    write(folder, name, archive.finish().unwrap().into_inner())
}

/// Rows as Binance publishes them: no header, milliseconds at first, microseconds later.
fn klines(bars: &[Bar], unit: i64) -> String {
    let row = |b: &Bar| {
        let (open, close) = (b.timestamp * unit, (b.timestamp + HOUR) * unit - 1);
        format!(
            "{open},{},{},{},{},{},{close},{},9,1.5,2.5,0\n",
            b.open,
            b.high,
            b.low,
            b.close,
            b.volume,
            b.volume * b.close
        )
    };
    bars.iter().map(row).collect()
}

#[test]
fn months_of_an_archive_are_one_series() {
    let folder = tempfile::tempdir().unwrap();
    let bars = walk(90, HOUR);
    let (a, b, c) = (klines(&bars[..30], 1), klines(&bars[28..60], 1), klines(&bars[60..], 1000));
    let c = format!(
        "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n{c}"
    );
    let path = zip(
        folder.path(),
        "all.zip",
        &[
            ("BTCUSDT-1h-2024-02.csv", b.as_bytes()),
            ("BTCUSDT-1h-2024-01.csv", a.as_bytes()),
            ("BTCUSDT-1h-2024-03.csv", c.as_bytes()),
            ("BTCUSDT-1h-2024-03.csv.CHECKSUM", b"abc"),
            ("README.txt", b"nothing"),
            ("notes.txt", b"no bars in here\n"),
        ],
    );
    let (series, report) = import(&path);
    assert_eq!(series.bars(), bars);
    assert_eq!((series.symbol.as_str(), report.duplicates_dropped), ("BTCUSDT", 2));
    assert_eq!(report.extras, ["quote_volume", "taker_buy_quote_volume", "taker_buy_volume", "trades"]);
    let found = inspect_file(&path, &ReadOptions::default()).unwrap();
    assert_eq!((found.guess.format.as_str(), found.guess.members.len()), ("CSV in zip", 3));
    let bad = klines(&bars[..5], 1).replace(",9,", ",x,");
    let path = zip(folder.path(), "bad.zip", &[("A-1h-1.csv", a.as_bytes()), ("A-1h-2.csv", bad.as_bytes())]);
    let sentence = read_series(&path, &repaired()).unwrap_err().to_string();
    assert!(sentence.contains("bad.zip, line 1 of A-1h-2.csv: trades"), "{sentence}");
}

#[test]
fn an_archive_of_several_symbols_or_lengths_asks() {
    let folder = tempfile::tempdir().unwrap();
    let bars = walk(40, HOUR);
    let text = klines(&bars, 1);
    let path = zip(folder.path(), "a.zip", &[("BTCUSDT-1h.csv", text.as_bytes()), ("ETHUSDT-1h.csv", text.as_bytes())]);
    let sentence = read_series(&path, &repaired()).unwrap_err().to_string();
    assert!(sentence.ends_with("holds 2 symbols (BTCUSDT, ETHUSDT): name one with --symbol"), "{sentence}");
    let options = ReadOptions { symbol: Some("eth/usdt".to_owned()), ..repaired() };
    let series = read_series(&path, &options).unwrap().0;
    assert_eq!((series.symbol.as_str(), series.bars()), ("ETHUSDT", &bars[..]));
    let path = zip(folder.path(), "b.zip", &[("A-1h.csv", text.as_bytes()), ("A-4h.csv", text.as_bytes())]);
    assert!(read_series(&path, &repaired()).unwrap_err().to_string().contains("several lengths (1h, 4h)"));
    let options = ReadOptions { timeframe: Some("1h".parse().unwrap()), ..repaired() };
    assert_eq!(read_series(&path, &options).unwrap().0.bars(), bars);
}

#[test]
fn compressed_files_are_read_through() {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> = (0..50).map(|h| format!("{},1,2,0.5,1.5,10\n", START + h * HOUR)).collect();
    let text = format!("{HEADER}{}", rows.concat());
    let plain = read(&write(folder.path(), "A.csv", &text)).0;
    for (name, content) in [
        ("A.csv.gz", gzip(&text)),
        ("A.csv.zst", zstd::encode_all(text.as_bytes(), 3).unwrap()),
        ("A_packed.csv", gzip(&text)), // the contents decide
    ] {
        let series = read(&write(folder.path(), name, content)).0;
        assert_eq!((series.bars(), series.symbol.as_str()), (plain.bars(), "A"), "{name}");
    }
    let path = zip(folder.path(), "A.zip", &[("A_1h.csv.gz", &gzip(&text))]);
    assert_eq!(read(&path).0, plain);
    let path = zip(folder.path(), "x.zip", &[("readme.md", b"x")]);
    assert!(super::refusal(&path).contains("holds no file of bars"));
    let path = zip(folder.path(), "x.xlsx", &[("[Content_Types].xml", b"x")]);
    assert!(super::refusal(&path).contains("office document"));
}

#[test]
fn large_files_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let bars = walk(200_000, HOUR);
    let row = |b: &Bar| format!("{},{},{},{},{},{}\n", b.timestamp, b.open, b.high, b.low, b.close, b.volume);
    let rows: Vec<String> = bars.iter().map(row).collect();
    let path = write(folder.path(), "A.csv", format!("{HEADER}{}", rows.concat()));
    assert!(std::fs::metadata(&path).unwrap().len() > 9 << 20); // three pieces
    assert_eq!(read(&path).0.bars(), bars);
}
