//! Tests of the room as a whole, on small files in a temporary folder and on the sample data.

mod archives;
mod captures;
mod choices;
mod continuation;
mod fuzz;
mod guesses;
mod identity;
mod json;
mod library;
mod repair;
mod sample_data;
mod sentences;
mod series;
mod tables;

use std::path::{Path, PathBuf};

use super::{Finding, ReadOptions, ReadReport, read_series};
use crate::market::{Bar, Extra, Series};

const HOUR: i64 = 3_600_000;
/// 2024-01-01, a Monday.
const START: i64 = 1_704_067_200_000;

const HEADER: &str = "timestamp,open,high,low,close,volume\n";

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

fn read(path: &Path) -> (Series, ReadReport) {
    read_series(path, &ReadOptions::default()).unwrap()
}

/// The sentence a reading fails with.
fn refusal(path: &Path) -> String {
    read_series(path, &ReadOptions::default()).unwrap_err().to_string()
}

/// Reads as an import does.
fn import(path: &Path) -> (Series, ReadReport) {
    read_series(path, &repaired()).unwrap()
}

fn finding<'a>(report: &'a ReadReport, name: &str) -> &'a Finding {
    report.findings.iter().find(|finding| finding.name == name).unwrap_or_else(|| panic!("{:?}", report.findings))
}

/// Bars of a walk, `step` apart, with three decimals in every price.
fn walk(bars: usize, step: i64) -> Vec<Bar> {
    let mut close = 100.0_f64;
    let thousandth = |x: f64| (x * 1000.0).round() / 1000.0;
    (0..bars)
        .map(|i| {
            let open = close;
            close = thousandth(open * (1.0 + 0.01 * (i as f64 * 1.7).sin()) + 0.013);
            let (high, low) = (thousandth(open.max(close) + 0.25), thousandth(open.min(close) - 0.375));
            Bar { timestamp: START + i as i64 * step, open, high, low, close, volume: 1000.0 + (i % 7) as f64 * 10.5 }
        })
        .collect()
}

fn repaired() -> ReadOptions {
    ReadOptions { repair: true, ..ReadOptions::default() }
}

/// Hourly bars with awkward numbers and one extra with a hole.
fn awkward(bars: usize) -> Series {
    let bar = |i: usize| {
        let close = 0.1 + (i as f64 * 0.7).sin() / 30.0;
        let (high, low) = (close.max(0.1) * 1.5, close.min(0.1) / 1.5);
        let volume = if i.is_multiple_of(7) { 0.0 } else { 1e-300 * i as f64 };
        Bar { timestamp: START + i as i64 * HOUR, open: 0.1, high, low, close, volume }
    };
    let holes = (0..bars).map(|i| if i % 3 == 1 { f64::NAN } else { i as f64 / 3.0 }).collect();
    let bars = (0..bars).map(bar).collect();
    let series = Series::new("ODD", "1h".parse().unwrap(), bars).unwrap();
    series.with_extra(Extra::FundingRate, holes).unwrap()
}
