//! The cache finds what was computed from the same content, and nothing else.

use std::fs;

use super::tests::{bits, config, lines, series};
use super::*;
use crate::config::{FeatureGroup, FeaturesConfig};
use crate::indicators::Lines;
use crate::market::Series;

fn got(
    cache: &FeatureCache,
    series: &Series,
    lines: &Lines,
    config: &FeaturesConfig,
    catalogue: &str,
) -> (Features, CacheNote) {
    let content = FeatureContent { series, lines, config, catalogue, others: &[] };
    cache.get(&content, || extract(series, lines, config)).unwrap()
}

#[test]
fn the_same_content_is_read_and_any_change_is_computed() {
    let dir = tempfile::tempdir().unwrap();
    let cache = FeatureCache::new(dir.path().join("features")).with_bounds(1 << 30, 0);
    let series = series(120, 1);
    let lines = lines(&series);
    let small = FeaturesConfig { groups: vec![FeatureGroup::Lines, FeatureGroup::Windows], ..config() };
    let get = |series: &Series, lines: &Lines, config: &FeaturesConfig, catalogue: &str| {
        got(&cache, series, lines, config, catalogue)
    };
    let (first, note) = get(&series, &lines, &small, "a");
    assert!(!note.reused && note.files.unwrap().contains("MB of features were kept in "));
    assert_eq!(note.reason, "no cached features of these bars, lines and configuration");
    let (again, note) = get(&series, &lines, &small, "a");
    assert!(note.reused && note.files.is_none() && bits(&again.data) == bits(&first.data));
    assert_eq!((&again.specs, again.bars, again.feature_dim), (&first.specs, first.bars, first.feature_dim));
    let scaled = FeaturesConfig { pca: 0.9, max_correlation: 0.5, noise: 0.1, fe_chunk: 7, ..small.clone() };
    assert!(get(&series, &lines, &scaled, "a").1.reused, "no feature depends on these");

    let mut bars = series.bars().to_vec();
    bars[3].volume += 1.0;
    let other = Series::new("TEST", series.timeframe, bars).unwrap();
    assert!(!get(&other, &lines, &small, "a").1.reused, "a bar");
    let mut changed = lines.clone();
    changed.columns[9].values[50] += 1e-9;
    assert!(!get(&series, &changed, &small, "a").1.reused, "a line's value");
    changed = lines.clone();
    changed.columns[9].name += "x";
    assert!(!get(&series, &changed, &small, "a").1.reused, "a line's name");
    assert!(!get(&series, &lines, &small, "b").1.reused, "the catalogue");
    let longer = FeaturesConfig { lookback_windows: vec![20, 5, 41], ..small.clone() };
    assert!(!get(&series, &lines, &longer, "a").1.reused, "the configuration");
    let others = ["an external file".to_owned()];
    let content = FeatureContent { series: &series, lines: &lines, config: &small, catalogue: "a", others: &others };
    assert!(!cache.get(&content, || extract(&series, &lines, &small)).unwrap().1.reused, "another source");
    assert!(get(&series, &lines, &small, "a").1.reused, "the first is still there");
}

#[test]
fn a_damaged_file_is_computed_again_and_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let cache = FeatureCache::new(dir.path()).with_bounds(1 << 30, 0);
    let series = series(120, 2);
    let lines = lines(&series);
    let small = FeaturesConfig { groups: vec![FeatureGroup::Windows], ..config() };
    let get = || got(&cache, &series, &lines, &small, "");
    let (first, _) = get();
    let path = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&path).unwrap();
    let cut = good[..good.len() - 1].to_vec();
    let flipped = |at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        bytes
    };
    let other_key = {
        let text = String::from_utf8_lossy(&good[16..80]).into_owned();
        let at = 16 + text.find("\"key\":\"").unwrap() + 7;
        let mut bytes = good.clone();
        bytes[at] = if bytes[at] == b'0' { b'1' } else { b'0' };
        bytes
    };
    let cases = [
        (cut, "damaged ("),
        (flipped(good.len() - 5), "damaged (another checksum)"),
        (flipped(0), "damaged (no header)"),
        (flipped(15), "damaged (no header)"),
        (other_key, "of other bars, lines or configuration"),
        (Vec::new(), "damaged ("),
    ];
    for (bytes, reason) in cases {
        fs::write(&path, bytes).unwrap();
        let (features, note) = get();
        assert!(!note.reused && note.reason.contains(reason), "{} instead of {reason}", note.reason);
        assert!(bits(&features.data) == bits(&first.data));
        assert_eq!(fs::read(&path).unwrap(), good, "replaced after: {reason}");
    }
}

#[test]
fn the_cache_stays_within_its_limit_and_out_of_small_matters() {
    let dir = tempfile::tempdir().unwrap();
    let series = series(120, 3);
    let lines = lines(&series);
    let small = FeaturesConfig { groups: vec![FeatureGroup::Windows], ..config() };
    let count = || fs::read_dir(dir.path()).unwrap().count();
    let without = FeaturesConfig { groups: vec![FeatureGroup::Lines], ..config() };
    let cache = FeatureCache::new(dir.path()).with_bounds(1 << 30, 0);
    got(&cache, &series, &lines, &without, "");
    got(&FeatureCache::new(dir.path()), &series, &lines, &small, "");
    assert_eq!(count(), 0);
    let (features, _) = got(&cache, &series, &lines, &small, "");
    let bytes = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().metadata().unwrap().len();
    let tight = cache.clone().with_bounds(2 * bytes + 100, 0);
    assert!(!got(&tight, &series, &lines, &small, "b").1.files.unwrap().contains("made room"));
    let (_, note) = got(&tight, &series, &lines, &small, "c");
    assert!(note.files.unwrap().contains(", where 1 of the oldest files made room: it holds at most"));
    assert_eq!(count(), 2);
    assert!(got(&tight, &series, &lines, &small, "c").1.reused, "the newest stays");
    let tiny = cache.with_bounds((features.data.len() * 4 - 1) as u64, 0);
    let (_, note) = got(&tiny, &series, &lines, &small, "d");
    assert!(note.files.unwrap().contains("MB of features were not kept: "));
}
