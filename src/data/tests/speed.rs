//! Not part of the suite: `cargo test --release --lib -- --ignored --nocapture million`.

use std::fmt::Write as _;
use std::time::Instant;

use polars::prelude::{CsvParseOptions, CsvReadOptions, SerReader as _};

use super::{START, import, write};

/// A million one-minute bars against polars' own reader on the same file in the same run, turn by turn.
#[test]
#[ignore = "a measurement"]
fn a_million_bars() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = String::from("timestamp,open,high,low,close,volume\n");
    for i in 0..1_000_000_i64 {
        let close = 40_000.0 + 1000.0 * (i as f64 / 5000.0).sin();
        let time = super::super::time_text(START + i * 60_000);
        writeln!(
            text,
            "{time},{:.2},{:.2},{:.2},{close:.2},{:.5}",
            close - 1.5,
            close + 7.25,
            close - 8.5,
            (i % 1000) as f64 / 7.0
        )
        .unwrap();
    }
    let path = write(folder.path(), "BTCUSDT_1m.csv", &text);
    let polars = |dates: bool| {
        let start = Instant::now();
        let options = CsvReadOptions::default().with_has_header(true);
        let options = options.with_parse_options(CsvParseOptions::default().with_try_parse_dates(dates));
        let frame = options.try_into_reader_with_file_path(Some(path.clone())).unwrap().finish().unwrap();
        assert_eq!(frame.height(), 1_000_000);
        start.elapsed().as_secs_f64()
    };
    let ours = || {
        let start = Instant::now();
        assert_eq!(import(&path).0.len(), 1_000_000);
        start.elapsed().as_secs_f64()
    };
    let mut times: [Vec<f64>; 3] = Default::default();
    for _ in 0..9 {
        times[0].push(ours());
        times[1].push(polars(false));
        times[2].push(polars(true));
    }
    let [ours, plain, dates] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    println!(
        "import {ours:.3} s; polars {plain:.3} s (times as text), {dates:.3} s (times parsed); ratio {:.2} and {:.2}",
        plain / ours,
        dates / ours
    );
}
