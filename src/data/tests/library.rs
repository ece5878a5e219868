//! What a workspace holds, listed and deleted.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::super::{
    CaptureBuilder, CaptureKey, CaptureLock, CaptureState, DeleteError, Freshness, LibraryListing, StaleCause,
    capture_path, causality_path, delete_stored, list_stored, write_series,
};
use super::{HOUR, START, read, walk};
use crate::indicators::{Instance, catalogue_key, parse_instance};
use crate::market::{Extra, Series};

fn instances() -> Vec<Instance> {
    vec![parse_instance("rsi").unwrap(), parse_instance("ema").unwrap()]
}

fn series(symbol: &str, bars: usize) -> Series {
    Series::new(symbol, "1h".parse().unwrap(), walk(bars, HOUR)).unwrap()
}

fn keep(workspace: &Path, series: &Series) -> PathBuf {
    let path = workspace.join("data").join(format!("{}_1h.parquet", series.symbol));
    write_series(&path, series).unwrap();
    path
}

fn capture(workspace: &Path, series: &Series, instances: &[Instance]) -> PathBuf {
    let end = series.bars()[series.len() - 1].timestamp;
    let path = capture_path(workspace, &series.symbol, series.timeframe, START, end);
    let key = CaptureKey { fingerprint: series.fingerprint(), catalogue: catalogue_key(instances) };
    let lock = CaptureLock::wait(&path).unwrap();
    let mut builder = CaptureBuilder::start(&path, series, &key, instances, &CaptureState::Missing, lock).unwrap();
    while builder.step().unwrap().is_some() {}
    builder.finish().unwrap();
    path
}

fn list(workspace: &Path) -> LibraryListing {
    list_stored(workspace, &catalogue_key(&instances()))
}

fn freshness(workspace: &Path) -> Freshness {
    let [capture] = list(workspace).captures.try_into().unwrap();
    capture.freshness
}

fn stale(workspace: &Path) -> (StaleCause, String) {
    match freshness(workspace) {
        Freshness::Stale { cause, reason } => (cause, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_workspace_that_is_not_there_holds_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let listing = list(&folder.path().join("none"));
    assert_eq!(listing, LibraryListing { series: Vec::new(), captures: Vec::new(), bytes: 0 });
}

#[test]
fn series_and_captures_are_listed_from_their_footers() {
    let folder = tempfile::tempdir().unwrap();
    let (b, a) = (series("BBB", 60), series("AAA", 40));
    keep(folder.path(), &b);
    let kept = keep(folder.path(), &a);
    let path = capture(folder.path(), &b, &instances());
    let time = UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
    fs::File::options().write(true).open(&kept).unwrap().set_modified(time).unwrap();
    fs::write(folder.path().join("data/notes.txt"), "not listed").unwrap();
    fs::write(folder.path().join("data/.hidden.parquet"), "not listed").unwrap();

    let listing = list(folder.path());
    let symbols: Vec<&str> = listing.series.iter().map(|entry| entry.file.symbol.as_str()).collect();
    assert_eq!(symbols, ["AAA", "BBB"]);
    let first = &listing.series[0];
    assert_eq!((&first.file.path, first.file.bars, first.file.timeframe.as_str()), (&kept, 40, "1h"));
    assert_eq!((first.file.start_ms, first.file.end_ms), (Some(START), Some(START + 39 * HOUR)));
    assert_eq!(first.file.start.as_deref(), Some("2024-01-01T00:00:00Z"));
    assert_eq!(first.file.modified_ms, Some(1_700_000_000_123));
    assert_eq!(first.file.bytes, fs::metadata(&kept).unwrap().len());
    assert_eq!(first.fingerprint.as_deref(), Some(a.fingerprint().as_str()));
    assert_eq!(first.problem, None);

    let [found] = listing.captures.as_slice() else { panic!("{:?}", listing.captures) };
    assert_eq!((&found.file.path, found.file.bars, &found.freshness), (&path, 60, &Freshness::Fresh));
    let columns: usize = instances().iter().map(|instance| instance.line_names().len()).sum();
    assert_eq!(found.lines, columns);
    let size = |path: &Path| fs::metadata(path).unwrap().len();
    assert_eq!(found.file.bytes, size(&path) + size(&path.with_extension("states")));
    assert_eq!(listing.bytes, found.file.bytes + listing.series.iter().map(|entry| entry.file.bytes).sum::<u64>());

    let json = serde_json::to_value(&listing).unwrap();
    assert_eq!(json["captures"][0]["freshness"]["state"], "fresh");
    assert_eq!(json["series"][0]["symbol"], "AAA");
}

#[test]
fn freshness_says_what_would_happen() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path();
    let path = capture(workspace, &series("AAA", 60), &instances());
    assert_eq!(stale(workspace), (StaleCause::SourceMissing, "source missing: no series AAA 1h in data/".to_owned()));
    keep(workspace, &series("AAA", 60));
    assert_eq!(freshness(workspace), Freshness::Fresh);

    keep(workspace, &series("AAA", 63));
    let reason = "3 new bars; the others are kept if they did not change".to_owned();
    assert_eq!(freshness(workspace), Freshness::Continuable { reason });
    fs::remove_file(path.with_extension("states")).unwrap();
    let reason = "3 new bars, and it has no saved indicator states".to_owned();
    assert_eq!(stale(workspace), (StaleCause::BarsChanged, reason));
    keep(workspace, &series("AAA", 50));
    assert_eq!(stale(workspace), (StaleCause::BarsChanged, "the input bars changed".to_owned()));

    let with = |text: &str| catalogue_key(&[parse_instance(text).unwrap(), parse_instance("ema").unwrap()]);
    let of = |catalogue: &str| match list_stored(workspace, catalogue).captures.remove(0).freshness {
        Freshness::Stale { cause, reason } => (cause, reason),
        other => panic!("{other:?}"),
    };
    assert_eq!(of(&with("rsi(period=9)")), (StaleCause::ParametersChanged, "parameters changed: rsi".to_owned()));
    let (cause, reason) = of(&with("obv"));
    assert_eq!((cause, reason.as_str()), (StaleCause::CatalogueChanged, "catalogue changed: new is obv, gone is rsi"));

    write_series(&path, &series("AAA", 50)).unwrap();
    let (cause, reason) = stale(workspace);
    assert_eq!((cause, reason.as_str()), (StaleCause::Unreadable, "unreadable: it is no capture"));
    fs::write(&path, "PAR1").unwrap();
    let listing = list(workspace);
    let found = &listing.captures[0];
    assert!(matches!(found.freshness, Freshness::Stale { cause: StaleCause::Unreadable, .. }));
    assert_eq!((found.file.symbol.as_str(), found.file.start_ms), ("AAA", Some(START)), "the name tells");
}

#[test]
fn the_fingerprint_told_is_that_of_the_bars_read() {
    let folder = tempfile::tempdir().unwrap();
    let signs = (0..300).map(|i| if i % 3 == 0 { -0.0 } else { 0.0 }).collect();
    let mut bars = walk(300, HOUR);
    bars[7].volume = -0.0;
    let series = Series::new("ZERO", "1h".parse().unwrap(), bars).unwrap();
    let path = keep(folder.path(), &series.with_extra(Extra::FundingRate, signs).unwrap());
    let read = read(&path).0;
    assert_eq!(list(folder.path()).series[0].fingerprint, Some(read.fingerprint()));
    assert!(read.extra(Extra::FundingRate).unwrap().iter().all(|value| value.to_bits() == 0));
}

#[test]
fn an_unreadable_series_is_listed_with_its_problem() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/bad.parquet"), "nothing").unwrap();
    let listing = list(folder.path());
    let problem = listing.series[0].problem.clone().unwrap();
    assert!(problem.contains("not a readable Parquet file"), "{problem}");
}

#[test]
fn deleting_takes_the_states_along_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path();
    let (a, b) = (series("AAA", 60), series("BBB", 60));
    let kept = keep(workspace, &a);
    let (path, other) = (capture(workspace, &a, &instances()), capture(workspace, &b, &instances()));

    let lock = CaptureLock::wait(&path).unwrap();
    assert!(matches!(delete_stored(workspace, &path), Err(DeleteError::Busy { .. })));
    assert!(path.exists() && path.with_extension("states").exists());
    drop(lock);
    fs::write(causality_path(&path), "{}").unwrap();
    let deleted = delete_stored(workspace, &path).unwrap();
    assert_eq!(deleted.len(), 3);
    assert!(!causality_path(&path).exists());
    assert!(!path.exists() && !path.with_extension("states").exists());
    assert!(kept.exists() && other.exists() && other.with_extension("states").exists());
    assert_eq!(delete_stored(workspace, &kept).unwrap().len(), 1);
    assert!(!kept.exists());
    assert!(matches!(delete_stored(workspace, &kept), Err(DeleteError::Refused { .. })), "gone already");
}

#[test]
fn what_is_not_the_workspaces_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let workspace = folder.path().join("w");
    let inside = capture(&workspace, &series("AAA", 20), &instances());
    fs::create_dir(workspace.join("data")).unwrap();
    let outside = folder.path().join("mine.parquet");
    fs::write(&outside, "mine").unwrap();
    let refused = |path: &Path| matches!(delete_stored(&workspace, path), Err(DeleteError::Outside { .. }));
    assert!(refused(&outside));
    assert!(refused(&workspace.join("data/../../mine.parquet")));
    assert!(refused(&workspace.join("neural_data/..")));
    fs::write(workspace.join("run.parquet"), "mine").unwrap();
    assert!(refused(&workspace.join("run.parquet")));
    let other_kind = |path: &Path| matches!(delete_stored(&workspace, path), Err(DeleteError::OtherKind { .. }));
    assert!(other_kind(&inside.with_extension("states")));
    fs::write(workspace.join("data/notes.txt"), "mine").unwrap();
    assert!(other_kind(&workspace.join("data/notes.txt")));
    assert!(outside.exists() && inside.exists() && inside.with_extension("states").exists());
}

#[cfg(unix)]
#[test]
fn links_lead_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (workspace, elsewhere) = (folder.path().join("w"), folder.path().join("elsewhere"));
    fs::create_dir_all(&workspace).unwrap();
    fs::create_dir_all(&elsewhere).unwrap();
    let mine = elsewhere.join("mine.parquet");
    fs::write(&mine, "mine").unwrap();
    std::os::unix::fs::symlink(&elsewhere, workspace.join("data")).unwrap();
    let through = workspace.join("data/mine.parquet");
    assert!(matches!(delete_stored(&workspace, &through), Err(DeleteError::Outside { .. })));
    fs::create_dir(workspace.join("neural_data")).unwrap();
    let link = workspace.join("neural_data/a_1h_x_y_neural_data.parquet");
    std::os::unix::fs::symlink(&mine, &link).unwrap();
    delete_stored(&workspace, &link).unwrap();
    assert!(mine.exists() && fs::symlink_metadata(&link).is_err());
}
