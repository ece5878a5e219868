//! Valid files that damage begins with.

use std::io::Write as _;

use super::super::super::write_series;
use super::super::{HEADER, HOUR, START, awkward, walk};

/// Packs bytes into another file.
type Pack = fn(&[u8]) -> Vec<u8>;

/// A kind of file.
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) file: &'static str,
    /// Made of lines.
    pub(super) text: bool,
    /// Bytes that such files begin and end with.
    pub(super) marks: (&'static [u8], &'static [u8]),
    pub(super) pack: Option<Pack>,
}

pub(super) const KINDS: [Kind; 7] = [
    Kind { name: "csv", file: "A.csv", text: true, marks: (HEADER.as_bytes(), b""), pack: None },
    Kind { name: "json", file: "A.json", text: true, marks: (b"[[", b"]]"), pack: None },
    Kind { name: "parquet", file: "A.parquet", text: false, marks: (b"PAR1", b"PAR1"), pack: None },
    Kind { name: "feather", file: "A.feather", text: false, marks: (b"ARROW1\0\0", b"ARROW1"), pack: None },
    Kind {
        name: "gzip",
        file: "A.csv.gz",
        text: true,
        marks: (b"\x1f\x8b\x08\0\0\0\0\0\0\x03", b""),
        pack: Some(gzip),
    },
    Kind { name: "zstd", file: "A.csv.zst", text: true, marks: (b"\x28\xb5\x2f\xfd", b""), pack: Some(zstd) },
    Kind { name: "zip", file: "A.zip", text: true, marks: (b"PK\x03\x04", b"PK\x05\x06"), pack: Some(zip) },
];

impl Kind {
    pub(super) fn seeds(&self) -> Vec<Vec<u8>> {
        match self.name {
            "json" => json(),
            "parquet" | "feather" => {
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join(self.file);
                let series = [awkward(30), awkward(2), awkward(300)];
                let file = |series| {
                    write_series(&path, series).unwrap();
                    std::fs::read(&path).unwrap()
                };
                series.iter().map(file).collect()
            }
            _ => csv(),
        }
    }
}

fn csv() -> Vec<Vec<u8>> {
    let bars = walk(25, HOUR);
    let rows = |time: fn(i64) -> String, sign: &str| -> String {
        let row = |b: &crate::market::Bar| {
            [
                time(b.timestamp),
                b.open.to_string(),
                b.high.to_string(),
                b.low.to_string(),
                b.close.to_string(),
                b.volume.to_string(),
            ]
            .join(sign)
                + "\n"
        };
        bars.iter().map(row).collect()
    };
    let iso = super::super::super::time_text;
    let epoch = |t: i64| t.to_string();
    let day = |t: i64| format!("{:02}.01.2024 {:02}:00", 1 + (t - START) / HOUR / 24, (t - START) / HOUR % 24);
    let split = |t: i64| format!("2024.01.{:02},{:02}:00", 1 + (t - START) / HOUR / 24, (t - START) / HOUR % 24);
    let wide = |t: i64| format!("{t},1,2,0.5,1.5,7");
    [
        format!("{HEADER}{}", rows(iso, ",")),
        format!("# a banner\n{HEADER}{}", rows(iso, ",")).replace(',', ";").replace('.', ","),
        rows(epoch, ","),
        rows(split, ","),
        format!("Date\tOpen\tHigh\tLow\tClose\tVolume\n{}", rows(day, "\t")),
        format!(
            "date,symbol,open,high,low,close,volume_btc,volume\n{}",
            rows(|t| super::super::super::time_text(t) + ",X", ",").replace('\n', ",1\n")
        ),
        format!(
            ",BTC:open,BTC:high,BTC:low,BTC:close,BTC:volume,ETH:open,ETH:high,ETH:low,ETH:close,ETH:volume\n{}",
            rows(wide, ",")
        ),
        format!("Date,Open,High,Low,Close,Volume,Adj Close\n{}", rows(iso, ",").replace('\n', ",99.5\n")),
    ]
    .map(String::into_bytes)
    .to_vec()
}

fn json() -> Vec<Vec<u8>> {
    let bars = walk(20, HOUR);
    let array =
        |b: &crate::market::Bar| format!("[{},{},{},{},{},{}]", b.timestamp, b.open, b.high, b.low, b.close, b.volume);
    let record = |b: &crate::market::Bar| {
        format!(
            "{{\"t\":{},\"o\":\"{}\",\"h\":{},\"l\":{},\"c\":{},\"v\":{}}}",
            b.timestamp, b.open, b.high, b.low, b.close, b.volume
        )
    };
    let arrays = bars.iter().map(array).collect::<Vec<_>>().join(",\n");
    let records = bars.iter().map(record).collect::<Vec<_>>();
    [
        format!("[{arrays}]"),
        format!("[{}]", records.join(",\n")),
        records.join("\n"),
        format!("{{\"code\":\"0\",\"data\":[{arrays}]}}"),
        "{\"s\":\"ok\",\"t\":[1704067200,1704070800,1704074400],\"o\":[1,2,3],\"h\":[2,3,4],\"l\":[1,1,2],\"c\":[2,2,3],\"v\":[1,1,1]}".to_owned(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn zip(bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in [("A-1h-2024-01.csv", bytes), ("readme.txt", b"x")] {
        archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
