//! Causality, determinism and fitting of the room as a whole.

use proptest::prelude::*;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::config::{FeatureGroup, FeaturesConfig};
use crate::indicators::{Kind, Line, Lines, Unit};
use crate::market::{Bar, Series};
use crate::stats;

/// Hourly bars of a random walk; a flat stretch without volume now and then.
pub(super) fn series(n: usize, seed: u64) -> Series {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut close = 100.0;
    let bars = (0..n)
        .map(|t| {
            let flat = t % 97 > 93;
            let open = close;
            close *= if flat { 1.0 } else { 1.0 + rng.random_range(-0.02..0.02) };
            let reach = if flat { 0.0 } else { rng.random_range(0.0..0.01) };
            Bar {
                timestamp: 1_700_000_000_000 + t as i64 * 3_600_000,
                open,
                high: f64::max(open, close) * (1.0 + reach),
                low: f64::min(open, close) * (1.0 - reach),
                close,
                volume: if flat { 0.0 } else { rng.random_range(1.0..1000.0) },
            }
        })
        .collect();
    Series::new("TEST", "1h".parse().unwrap(), bars).unwrap()
}

fn line(name: &str, unit: Unit, values: Vec<f64>) -> Line {
    Line { name: name.to_owned(), meaning: "".into(), unit, internal: false, values }
}

/// A line of every kind, each from its bar alone, with holes and infinities, and the lines that groups look for.
pub(super) fn lines(series: &Series) -> Lines {
    let bars = series.bars();
    let make = |name: &str, unit: Unit, f: &dyn Fn(usize, &Bar) -> f64| {
        line(name, unit, bars.iter().enumerate().map(|(t, b)| if t < 7 { f64::NAN } else { f(t, b) }).collect())
    };
    let mixed = |kind, price, volume| Unit { kind, price, volume };
    // A number from 0 to 1 that depends on the bar only.
    let noise = |b: &Bar, k: f64| ((b.close * 1e3 + b.volume) * k).sin() * 0.5 + 0.5;
    Lines {
        columns: vec![
            make("sma.sma", Unit::PRICE, &|_, b| b.low),
            make("macd.hist", Unit::PRICE_DIFFERENCE, &|_, b| b.close - b.open),
            make("var.var", Unit::price_power(2), &|_, b| (b.close - b.open).powi(2)),
            make("inv.inv", Unit::price_power(-2), &|_, b| 1.0 / (b.close - b.open).powi(2)),
            make("vol.sma", Unit::VOLUME, &|_, b| b.volume),
            make("vol.osc", Unit::VOLUME_DIFFERENCE, &|_, b| b.volume - 500.0),
            make("obv.obv", Unit::CUMULATIVE_VOLUME, &|t, b| t as f64 * 100.0 + b.volume),
            make("pvt.pvt", mixed(Kind::Cumulative, 1, 1), &|t, b| t as f64 + b.close * b.volume),
            make("turnover.turnover", mixed(Kind::Level, 1, 1), &|_, b| b.close * b.volume),
            make("rsx_14.rsx", Unit::PERCENT, &|_, b| 100.0 * noise(b, 1.0)),
            make("schaff_trend_cycle.schaff", Unit::PERCENT, &|_, b| 100.0 * noise(b, 2.0).round()),
            make("wavetrend.wt1", Unit::RATIO, &|_, b| 60.0 * noise(b, 3.0) - 30.0),
            make("hurst_exponent.hurst", Unit::RATIO, &|_, b| noise(b, 4.0)),
            make("damiani_volatmeter.v", Unit::RATIO, &|_, b| noise(b, 5.0)),
            make("wild.wild", Unit::RATIO, &|t, b| if t % 50 == 20 { f64::INFINITY } else { 1e200 * noise(b, 6.0) }),
            make("gap.gap", Unit::RATIO, &|t, b| if t % 150 == 20 { f64::NAN } else { noise(b, 7.0) }),
            make("squeeze_volatility.squeeze_on", Unit::FLAG, &|t, _| f64::from(u8::from(t % 30 < 14))),
            make("age.bars", Unit::BARS, &|t, _| (t % 11) as f64),
            make("phase.phase", Unit::ANGLE, &|_, b| 360.0 * noise(b, 8.0)),
            make("f90.count", Unit::COUNTER, &|t, _| t as f64),
            make("const.const", Unit::CONSTANT, &|_, _| 3.0),
        ],
    }
}

pub(super) fn first(lines: &Lines, n: usize) -> Lines {
    let cut = |l: &Line| Line { values: l.values[..n].to_vec(), ..l.clone() };
    Lines { columns: lines.columns.iter().map(cut).collect() }
}

pub(super) fn config() -> FeaturesConfig {
    FeaturesConfig { lookback_windows: vec![20, 5, 40], ..Default::default() }
}

fn only(group: FeatureGroup) -> FeaturesConfig {
    FeaturesConfig { groups: vec![group], ..config() }
}

pub(super) fn bits(data: &[f32]) -> Vec<u32> {
    data.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn all_groups_together_are_the_groups_one_by_one() {
    let series = series(150, 1);
    let lines = lines(&series);
    let all = extract(&series, &lines, &config()).unwrap();
    let mut width = 0;
    for group in FeaturesConfig::default().groups {
        let part = extract(&series, &lines, &only(group)).unwrap();
        assert!(part.specs.iter().all(|s| s.group == Some(group)));
        for spec in &part.specs {
            let (alone, together) = (part.column(&spec.name).unwrap(), all.column(&spec.name).unwrap());
            assert_eq!(bits(&alone), bits(&together), "{}", spec.name);
            assert!(alone.iter().any(|x| x.is_finite()), "{} has no value at all", spec.name);
        }
        width += part.width();
    }
    assert_eq!(all.width(), width);
    // 19 lines, one an angle: 20 columns x (1 + 8 + 3 x 6); 10 pairs x 3, 2 spectral, 3 Hurst, 3 volatility, 2 squeeze,
    // 7 returns, 4 calendar.
    assert_eq!(width, 20 * 27 + 30 + 2 + 3 + 3 + 2 + 7 + 4);
    assert!(all.data.iter().all(|x| !x.is_infinite()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn no_feature_looks_ahead(seed in any::<u64>(), cut in 70_usize..260) {
        let whole = series(260, seed);
        let whole_lines = lines(&whole);
        let full = extract(&whole, &whole_lines, &config()).unwrap();
        let part = extract(&whole.truncated(cut), &first(&whole_lines, cut), &config()).unwrap();
        let names = |of: &Features| of.specs.iter().map(|spec| spec.name.clone()).collect::<Vec<_>>();
        prop_assert_eq!(names(&part), names(&full));
        prop_assert!(bits(&part.data) == bits(&full.data[..cut * full.width()]), "a prefix differs at cut {}", cut);

        // Another future, the same past.
        let mut bars = whole.bars().to_vec();
        for bar in &mut bars[cut..] {
            (bar.open, bar.high, bar.low, bar.close, bar.volume) = (7.0, 9.0, 6.0, 8.0, 5.0);
        }
        let other = Series::new("TEST", whole.timeframe, bars).unwrap();
        let mut other_lines = whole_lines.clone();
        for line in &mut other_lines.columns {
            line.values[cut..].fill(-12.5);
        }
        let changed = extract(&other, &other_lines, &config()).unwrap();
        let past = cut * full.width();
        prop_assert!(bits(&changed.data[..past]) == bits(&full.data[..past]), "a future bar reached back over {}", cut);
        prop_assert!(cut == 260 || bits(&changed.data) != bits(&full.data));
    }
}

#[test]
fn threads_and_chunks_change_no_bit() {
    let series = series(300, 2);
    let lines = lines(&series);
    let make = |fe_workers, fe_chunk, fe_parallel_threshold| {
        let config = FeaturesConfig { fe_workers, fe_chunk, fe_parallel_threshold, ..config() };
        bits(&extract(&series, &lines, &config).unwrap().data)
    };
    let one = make(0, 1024, 5000);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
    for (workers, chunk) in [(0, 1), (0, 33), (3, 64), (2, 7), (1, 100)] {
        assert!(one == pool.install(|| make(workers, chunk, 0)), "{workers} workers, chunks of {chunk}");
    }
}

#[test]
fn changes_and_windows_are_those_of_the_stationary_column() {
    let series = series(120, 3);
    let features = extract(&series, &lines(&series), &config()).unwrap();
    let column = |name: &str| features.column(name).unwrap();
    let near = |a: f32, b: f64| (f64::from(a) - b).abs() <= 2e-6 * b.abs().max(1.0);
    let x: Vec<f64> = column("rsx_14.rsx").into_iter().map(f64::from).collect();
    for t in 30..120 {
        let w = &x[t - 19..=t];
        assert!(near(column("rsx_14.rsx.velocity_3")[t], x[t] - x[t - 3]));
        assert!(near(column("rsx_14.rsx.acceleration_3")[t], x[t] - 2.0 * x[t - 3] + x[t - 6]));
        assert!(near(column("rsx_14.rsx.mean_20")[t], stats::mean(w)));
        assert!(near(column("rsx_14.rsx.std_20")[t], stats::std_population(w)));
        assert!(near(column("rsx_14.rsx.p25_20")[t], stats::quantile(w, 0.25)));
        assert!(near(column("rsx_14.rsx.p75_20")[t], stats::quantile(w, 0.75)));
    }
    assert!(column("rsx_14.rsx.velocity_3")[9].is_nan() && column("rsx_14.rsx.velocity_3")[10].is_finite());
    assert!(column("rsx_14.rsx.mean_20")[25].is_nan() && column("rsx_14.rsx.mean_20")[26].is_finite());
    assert!(column("rsx_14.rsx.p25_20")[25].is_nan() && column("rsx_14.rsx.p25_20")[26].is_finite());
    // A hole is felt exactly as long as it lies in the window.
    let holes = |name: &str| (27..60).filter(|&t| column(name)[t].is_nan()).collect::<Vec<_>>();
    assert!(holes("gap.gap.mean_5").is_empty());
    assert_eq!(holes("gap.gap.mean_20"), (27..40).collect::<Vec<_>>());
    assert_eq!(holes("gap.gap.p75_20"), (27..40).collect::<Vec<_>>());
}

#[test]
fn squeeze_runs_hurst_flags_and_calendar_by_hand() {
    let series = series(120, 4);
    let lines = lines(&series);
    let features = extract(&series, &lines, &config()).unwrap();
    let at = |name: &str, t: usize| features.column(name).unwrap()[t];
    // On for t % 30 < 14, missing before 7.
    for (t, run, long) in [(7, 0.1, 0.0), (9, 0.3, 1.0), (13, 0.7, 1.0), (14, 0.0, 0.0), (30, 0.1, 0.0), (42, 1.0, 1.0)]
    {
        assert_eq!(at("squeeze_volatility.squeeze_on.run", t), run, "{t}");
        assert_eq!(at("squeeze_volatility.squeeze_on.long", t), long, "{t}");
    }
    assert!(at("squeeze_volatility.squeeze_on.run", 6).is_nan());
    for t in 7..120 {
        let h = lines.get("hurst_exponent.hurst").unwrap().values[t];
        assert_eq!(at("hurst_exponent.hurst.trending", t) == 1.0, h > 0.55);
        assert_eq!(at("hurst_exponent.hurst.reverting", t) == 1.0, h < 0.45);
        assert_eq!(at("hurst_exponent.hurst.distance", t), (h - 0.5).abs() as f32);
    }
    // 1,700,000,000 s is Tuesday 2023-11-14 22:13:20 UTC; two bars later it is Wednesday.
    let turn = std::f64::consts::TAU;
    assert_eq!(at("hour.sin", 0), (turn * (22.0 * 3600.0 + 800.0) / 86400.0).sin() as f32);
    assert_eq!(at("weekday.cos", 1), (turn / 7.0).cos() as f32);
    assert_eq!(at("weekday.cos", 2), (turn * 2.0 / 7.0).cos() as f32);
}

#[test]
fn a_sine_in_the_steps_shows_its_period_and_little_entropy() {
    let steps = |noise: f64| -> Series {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut close = 100.0_f64;
        let bars = (0..200)
            .map(|t| {
                close *= (0.01 * (std::f64::consts::TAU * t as f64 / 8.0).sin()
                    + noise * rng.random_range(-0.01..0.01))
                .exp();
                Bar { timestamp: t * 60_000, open: close, high: close, low: close, close, volume: 1.0 }
            })
            .collect();
        Series::new("S", "1m".parse().unwrap(), bars).unwrap()
    };
    let value = |series: &Series, name: &str, t: usize| {
        let features = extract(series, &Lines::default(), &only(FeatureGroup::Spectral)).unwrap();
        features.column(name).unwrap()[t]
    };
    assert!((value(&steps(0.0), "spectral.period", 150) - 9.0_f32.ln()).abs() < 1e-6);
    assert!(value(&steps(0.0), "spectral.entropy", 150) < 1e-6);
    assert!((0.7..1.0).contains(&value(&steps(100.0), "spectral.entropy", 150)));
    assert!(value(&steps(0.0), "spectral.entropy", 63).is_nan() && value(&steps(0.0), "spectral.period", 63).is_nan());
    assert!(
        value(&steps(0.0), "spectral.entropy", 64).is_finite() && value(&steps(0.0), "spectral.period", 64).is_finite()
    );
}

#[test]
fn widths_are_padded_by_name_and_never_cut() {
    let series = series(150, 6);
    let lines = lines(&series);
    let natural = extract(&series, &lines, &only(FeatureGroup::Returns)).unwrap();
    assert_eq!(natural.width(), 7);
    let asked = |feature_dim| FeaturesConfig { feature_dim, ..only(FeatureGroup::Returns) };
    let padded = extract(&series, &lines, &asked(9)).unwrap();
    assert_eq!(padded.specs[7..].iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["pad_1", "pad_2"]);
    for t in 0..150 {
        assert_eq!(bits(&padded.row(t)[..7]), bits(natural.row(t)));
        assert_eq!(padded.row(t)[7..], [0.0, 0.0]);
    }
    let schema = Schema::fit(&padded, 60..150, &series.timestamps()).unwrap();
    assert_eq!(schema.width(), 9, "padding is exempt from dropping and makes up for what is dropped");
    assert_eq!(schema.apply(&natural).unwrap().data, schema.apply(&padded).unwrap().data);
    let error = extract(&series, &lines, &asked(6)).unwrap_err();
    assert!(error.to_string().starts_with("features.feature_dim is 6, but there are 7 features"), "{error}");
}

#[test]
fn what_cannot_be_extracted_is_a_sentence() {
    let series = series(150, 7);
    let text = |lines: &Lines, config: &FeaturesConfig| extract(&series, lines, config).unwrap_err().to_string();
    let none = Lines::default();
    let long = FeaturesConfig { lookback_windows: vec![10, 151], ..only(FeatureGroup::Windows) };
    assert!(text(&none, &long).contains("windows looks back 151 bars, the series has 150"));
    let short = FeaturesConfig { lookback_windows: vec![10, 3], ..only(FeatureGroup::Windows) };
    assert!(text(&none, &short).contains("3 bars is too short"));
    assert!(text(&none, &only(FeatureGroup::Lines)).contains("give no feature"));
    let two =
        Lines { columns: vec![line("a.a", Unit::RATIO, vec![1.0; 150]), line("a.a", Unit::RATIO, vec![2.0; 150])] };
    assert!(text(&two, &only(FeatureGroup::Lines)).contains("two features are called a.a"));
    let unknown = |name: &str| {
        let config = FeaturesConfig { indicators: vec![name.to_owned()], ..only(FeatureGroup::Lines) };
        text(&lines(&series), &config)
    };
    let start = "features.indicators names";
    assert_eq!(unknown("rsx14"), format!("{start} rsx14, of which there are no lines; close to it are rsx_14"));
    assert_eq!(unknown("hurst"), format!("{start} hurst, of which there are no lines; close to it are hurst_exponent"));
    assert_eq!(
        unknown("rsx_14.rsx"),
        format!("{start} rsx_14.rsx, of which there are no lines; its indicator is rsx_14")
    );
    assert_eq!(
        unknown("zzzz"),
        format!("{start} zzzz, of which there are no lines; there are those of 20 other indicators")
    );
    let mut empty = lines(&series);
    empty.columns[2].values.fill(f64::NAN);
    let named = FeaturesConfig { indicators: vec!["sma".into(), "var".into()], ..only(FeatureGroup::Lines) };
    assert!(
        text(&empty, &named).contains("names var, but var.var and its other lines have no value on any of the 150")
    );
    let unnamed = extract(&series, &empty, &only(FeatureGroup::Lines)).unwrap();
    let schema = Schema::fit(&unnamed, 20..150, &series.timestamps()).unwrap();
    assert!(schema.dropped.contains(&("var.var".into(), "missing on 100.0 % of the training rows".into())));
    let no_group = FeaturesConfig { groups: Vec::new(), ..config() };
    assert!(text(&lines(&series), &no_group).contains("give no feature"));
    assert!(text(&first(&lines(&series), 149), &config()).contains("149 values for 150 bars"));
}

#[test]
fn the_warm_up_ends_when_the_slowest_feature_begins() {
    let series = series(200, 8);
    let begins = |t: usize| (0..200).map(|i| if i < t { f64::NAN } else { i as f64 }).collect();
    let ratio = |name: &str, t: usize| line(name, Unit::RATIO, begins(t));
    let lines =
        Lines { columns: vec![ratio("a.a", 12), ratio("b.b", 31), ratio("late.late", 60), ratio("never.never", 200)] };
    let features = extract(&series, &lines, &only(FeatureGroup::Lines)).unwrap();
    assert_eq!(features.warm_up(), 31, "a line that starts after a quarter of the bars is left to be dropped");
}
