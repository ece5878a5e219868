//! No value at a bar depends on a later bar: lines, features, forecasts, decisions.

use std::fs;
use std::path::Path;

use glassbox::config::{FeatureGroup, FeaturesConfig};
use glassbox::data::{ReadOptions, read_series};
use glassbox::dataset::extract;
use glassbox::indicators::{compute, default_catalogue};
use glassbox::market::Series;
use glassbox::runs::RunDir;
use glassbox::tasks::{Fitted, Job, PredictRequest, PredictionRecord, predict, read_forecast};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::common::{BARS, FINISHED, csv, series, walk};

const CUTS: usize = 20;

fn cuts(seed: u64, range: std::ops::Range<usize>) -> Vec<usize> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    (0..CUTS).map(|_| rng.random_range(range.clone())).collect()
}

fn sample(name: &str, bars: usize) -> Series {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("sample_data").join(name);
    read_series(&path, &ReadOptions::default()).unwrap().0.truncated(bars)
}

/// Equal bits, or both missing.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[track_caller]
fn check_lines_and_features(series: &Series, seed: u64) {
    let instances = default_catalogue();
    let config = FeaturesConfig { lookback_windows: vec![5, 10], ..FeaturesConfig::default() };
    assert_eq!(config.groups.len(), 10, "all groups are on, {:?} among them", FeatureGroup::Spectral);
    let lines = compute(&instances, series);
    let features = extract(series, &lines, &config).unwrap();
    for cut in cuts(seed, 300..series.len()) {
        let short = series.truncated(cut);
        let short_lines = compute(&instances, &short);
        assert_eq!(short_lines.columns.len(), lines.columns.len());
        for (a, b) in short_lines.columns.iter().zip(&lines.columns) {
            let differs = (0..cut).find(|&t| !same(a.values[t], b.values[t]));
            assert_eq!(differs, None, "{} changes with the bars after {cut}", a.name);
        }
        let short_features = extract(&short, &short_lines, &config).unwrap();
        assert_eq!(short_features.specs.len(), features.specs.len());
        for t in 0..cut {
            let pair = short_features.row(t).iter().zip(features.row(t));
            let differs = pair.enumerate().find(|(_, (a, b))| !same(f64::from(**a), f64::from(**b)));
            if let Some((i, _)) = differs {
                panic!("{} at {t} changes with the bars after {cut}", features.specs[i].name);
            }
        }
    }
}

#[test]
fn lines_and_features_of_bitcoin_know_no_future() {
    check_lines_and_features(&sample("BTCUSDT_4h_binance_20170817-20240101.csv", 1500), 1);
}

#[test]
fn lines_and_features_of_a_stock_know_no_future() {
    check_lines_and_features(&sample("IBM_1d_quandl_wiki_20000301-20130301.csv", 1200), 2);
}

#[test]
fn lines_and_features_of_a_random_walk_know_no_future() {
    check_lines_and_features(&series(walk(7, 1200)), 3);
}

fn predictions(data: &Path, workspace: &Path) -> Vec<PredictionRecord> {
    let (workspace, run, data) = (workspace.to_owned(), FINISHED.run.clone(), data.to_owned());
    predict(&PredictRequest { workspace, run, data, last: None }, &Job::detached()).unwrap()
}

#[test]
fn predictions_and_decisions_know_no_future() {
    let dir = tempfile::tempdir().unwrap();
    let bars = walk(1, BARS);
    let full = predictions(&FINISHED.lab.bars(), dir.path());
    assert_eq!(full.len(), BARS);
    let decisions = |word: &str| full.iter().filter(|r| r.decision.as_deref() == Some(word)).count();
    assert!(decisions("enter long") > 0 && decisions("stay out") > 0, "the test needs decisions of both kinds");
    let data = dir.path().join("SYN_4h.csv");
    for cut in cuts(4, 100..BARS) {
        fs::write(&data, csv(&bars[..cut])).unwrap();
        let short = predictions(&data, dir.path());
        assert_eq!(short.len(), cut);
        for (a, b) in short.iter().zip(&full) {
            // As text, so that every bit counts and NaN equals NaN.
            assert_eq!(format!("{a:?}"), format!("{b:?}"), "cut at {cut}");
        }
    }
}

#[test]
fn predictions_are_those_of_the_run() {
    let dir = tempfile::tempdir().unwrap();
    let live = predictions(&FINISHED.lab.bars(), dir.path());
    let fitted = Fitted::load(&RunDir::open(&FINISHED.run).unwrap()).unwrap();
    let stored = read_forecast(&FINISHED.run.join("predictions.parquet"), &fitted).unwrap();
    assert_eq!(stored.timestamp, live.iter().map(|record| record.timestamp).collect::<Vec<_>>());
    let near = |a: f64, b: Option<f64>, what: &str, t: usize| match b {
        Some(b) => assert!((a - b).abs() <= 1e-6, "{what} of bar {t}: {a} and {b}"),
        None => assert!(a.is_nan(), "{what} of bar {t}: {a} and nothing"),
    };
    let mut known = 0;
    for (t, record) in live.iter().enumerate() {
        assert_eq!(stored.slice[t], record.slice);
        assert_eq!(stored.raw.problem[t].is_some(), record.no_prediction.is_some());
        assert_eq!(stored.regime[t], record.regime);
        near(stored.entry_prob[t], record.entry_prob, "entry", t);
        near(stored.entry_prob_calibrated[t], record.entry_prob_calibrated, "calibrated entry", t);
        near(stored.exit_prob[t], record.exit_prob, "exit", t);
        near(stored.raw.expected_return[t], record.expected_return, "return", t);
        near(stored.raw.volatility[t], record.volatility, "volatility", t);
        near(stored.raw.size[t], record.size, "size", t);
        known += usize::from(record.no_prediction.is_none());
    }
    assert!(known > BARS / 2);
}
