//! Tests of the room as a whole, on small files in a temporary folder and on the sample data.

mod captures;
mod fuzz;
mod repair;
mod sample_data;
mod sentences;
mod series;
mod tables;

use std::path::{Path, PathBuf};

use super::{ReadOptions, ReadReport, read_series};
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
