use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::{CaptureKey, CaptureState, capture_path, read_capture, write_capture};
use super::{START, awkward, read};
use crate::indicators::{Line, Lines, Unit};
use crate::jobs::{self, JobContext, Outcome};

const DAY: i64 = 86_400_000;

fn key() -> CaptureKey {
    CaptureKey { fingerprint: "abc".to_owned(), catalogue: "v1;rsi(period=14)".to_owned() }
}

/// `count` lines with a warm-up of NaN.
fn lines(count: usize, bars: usize) -> Lines {
    let value = |line: usize, i: usize| if i < line { f64::NAN } else { (i as f64).sqrt() - line as f64 / 3.0 };
    let line = |n: usize| Line {
        name: format!("rsi_{n}.rsi"),
        meaning: "strength".into(),
        unit: Unit::PERCENT,
        internal: n % 2 == 1,
        values: (0..bars).map(|i| value(n, i)).collect(),
    };
    Lines { columns: (0..count).map(line).collect() }
}

fn headers(lines: &Lines) -> Lines {
    Lines { columns: lines.columns.iter().map(|line| Line { values: Vec::new(), ..line.clone() }).collect() }
}

fn reason(path: &Path, key: &CaptureKey, expected: &Lines) -> String {
    match read_capture(path, key, expected) {
        CaptureState::Stale(reason) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_path_says_what_is_inside() {
    let hour = "4h".parse().unwrap();
    let path = capture_path(Path::new("w"), "BTC/USDT", hour, START, START + DAY + 90 * 60_000);
    assert_eq!(path, Path::new("w/neural_data/BTC-USDT_4h_20240101T0000_20240102T0130_neural_data.parquet"));
}

#[test]
fn a_capture_gives_back_the_lines_and_the_bars() {
    let folder = tempfile::tempdir().unwrap();
    let series = awkward(400);
    let lines = lines(70, 400); // more than two reading groups
    let path = capture_path(folder.path(), &series.symbol, series.timeframe, START, START + DAY);
    assert!(matches!(read_capture(&path, &key(), &lines), CaptureState::Missing));
    write_capture(&path, &series, &lines, &key()).unwrap();
    let CaptureState::Fresh(back) = read_capture(&path, &key(), &headers(&lines)) else { panic!("not fresh") };
    assert_eq!(back.columns.len(), 70);
    for (a, b) in lines.columns.iter().zip(&back.columns) {
        assert_eq!((&a.name, &a.meaning, a.unit, a.internal), (&b.name, &b.meaning, b.unit, b.internal));
        assert!(a.values.iter().map(|v| v.to_bits()).eq(b.values.iter().map(|v| v.to_bits())), "{}", a.name);
    }
    let (bars, report) = read(&path);
    assert_eq!(bars.fingerprint(), series.fingerprint());
    assert_eq!(report.dropped_columns.len(), 70);
}

#[test]
fn lines_are_found_by_name_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.parquet");
    let written = lines(5, 20);
    write_capture(&path, &awkward(20), &written, &key()).unwrap();
    let mut wanted = headers(&written);
    wanted.columns.reverse();
    let CaptureState::Fresh(back) = read_capture(&path, &key(), &wanted) else { panic!("not fresh") };
    assert_eq!(back.columns[0].name, "rsi_4.rsi");
    assert_eq!(back.columns[0].values[19], written.columns[4].values[19]);
}

#[test]
fn a_stale_capture_says_what_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.parquet");
    let written = lines(3, 20);
    write_capture(&path, &awkward(20), &written, &key()).unwrap();

    let bars = CaptureKey { fingerprint: "abd".to_owned(), ..key() };
    assert_eq!(reason(&path, &bars, &written), "the input bars changed");
    let catalogue = CaptureKey { catalogue: "v1;rsi(period=15)".to_owned(), ..key() };
    assert_eq!(reason(&path, &catalogue, &written), "parameters or catalogue changed: rsi");
    assert_eq!(reason(&path, &key(), &lines(4, 20)), "parameters or catalogue changed: line rsi_3.rsi is new");
    assert_eq!(reason(&path, &catalogue, &lines(2, 20)), "parameters or catalogue changed: line rsi_2.rsi is gone");
    let mut other = headers(&written);
    other.columns[1].unit = Unit::RATIO;
    assert_eq!(reason(&path, &key(), &other), "parameters or catalogue changed: line rsi_1.rsi is declared anew");
}

#[test]
fn a_damaged_capture_is_stale_not_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.parquet");
    let written = lines(3, 20);
    write_capture(&path, &awkward(20), &written, &key()).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for content in [&b""[..], b"PAR1", &whole[..whole.len() - 5], &whole[40..]] {
        std::fs::write(&path, content).unwrap();
        let reason = reason(&path, &key(), &written);
        assert!(reason.starts_with("unreadable file: "), "{reason}");
    }
    // What no capture of ours holds: a plain series.
    super::super::write_series(&path, &awkward(20)).unwrap();
    assert_eq!(reason(&path, &key(), &written), "the input bars changed");
}

#[test]
fn writers_take_turns_and_a_left_lock_file_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.parquet");
    std::fs::write(folder.path().join(".c.parquet.lock"), "left behind").unwrap();
    write_capture(&path, &awkward(200), &lines(10, 200), &key()).unwrap();

    let lock = std::fs::File::open(folder.path().join(".c.parquet.lock")).unwrap();
    lock.lock().unwrap();
    let waiting = [1, 2].map(|n| {
        let path = path.clone();
        let write = move |_: &JobContext<()>| Ok(write_capture(&path, &awkward(200), &lines(10 + n, 200), &key())?);
        jobs::spawn("capture", Arc::new(|| ()), write).unwrap()
    });
    assert!(waiting[0].wait(Duration::from_millis(100)).is_none(), "wrote beside another writer");
    assert!(matches!(read_capture(&path, &key(), &lines(10, 200)), CaptureState::Fresh(_)));
    drop(lock);
    for job in waiting {
        assert!(matches!(job.wait(Duration::from_mins(1)), Some(Outcome::Finished(()))));
    }
    let last = [11, 12].map(|n| matches!(read_capture(&path, &key(), &lines(n, 200)), CaptureState::Fresh(_)));
    assert!(last == [true, false] || last == [false, true]);
}

#[test]
fn ragged_lines_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.parquet");
    let sentence = write_capture(&path, &awkward(20), &lines(2, 19), &key()).unwrap_err().to_string();
    assert!(sentence.contains("column rsi_0.rsi has 19 values where the others have 20"), "{sentence}");
    assert!(!path.exists());
}
