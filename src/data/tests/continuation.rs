//! Captures of series that grew: continued from saved states to the same bits and bytes as computed at once.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::capture::canonical;
use super::super::{
    CaptureBuilder, CaptureKey, CaptureLock, CaptureState, capture_path, check_capture, read_capture,
    read_capture_lines,
};
use super::{HOUR, walk};
use crate::indicators::{Instance, Library, Lines, Mode, catalogue_key, compute as compute_raw, parse_instance};
use crate::market::{Bar, Extra, Series};

fn catalogue() -> Vec<Instance> {
    Library::default().catalogue(Mode::Standard)
}

/// A few indicators of different natures: sums, recursions, long windows, flows.
fn few() -> Vec<Instance> {
    ["ema", "rsi", "obv", "cumulative_delta", "hilbert_dominant_cycle", "parabolic_sar", "hurst_exponent"]
        .map(|name| parse_instance(name).unwrap())
        .to_vec()
}

/// All at once, as a capture keeps it.
fn compute(instances: &[Instance], series: &Series) -> Lines {
    let mut lines = compute_raw(instances, series);
    canonical(&mut lines);
    lines
}

fn bare(bars: Vec<Bar>) -> Series {
    Series::new("GROWS", "1h".parse().unwrap(), bars).unwrap()
}

/// With taker volumes and trades, some of them missing.
fn with_flows(bars: Vec<Bar>) -> Series {
    let share = |i: usize| if i % 11 == 5 { f64::NAN } else { (i * 37 % 101) as f64 / 100.0 };
    let volumes: Vec<f64> = bars.iter().map(|bar| bar.volume).collect();
    let column = |value: &dyn Fn(usize, f64) -> f64| volumes.iter().enumerate().map(|(i, v)| value(i, *v)).collect();
    let columns = [
        (Extra::QuoteVolume, column(&|_, v| v * 101.0)),
        (Extra::TakerBuyVolume, column(&|i, v| v * share(i))),
        (Extra::TakerBuyQuoteVolume, column(&|i, v| 101.0 * v * share(i))),
        (Extra::Trades, column(&|i, _| 1.0 + (i * 53 % 211) as f64)),
    ];
    columns.into_iter().fold(bare(bars), |series, (extra, values)| series.with_extra(extra, values).unwrap())
}

fn place(workspace: &Path, series: &Series) -> PathBuf {
    let (first, last) = (series.bars()[0].timestamp, series.bars()[series.len() - 1].timestamp);
    capture_path(workspace, &series.symbol, series.timeframe, first, last)
}

fn key(series: &Series, instances: &[Instance]) -> CaptureKey {
    CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(instances) }
}

/// Captures as a task does; the file, the lines and the reason.
fn capture(workspace: &Path, series: &Series, instances: &[Instance]) -> (PathBuf, Lines, String) {
    let (path, key) = (place(workspace, series), key(series, instances));
    let headers = compute(instances, &series.truncated(0));
    let found = check_capture(&path, &key, &headers).expect("not fresh");
    let lock = CaptureLock::wait(&path).unwrap();
    let mut builder = CaptureBuilder::start(&path, series, &key, instances, &found, lock).unwrap();
    let mut lines = headers.clone();
    while let Some(portion) = builder.step().unwrap() {
        for (line, part) in lines.columns.iter_mut().zip(&portion.columns) {
            line.values.extend_from_slice(&part.values);
        }
    }
    let reason = builder.reason().to_owned();
    builder.finish().unwrap();
    let CaptureState::Fresh(read) = read_capture(&path, &key, &headers) else { panic!("not fresh afterwards") };
    same(&read, &lines, "read again");
    (path, lines, reason)
}

fn same(found: &Lines, wanted: &Lines, told: &str) {
    assert_eq!(found.columns.len(), wanted.columns.len());
    for (a, b) in found.columns.iter().zip(&wanted.columns) {
        assert_eq!((&a.name, a.values.len()), (&b.name, b.values.len()), "{told}");
        let differs = a.values.iter().zip(&b.values).position(|(a, b)| a.to_bits() != b.to_bits());
        assert_eq!(differs, None, "{told}: {}", a.name);
    }
}

fn states(capture: &Path) -> PathBuf {
    capture.with_extension("states")
}

/// Files of a workspace, locks aside.
fn files(workspace: &Path) -> Vec<String> {
    let entries = fs::read_dir(workspace.join("neural_data")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| Path::new(name).extension().is_none_or(|e| e != "lock")).collect();
    names.sort();
    names
}

/// Captures `series` at once and gives the bytes of the capture and of its states.
fn at_once(series: &Series, instances: &[Instance]) -> [Vec<u8>; 2] {
    let folder = tempfile::tempdir().unwrap();
    let (path, _, reason) = capture(folder.path(), series, instances);
    assert_eq!(reason, "no capture yet");
    [fs::read(&path).unwrap(), fs::read(states(&path)).unwrap()]
}

#[test]
fn the_whole_catalogue_goes_on_to_the_same_bits_and_bytes() {
    let instances = catalogue();
    for whole in [bare(walk(300, HOUR)), with_flows(walk(300, HOUR))] {
        let lines = compute(&instances, &whole);
        let bytes = at_once(&whole, &instances);
        for cut in [2, 3, 64, 151, 298, 299] {
            let folder = tempfile::tempdir().unwrap();
            let (old, ..) = capture(folder.path(), &whole.truncated(cut), &instances);
            let (new, continued, reason) = capture(folder.path(), &whole, &instances);
            let plural = if cut == 299 { "" } else { "s" };
            assert_eq!(reason, format!("continued: {} new bar{plural}", 300 - cut));
            same(&continued, &lines, &reason);
            assert!([fs::read(&new).unwrap(), fs::read(states(&new)).unwrap()] == bytes, "{reason}: other bytes");
            assert!(!old.exists() && !states(&old).exists(), "the shorter capture stays");
            assert_eq!(files(folder.path()).len(), 2);
        }
    }
}

#[test]
fn the_whole_catalogue_goes_on_over_a_last_bar_that_was_still_forming() {
    let instances = catalogue();
    let whole = with_flows(walk(200, HOUR));
    let lines = compute(&instances, &whole);
    for cut in [2, 90, 199, 200] {
        let mut forming = walk(cut, HOUR);
        let last = &mut forming[cut - 1];
        last.volume /= 3.0;
        last.close = last.open;
        let folder = tempfile::tempdir().unwrap();
        capture(folder.path(), &with_flows(forming), &instances);
        let (path, continued, reason) = capture(folder.path(), &whole, &instances);
        let wanted = match 200 - cut {
            0 => "continued: the last bar was replaced".to_owned(),
            1 => "continued: 1 new bar after a replaced one".to_owned(),
            new => format!("continued: {new} new bars after a replaced one"),
        };
        assert_eq!(reason, wanted);
        same(&continued, &lines, &reason);
        assert_eq!(files(folder.path()).len(), 2);
        assert!(states(&path).exists());
    }
}

#[test]
fn a_series_that_grows_bar_by_bar_is_continued_each_time() {
    let (instances, whole) = (few(), with_flows(walk(120, HOUR)));
    let folder = tempfile::tempdir().unwrap();
    capture(folder.path(), &whole.truncated(100), &instances);
    for bars in 101..=120 {
        let part = whole.truncated(bars);
        let (_, lines, reason) = capture(folder.path(), &part, &instances);
        assert_eq!(reason, "continued: 1 new bar");
        same(&lines, &compute(&instances, &part), &reason);
    }
}

/// Captures `first`, then `second`, which must be right; the reason given for the second.
fn reason_after(first: (&Series, &[Instance]), second: (&Series, &[Instance])) -> String {
    let folder = tempfile::tempdir().unwrap();
    capture(folder.path(), first.0, first.1);
    let (_, lines, reason) = capture(folder.path(), second.0, second.1);
    same(&lines, &compute(second.1, second.0), &reason);
    reason
}

#[test]
fn what_cannot_be_continued_is_computed_and_said() {
    let (instances, whole) = (few(), with_flows(walk(120, HOUR)));
    let part = whole.truncated(100);
    let old = place(Path::new(""), &part).file_name().unwrap().to_str().unwrap().to_owned();
    let cannot = |why: &str| format!("no capture yet; {old} cannot be continued: {why}");

    let mut history = walk(100, HOUR);
    history[30].volume += 1.0;
    assert_eq!(
        reason_after((&with_flows(history), &instances), (&whole, &instances)),
        cannot("bars that it has changed")
    );
    assert_eq!(
        reason_after((&bare(walk(100, HOUR)), &instances), (&whole, &instances)),
        cannot("bars that it has changed"),
        "other extra columns"
    );
    let fewer = reason_after((&part, &instances), (&whole, &instances[1..]));
    assert!(fewer.contains("parameters or catalogue changed: line"), "{fewer}");
    let tuned = [parse_instance("rsi(period=9)").unwrap()];
    let also = [parse_instance("rsi(period=21)").unwrap()];
    let reason = reason_after((&part, &tuned), (&whole, &also));
    assert!(reason.contains("parameters or catalogue changed"), "{reason}");
    assert!(reason_after((&whole, &instances), (&part, &instances)).ends_with("cannot be continued: it is longer"));
    assert!(
        reason_after((&whole.truncated(1), &instances), (&part, &instances)).ends_with("no saved indicator states")
    );
}

#[test]
fn the_same_range_with_other_bars_says_so_once() {
    let (instances, mut bars) = (few(), walk(100, HOUR));
    let before = bare(bars.clone());
    bars[30].volume += 1.0;
    assert_eq!(reason_after((&before, &instances), (&bare(bars.clone()), &instances)), "the input bars changed");

    let folder = tempfile::tempdir().unwrap();
    let (path, ..) = capture(folder.path(), &bare(bars.clone()), &instances);
    fs::write(states(&path), "damaged").unwrap();
    bars[99].volume += 1.0;
    let (_, _, reason) = capture(folder.path(), &bare(bars), &instances);
    let name = path.file_name().unwrap().to_str().unwrap();
    let wanted = format!("the input bars changed; {name} cannot be continued: its saved indicator states are damaged");
    assert_eq!(reason, wanted);
}

#[test]
fn captures_of_other_series_are_left_alone() {
    let instances = few();
    let folder = tempfile::tempdir().unwrap();
    let other = Series::new("OTHER", "1h".parse().unwrap(), walk(50, HOUR)).unwrap();
    let later: Vec<Bar> = walk(60, HOUR).into_iter().skip(10).collect();
    capture(folder.path(), &other, &instances);
    capture(folder.path(), &bare(later), &instances);
    let (_, _, reason) = capture(folder.path(), &bare(walk(80, HOUR)), &instances);
    assert_eq!(reason, "no capture yet");
    assert_eq!(files(folder.path()).len(), 6);
}

#[test]
fn states_laid_out_by_another_program_are_refused() {
    use super::super::capture::SavedStates;
    let (instances, whole) = (few(), with_flows(walk(120, HOUR)));
    let damage: [fn(&mut SavedStates); 4] = [
        |saved| saved.before.states.swap(0, 1),
        |saved| saved.last.states[0] = saved.before.states[0].clone(),
        |saved| {
            for states in [&mut saved.before.states, &mut saved.last.states] {
                *states.last_mut().unwrap() = Vec::new();
            }
        },
        // Another value in the same layout.
        |saved| *saved.before.states[2].last_mut().unwrap() ^= 0x40,
    ];
    for change in damage {
        let folder = tempfile::tempdir().unwrap();
        let (old, ..) = capture(folder.path(), &whole.truncated(100), &instances);
        let mut saved = SavedStates::read(&old).unwrap();
        change(&mut saved);
        saved.write(&old).unwrap();
        let (_, lines, reason) = capture(folder.path(), &whole, &instances);
        assert!(reason.ends_with("those of another program version"), "{reason}");
        same(&lines, &compute(&instances, &whole), &reason);
    }
}

#[test]
fn an_earlier_capture_that_is_damaged_on_the_way_is_computed_anew() {
    let (instances, whole) = (few(), bare(walk(120, HOUR)));
    let folder = tempfile::tempdir().unwrap();
    let (old, ..) = capture(folder.path(), &whole.truncated(100), &instances);
    let (path, key) = (place(folder.path(), &whole), key(&whole, &instances));
    let lock = CaptureLock::wait(&path).unwrap();
    let mut builder = CaptureBuilder::start(&path, &whole, &key, &instances, &CaptureState::Missing, lock).unwrap();
    assert_eq!(builder.reason(), "continued: 20 new bars");
    fs::write(&old, "PAR1").unwrap();
    let lines = builder.step().unwrap().unwrap();
    assert!(builder.reason().starts_with("the earlier capture is unreadable: "), "{}", builder.reason());
    same(&lines, &compute(&instances, &whole), "computed anew");
    builder.finish().unwrap();
    assert!(matches!(read_capture(&path, &key, &lines), CaptureState::Fresh(_)));
}

#[test]
fn a_capture_given_up_leaves_the_one_before() {
    let (instances, whole) = (few(), bare(walk(120, HOUR)));
    let folder = tempfile::tempdir().unwrap();
    let (old, ..) = capture(folder.path(), &whole.truncated(100), &instances);
    let (path, key) = (place(folder.path(), &whole), key(&whole, &instances));
    let start = || {
        let lock = CaptureLock::wait(&path).unwrap();
        CaptureBuilder::start(&path, &whole, &key, &instances, &CaptureState::Missing, lock).unwrap()
    };
    start().finish().unwrap_err();
    let mut builder = start();
    builder.step().unwrap();
    assert!(CaptureLock::try_take(&old).unwrap().is_none(), "both captures are under the lock");
    drop(builder);
    assert!(CaptureLock::try_take(&old).unwrap().is_some());
    assert!(old.exists() && states(&old).exists() && !path.exists());
    assert_eq!(files(folder.path()).len(), 2);
}

#[test]
fn some_lines_are_read_by_name() {
    let (instances, series) = (few(), with_flows(walk(90, HOUR)));
    let folder = tempfile::tempdir().unwrap();
    let (path, lines, _) = capture(folder.path(), &series, &instances);
    let names = [3, 0, 3].map(|n| lines.columns[n].name.as_str());
    for (name, values) in names.iter().zip(read_capture_lines(&path, &names).unwrap()) {
        assert!(values.iter().map(|v| v.to_bits()).eq(lines.get(name).unwrap().values.iter().map(|v| v.to_bits())));
    }
    let file = super::super::CaptureFile::open(&path).unwrap();
    assert_eq!(file.series().unwrap().fingerprint(), series.fingerprint());
    assert_eq!((file.bars(), file.line_names().count()), (90, lines.columns.len()));
    let sentence = read_capture_lines(&path, &["no.line"]).unwrap_err().to_string();
    assert!(sentence.contains("no.line"), "{sentence}");
    let sentence = read_capture_lines(&path, &["timestamp"]).unwrap_err().to_string();
    assert!(sentence.contains("timestamp"), "{sentence}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn growing_at_random_points_gives_the_bits_of_all_at_once(
        mut cuts in proptest::collection::vec(1_usize..140, 1..4),
        flows: bool,
    ) {
        let instances = few();
        let whole = if flows { with_flows(walk(140, HOUR)) } else { bare(walk(140, HOUR)) };
        cuts.sort_unstable();
        cuts.dedup();
        cuts.push(140);
        let folder = tempfile::tempdir().unwrap();
        let mut last = 0;
        for cut in cuts {
            let part = whole.truncated(cut);
            let (_, lines, reason) = capture(folder.path(), &part, &instances);
            prop_assert_eq!(reason.starts_with("continued: "), last >= 2, "{}", reason);
            same(&lines, &compute(&instances, &part), &reason);
            last = cut;
        }
    }

    #[test]
    fn damaged_states_never_give_other_values(at in 0.0..1.0_f64, bit in 0_u8..8, cut: bool) {
        let (instances, whole) = (few(), bare(walk(80, HOUR)));
        let folder = tempfile::tempdir().unwrap();
        let (old, ..) = capture(folder.path(), &whole.truncated(70), &instances);
        let mut bytes = fs::read(states(&old)).unwrap();
        let at = (at * bytes.len() as f64) as usize;
        if cut {
            bytes.truncate(at);
        } else {
            bytes[at] ^= 1 << bit;
        }
        fs::write(states(&old), bytes).unwrap();
        let (_, lines, reason) = capture(folder.path(), &whole, &instances);
        prop_assert!(reason.ends_with("its saved indicator states are damaged"), "{}", reason);
        same(&lines, &compute(&instances, &whole), &reason);
    }

    #[test]
    fn a_capture_is_read_as_it_was_written(values in proptest::collection::vec(proptest::collection::vec(any::<f64>(), 30), 1..5)) {
        use super::super::write_capture;
        use crate::indicators::{Line, Unit};
        let canonical = |v: &f64| if v.is_nan() { f64::NAN } else { *v + 0.0 };
        let line = |(n, values): (usize, &Vec<f64>)| Line {
            name: format!("any.line_{n}"),
            meaning: "anything".into(),
            unit: Unit::RATIO,
            internal: false,
            values: values.iter().map(canonical).collect(),
        };
        let lines = Lines { columns: values.iter().enumerate().map(line).collect() };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c.parquet");
        let series = bare(walk(30, HOUR));
        let key = CaptureKey { fingerprint: series.fingerprint(), catalogue: "v3".to_owned() };
        write_capture(&path, &series, &lines, &key).unwrap();
        let CaptureState::Fresh(read) = read_capture(&path, &key, &lines) else { panic!("not fresh") };
        same(&read, &lines, "read");
    }
}
