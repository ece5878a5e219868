//! Several processes at one workspace, some of them killed.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use glassbox::data::{
    CaptureBuilder, CaptureFile, CaptureKey, CaptureLock, CaptureState, DataError, ReadOptions, capture_path,
    check_capture, delete_stored, read_capture, read_series, write_series,
};
use glassbox::indicators::{Instance, Lines, catalogue_key, compute, parse_instance};
use glassbox::market::{Bar, Series};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Workspace in which the other process writes.
const WORKSPACE: &str = "GLASSBOX_WRITER";
/// How many bars it captures, to begin with.
const BARS: &str = "GLASSBOX_WRITER_BARS";
/// Kills without the environment variable `GLASSBOX_KILLS`.
const KILLS: usize = 12;

fn instances() -> Vec<Instance> {
    ["ema", "rsi", "obv", "hurst_exponent"].map(|name| parse_instance(name).unwrap()).to_vec()
}

fn series(bars: usize) -> Series {
    let bar = |i: usize| {
        let price = |i: usize| 100.0 + (i as f64 * 0.37).sin() * 5.0;
        let (open, close) = (price(i), price(i + 1));
        let (high, low) = (open.max(close) + 0.5, open.min(close) - 0.5);
        Bar { timestamp: i as i64 * 3_600_000, open, high, low, close, volume: 10.0 + (i % 13) as f64 }
    };
    Series::new("TWO", "1h".parse().unwrap(), (0..bars).map(bar).collect()).unwrap()
}

fn place(workspace: &Path, series: &Series) -> PathBuf {
    capture_path(workspace, &series.symbol, series.timeframe, 0, series.bars()[series.len() - 1].timestamp)
}

fn key(series: &Series) -> CaptureKey {
    CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(&instances()) }
}

fn capture(workspace: &Path, series: &Series) -> String {
    let (path, key, instances) = (place(workspace, series), key(series), instances());
    let headers = compute(&instances, &series.truncated(0));
    let lock = CaptureLock::wait(&path).unwrap();
    let Some(found) = check_capture(&path, &key, &headers) else { return "fresh".to_owned() };
    let mut builder = CaptureBuilder::start(&path, series, &key, &instances, &found, lock).unwrap();
    while builder.step().unwrap().is_some() {}
    let reason = builder.reason().to_owned();
    builder.finish().unwrap();
    reason
}

/// Captures and imports the growing series again and again.
#[test]
#[ignore = "the other process of the tests below"]
fn write_on_and_on() {
    let workspace = PathBuf::from(std::env::var_os(WORKSPACE).expect("a workspace"));
    let from: usize = std::env::var(BARS).unwrap().parse().unwrap();
    for round in 0_usize.. {
        let series = series(from + round % 40);
        write_series(&workspace.join("data/TWO_1h.parquet"), &series).unwrap();
        capture(&workspace, &series);
        if round % 7 == 3 {
            // Somebody else may have continued and removed it, or be at it.
            delete_stored(&workspace, &place(&workspace, &series)).ok();
        }
    }
}

fn writer(workspace: &Path, bars: usize) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "--ignored", &format!("{}write_on_and_on", module())]);
    command.env(WORKSPACE, workspace).env(BARS, bars.to_string()).env("RAYON_NUM_THREADS", "1");
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Where this file is in the test program.
fn module() -> String {
    module_path!().split_once("::").map_or_else(String::new, |(_, path)| format!("{path}::"))
}

/// Every file that appeared under its name is whole, and every capture holds the lines of its bars.
fn check(workspace: &Path, told: &str) -> usize {
    let (bars, report) = match read_series(&workspace.join("data/TWO_1h.parquet"), &ReadOptions::default()) {
        Ok(read) => read,
        Err(err) => panic!("{told}: {err}"),
    };
    assert_eq!(bars, series(report.rows), "{told}");
    let mut captures = 0;
    for entry in fs::read_dir(workspace.join("neural_data")).unwrap().flatten() {
        if entry.path().extension().is_none_or(|extension| extension != "parquet") {
            continue;
        }
        // It may be continued and removed at this moment.
        let file = match CaptureFile::open(&entry.path()) {
            Ok(file) => file,
            Err(DataError::Read { source, .. }) if source.kind() == ErrorKind::NotFound => continue,
            Err(err) => panic!("{told}: {err}"),
        };
        let series = series(file.bars());
        assert_eq!(file.series().unwrap(), series, "{told}");
        let lines = compute(&instances(), &series);
        let names: Vec<&str> = lines.columns.iter().map(|line| line.name.as_str()).collect();
        for (line, values) in lines.columns.iter().zip(file.lines(&names).unwrap()) {
            assert!(
                line.values.iter().map(|v| v.to_bits()).eq(values.iter().map(|v| v.to_bits())),
                "{told}: {}",
                line.name
            );
        }
        captures += 1;
    }
    captures
}

fn has_begun(workspace: &Path) -> bool {
    let captured = fs::read_dir(workspace.join("neural_data")).into_iter().flatten().flatten();
    workspace.join("data/TWO_1h.parquet").exists()
        && captured.into_iter().any(|entry| entry.path().extension().is_some_and(|extension| extension == "parquet"))
}

fn wait_until(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_mins(2), "{what} does not happen");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn left(workspace: &Path) -> Vec<PathBuf> {
    let files = ["data", "neural_data"].into_iter().flat_map(|folder| fs::read_dir(workspace.join(folder)).unwrap());
    let files = files.map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "tmp")).collect()
}

#[test]
fn two_processes_at_one_workspace_corrupt_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut writers = [writer(folder.path(), 300), writer(folder.path(), 305)];
    wait_until("writing", || has_begun(folder.path()));
    let mut checked = 0;
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(2) || checked < 20 {
        checked += check(folder.path(), "while two write");
        // The third.
        capture(folder.path(), &series(310));
        assert!(start.elapsed() < Duration::from_mins(2), "nothing was checked");
    }
    for writer in &mut writers {
        assert!(writer.try_wait().unwrap().is_none(), "a writer failed");
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
}

#[test]
fn a_killed_writer_leaves_whole_files_and_no_lock() {
    let kills = std::env::var("GLASSBOX_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    for kill in 0..kills {
        let told = format!("kill {kill}");
        let mut child = writer(folder.path(), 200);
        wait_until("writing", || has_begun(folder.path()));
        std::thread::sleep(Duration::from_micros(rng.random_range(0..60_000)));
        assert!(child.try_wait().unwrap().is_none(), "{told}: the writer failed");
        child.kill().unwrap();
        child.wait().unwrap();
        check(folder.path(), &told);
        // The lock of the dead is free, and the work goes on; what it left half-written is cleared away.
        let whole = series(241);
        write_series(&folder.path().join("data/TWO_1h.parquet"), &whole).unwrap();
        capture(folder.path(), &whole);
        let headers: Lines = compute(&instances(), &whole.truncated(0));
        let state = read_capture(&place(folder.path(), &whole), &key(&whole), &headers);
        assert!(matches!(state, CaptureState::Fresh(_)), "{told}");
        check(folder.path(), &told);
        assert_eq!(left(folder.path()), Vec::<PathBuf>::new(), "{told}");
        fs::remove_dir_all(folder.path().join("neural_data")).unwrap();
    }
}
