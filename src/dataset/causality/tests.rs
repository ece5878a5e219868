//! Honest columns pass with their warm-up, planted ones are named with the right bar.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use proptest::prelude::*;

use super::*;
use crate::config::{FeatureGroup, FeaturesConfig};
use crate::dataset::{ExtraColumns, Features, Schema, extract_rows, least_bars};
use crate::indicators::{Instance, Lines, compute, default_catalogue, parse_instance};
use crate::market::{Bar, Extra, Series};

fn series(n: usize, seed: u64) -> Series {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut close = 100.0;
    let bars = (0..n)
        .map(|t| {
            let open = close;
            close *= 1.0 + rng.random_range(-0.02..0.02);
            let reach = 1.0 + rng.random_range(0.0..0.01);
            Bar {
                timestamp: 1_700_000_000_000 + t as i64 * 3_600_000,
                open,
                high: f64::max(open, close) * reach,
                low: f64::min(open, close) / reach,
                close,
                volume: rng.random_range(1.0..1000.0),
            }
        })
        .collect();
    Series::new("TEST", "1h".parse().unwrap(), bars).unwrap()
}

fn instances(names: &[&str]) -> Vec<Instance> {
    names.iter().map(|name| parse_instance(name).unwrap()).collect()
}

/// A whole column from the bars it is given.
type Rule = fn(&[f64]) -> Vec<f64>;

/// Planted columns in place of features.
struct Planted<'a> {
    series: &'a Series,
    rules: Vec<Rule>,
}

impl Planted<'_> {
    fn of(&self, series: &Series, rows: Range<usize>) -> Vec<f32> {
        let closes = series.closes();
        let columns: Vec<Vec<f64>> = self.rules.iter().map(|rule| rule(&closes)).collect();
        rows.flat_map(|t| columns.iter().map(move |column| column[t] as f32).collect::<Vec<_>>()).collect()
    }
}

impl FeatureReplay for Planted<'_> {
    type Error = Infallible;

    fn stored(&self, rows: Range<usize>) -> Result<Vec<f32>, Infallible> {
        Ok(self.of(self.series, rows))
    }

    fn made(&self, series: &Series, _: &Lines, _: i64, rows: Range<usize>) -> Result<Vec<f32>, Infallible> {
        Ok(self.of(series, rows))
    }
}

/// Verdicts on planted rules at the given cuts.
fn judge(rules: &[Rule], n: usize, cuts: &[usize]) -> Vec<ColumnCausality> {
    let series = series(n, 3);
    let instances = instances(&["rsi"]);
    let lines = compute(&instances, &series);
    let replayed = LineReplay::new(&instances, &series, cuts, 9, true).all(&lines);
    assert_eq!(replayed.tails.iter().map(|tail| tail.at).collect::<Vec<_>>(), cuts);
    let names: Vec<String> = (0..rules.len()).map(|i| format!("f{i}")).collect();
    let planted = Planted { series: &series, rules: rules.to_vec() };
    judge_features(&names, &series, &lines, &replayed, cuts, &planted).unwrap()
}

fn trailing_mean(x: &[f64]) -> Vec<f64> {
    (0..x.len()).map(|t| if t < 4 { f64::NAN } else { x[t - 4..=t].iter().sum::<f64>() / 5.0 }).collect()
}

fn next(x: &[f64], t: usize, by: usize) -> f64 {
    x.get(t + by).copied().unwrap_or(f64::NAN)
}

fn shifted_back(x: &[f64]) -> Vec<f64> {
    (0..x.len()).map(|t| next(x, t, 1)).collect()
}

fn centred_mean(x: &[f64]) -> Vec<f64> {
    let mean = |t: usize| if t < 2 { f64::NAN } else { (t - 2..=t + 2).map(|i| next(x, i, 0)).sum::<f64>() / 5.0 };
    (0..x.len()).map(mean).collect()
}

fn whole_series_score(x: &[f64]) -> Vec<f64> {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    let std = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt();
    (0..x.len()).map(|t| if t < 30 { f64::NAN } else { (x[t] - mean) / std }).collect()
}

/// Looks ahead only where the next bar jumps, and hides it where there is none.
fn sees_jumps(x: &[f64]) -> Vec<f64> {
    (0..x.len()).map(|t| f64::from(u8::from(next(x, t, 1) > 1.3 * x[t]))).collect()
}

#[test]
fn planted_leaks_are_named_with_their_first_bar() {
    let rules: [Rule; 6] = [trailing_mean, shifted_back, centred_mean, whole_series_score, sees_jumps, |x| x.to_vec()];
    let found = judge(&rules, 3000, &[400, 2600]);
    let short = |v: &ColumnCausality| (v.verdict, v.warm_up, v.leaks_at, v.cause);
    assert_eq!(short(&found[0]), (CausalVerdict::NeedsWarmUp, 4, None, None));
    assert_eq!(short(&found[1]), (CausalVerdict::Leaks, 0, Some(399), Some(LeakCause::Cut)));
    assert_eq!(short(&found[2]), (CausalVerdict::Leaks, 2, Some(398), Some(LeakCause::Cut)));
    assert_eq!(short(&found[3]), (CausalVerdict::Leaks, 30, Some(30), Some(LeakCause::Cut)), "every bar changes");
    assert_eq!(short(&found[4]), (CausalVerdict::Leaks, 0, Some(399), Some(LeakCause::Altered)));
    assert_eq!(short(&found[5]), (CausalVerdict::Causal, 0, None, None));
    assert!(found[0].sentence().contains("needs 4 warm-up bars"), "{}", found[0].sentence());
    assert!(found[2].sentence().contains("leaks at bar 398"), "{}", found[2].sentence());
    assert!(found.iter().all(|verdict| verdict.cuts == 2));
}

#[test]
fn every_line_of_the_catalogue_is_causal_and_begins_where_it_says() {
    // Long enough for every line to begin, with columns beyond OHLCV, so that every line has something to read.
    let mut series = series(1600, 5);
    for extra in Extra::ALL {
        let values =
            series.bars().iter().enumerate().map(|(t, b)| b.volume * (0.3 + 0.001 * (t % 37) as f64)).collect();
        series = series.with_extra(extra, values).unwrap();
    }
    let instances = default_catalogue();
    let lines = compute(&instances, &series);
    let cuts = random_cuts(1..series.len(), 8, 1);
    assert_eq!(cuts.len(), 8);
    let found = LineReplay::new(&instances, &series, &cuts, 1, false).all(&lines);
    assert!(found.corrected.is_empty());
    let firsts: Vec<usize> =
        instances.iter().flat_map(|i| (0..i.line_names().len()).map(|k| i.first_index(k))).collect();
    assert_eq!(found.columns.len(), firsts.len());
    for (verdict, first) in found.columns.iter().zip(firsts) {
        let defined = lines.columns.iter().find(|line| line.name == verdict.column).unwrap();
        let begins = defined.values.iter().position(|v| !v.is_nan()).unwrap_or(series.len());
        assert_eq!(verdict.warm_up, begins, "{}", verdict.column);
        assert!(begins >= first, "{}", verdict.column);
        assert!(!verdict.is_bad(), "{}: {}", verdict.column, verdict.sentence());
    }
    let sure = found.columns.iter().filter(|v| v.verdict != CausalVerdict::NeverDefined).count();
    assert!(sure * 10 > found.columns.len() * 9, "{sure} of {} lines have values", found.columns.len());
}

#[test]
fn a_stored_line_that_no_replay_gives_is_caught_at_its_bar() {
    let series = series(900, 6);
    let instances = instances(&["rsi", "macd", "ema"]);
    let honest = compute(&instances, &series);
    let replay = |lines: &Lines| LineReplay::new(&instances, &series, &[200, 700], 1, false).all(lines);
    assert!(replay(&honest).columns.iter().all(|verdict| !verdict.is_bad()));

    let mut tampered = honest.clone();
    tampered.columns[0].values[431] *= 1.0 + 1e-15;
    tampered.columns[1].values.rotate_left(1);
    let warm_up = honest.columns[1].values.iter().position(|v| !v.is_nan()).unwrap();
    tampered.columns[2].values[500] = f64::INFINITY;
    let found = replay(&tampered);
    let short = |i: usize| (found.columns[i].verdict, found.columns[i].leaks_at);
    assert_eq!(short(0), (CausalVerdict::Leaks, Some(431)));
    assert_eq!(short(1), (CausalVerdict::Leaks, Some(warm_up - 1)), "shifted by -1");
    assert_eq!(short(2), (CausalVerdict::NotFinite, Some(500)));
    assert_eq!(found.columns[0].sentence(), "leaks: stored values differ from a replay at bar 431");
    // What stands in their place where features are replayed.
    let truth = found.truth(&tampered, 600);
    for (line, honest) in truth.columns.iter().zip(&honest.columns) {
        assert!(line.values.iter().zip(&honest.values).all(|(a, b)| same(*a, *b)), "{}", line.name);
    }
}

/// Features as training sees them.
struct Extracted<'a> {
    features: &'a Features,
    config: &'a FeaturesConfig,
}

impl FeatureReplay for Extracted<'_> {
    type Error = crate::dataset::DatasetError;

    fn stored(&self, rows: Range<usize>) -> Result<Vec<f32>, Self::Error> {
        let width = self.features.width();
        Ok(self.features.data[rows.start * width..rows.end * width].to_vec())
    }

    fn made(&self, series: &Series, lines: &Lines, _: i64, rows: Range<usize>) -> Result<Vec<f32>, Self::Error> {
        Ok(extract_rows(series, lines, self.config, &ExtraColumns::default(), rows)?.data)
    }
}

fn judged(
    series: &Series,
    instances: &[Instance],
    stored: &Lines,
    config: &FeaturesConfig,
    cuts: &[usize],
) -> (Features, Vec<ColumnCausality>) {
    let replayed = LineReplay::new(instances, series, cuts, 2, true).all(stored);
    let features = extract_rows(series, stored, config, &ExtraColumns::default(), 0..series.len()).unwrap();
    let names: Vec<String> = features.specs.iter().map(|spec| spec.name.clone()).collect();
    let replay = Extracted { features: &features, config };
    let mut found = judge_features(&names, series, stored, &replayed, cuts, &replay).unwrap();
    found.extend(replayed.columns);
    (features, found)
}

#[test]
fn every_feature_of_the_default_catalogue_is_causal() {
    let series = series(1300, 7);
    let instances = default_catalogue();
    let config = FeaturesConfig { lookback_windows: vec![5, 20], ..FeaturesConfig::default() };
    let lines = compute(&instances, &series);
    let cuts = random_cuts(least_bars(&config)..series.len(), 3, 4);
    let (features, found) = judged(&series, &instances, &lines, &config, &cuts);
    assert!(features.width() > 5000);
    assert_eq!(found.len(), features.width() + lines.columns.len());
    let bad: Vec<String> =
        found.iter().filter(|v| v.is_bad()).map(|v| format!("{}: {}", v.column, v.sentence())).collect();
    assert!(bad.is_empty(), "{bad:?}");
    for (i, verdict) in found.iter().enumerate().take(features.width()).step_by(97) {
        let begins = (0..series.len()).find(|&t| !features.row(t)[i].is_nan()).unwrap_or(series.len());
        assert_eq!(verdict.warm_up, begins, "{}", verdict.column);
    }
}

#[test]
fn a_leaking_line_bars_its_features_until_it_is_admitted() {
    let series = series(1000, 8);
    let instances = instances(&["rsi", "ema"]);
    let mut lines = compute(&instances, &series);
    let groups = vec![FeatureGroup::Lines, FeatureGroup::Changes, FeatureGroup::Returns];
    let config = FeaturesConfig { groups, ..FeaturesConfig::default() };
    lines.columns[0].values.rotate_left(3);
    let leaking = lines.columns[0].name.clone();
    let (mut features, found) = judged(&series, &instances, &lines, &config, &[300, 800]);
    let bad: BTreeSet<&str> = found.iter().filter(|v| v.is_bad()).map(|v| v.column.as_str()).collect();
    assert!(bad.contains(leaking.as_str()));

    let barred = bar(&features, &found, &[]);
    let of_line = |features: &Features| -> BTreeSet<String> {
        let from = |spec: &&crate::dataset::FeatureSpec| spec.source.as_deref() == Some(leaking.as_str());
        features.specs.iter().filter(from).map(|spec| spec.name.clone()).collect()
    };
    assert_eq!(barred.keys().cloned().collect::<BTreeSet<_>>(), of_line(&features));
    assert_eq!(of_line(&features).len(), 9);
    assert!(bar(&features, &found, std::slice::from_ref(&leaking)).is_empty());
    assert_eq!(admitted(&features, &found, std::slice::from_ref(&leaking)), barred);
    let velocity = format!("{leaking}.velocity_1");
    assert_eq!(bar(&features, &found, std::slice::from_ref(&velocity)).len(), 8);

    withhold(&mut features, &barred);
    let mut schema = Schema::fit(&features, 200..900, &series.timestamps()).unwrap();
    name_reasons(&mut schema, &barred);
    assert!(schema.inputs.iter().all(|input| !input.name.starts_with(&leaking)));
    let (_, reason) = schema.dropped.iter().find(|(name, _)| *name == velocity).unwrap();
    assert!(reason.contains("stored values differ") && reason.contains("features.admit"), "{reason}");
    assert!(schema.candidates.contains(&velocity), "a model knows the feature it was not given");
}

#[test]
fn cuts_lie_one_in_each_part() {
    assert_eq!(random_cuts(5..5, 4, 1), [] as [usize; 0]);
    assert_eq!(random_cuts(5..7, 4, 1), [5, 6]);
    let cuts = random_cuts(100..1100, 5, 7);
    assert!(cuts.iter().enumerate().all(|(k, cut)| (100 + k * 200..300 + k * 200).contains(cut)), "{cuts:?}");
    assert_ne!(cuts, random_cuts(100..1100, 5, 8));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the reach, the first wrong bar is the cut less the reach.
    #[test]
    fn a_shift_leaks_its_reach_before_the_first_cut(n in 200..900_usize, share in 0.3..0.9_f64, by in 1..60_usize) {
        let cut = (n as f64 * share) as usize;
        let series = series(n, 11);
        let instances = instances(&["rsi"]);
        let lines = compute(&instances, &series);
        let replayed = LineReplay::new(&instances, &series, &[cut], 9, true).all(&lines);
        struct Shift<'a>(&'a Series, usize);
        impl FeatureReplay for Shift<'_> {
            type Error = Infallible;
            fn stored(&self, rows: Range<usize>) -> Result<Vec<f32>, Infallible> {
                self.made(self.0, &Lines::default(), 0, rows)
            }
            fn made(&self, s: &Series, _: &Lines, _: i64, rows: Range<usize>) -> Result<Vec<f32>, Infallible> {
                let closes = s.closes();
                Ok(rows.map(|t| next(&closes, t, self.1) as f32).collect())
            }
        }
        let names = ["shift".to_owned()];
        let found = judge_features(&names, &series, &lines, &replayed, &[cut], &Shift(&series, by)).unwrap();
        // What lies beyond the end is missing in both.
        let expected = (cut < n).then(|| cut - by);
        prop_assert_eq!(found[0].leaks_at, expected);
    }
}
