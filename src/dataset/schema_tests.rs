//! The schema on a hand-made matrix.

use super::*;
use crate::config::{FeatureGroup, FeaturesConfig, Scaler};
use crate::stats;

/// A hand-made matrix.
fn table(columns: &[(&str, Vec<f32>)]) -> Features {
    let bars = columns[0].1.len();
    let spec = |name: &str| FeatureSpec {
        name: name.to_owned(),
        formula: String::new(),
        unit: String::new(),
        source: None,
        group: Some(FeatureGroup::Lines),
        warm_up: 0,
    };
    Features {
        specs: columns.iter().map(|(name, _)| spec(name)).collect(),
        bars,
        feature_dim: 0,
        data: (0..bars).flat_map(|t| columns.iter().map(move |(_, x)| x[t])).collect(),
    }
}

/// 1000 training rows from 10 on, 1100 in all.
fn mixed_table() -> Features {
    let column = |f: &dyn Fn(usize) -> f32| (0..1100).map(f).collect::<Vec<_>>();
    let wave = |t: usize| ((t * 37) % 101) as f32;
    let holed =
        |t: usize, from: usize, n: usize| if (from..from + n).contains(&t) { f32::NAN } else { wave(t) * wave(t) };
    table(&[
        ("wave", column(&wave)),
        ("flat", column(&|t| if t < 1010 { 2.5 } else { 3.0 })),
        ("twin", column(&|t| if t < 10 { -1.0 } else { wave(t) })),
        ("rare", column(&|t| f32::from(u8::from(t % 10 == 0)))),
        ("five", column(&|t| holed(t, 100, 5))),
        ("six", column(&|t| 1.0 + holed(t, 100, 6))),
        ("same_holes", column(&|t| 2.0 + holed(t, 100, 5))),
        ("late", column(&|t| 3.0 + holed(t, 1050, 3))),
        ("never", column(&|_| f32::NAN)),
    ])
}

fn times() -> Vec<i64> {
    (0..1100).map(|t| t * 1000).collect()
}

#[test]
fn the_schema_keeps_drops_and_flags_by_name() {
    let features = mixed_table();
    let schema = Schema::fit(&features, 10..1010, &times()).unwrap();
    assert_eq!(schema.names(), ["wave", "rare", "five", "same_holes", "late", "five.missing"]);
    let dropped: Vec<String> = schema.dropped.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
    assert_eq!(
        dropped,
        [
            "flat: constant on the training rows",
            "twin: duplicate of wave",
            "six: missing on 0.6 % of the training rows",
            "never: missing on 100.0 % of the training rows",
        ]
    );
    assert_eq!(schema.candidates.len(), 9);
    let range = FittedRange { start: 10, end: 1010, first_timestamp: 10_000, last_timestamp: 1_009_000 };
    assert_eq!(schema.fitted_on, range);
    let text = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    // printf 'wave\nrare\nfive\nsame_holes\nlate\nfive.missing\n' | sha256sum
    assert_eq!(schema.hash(), HASH);

    let inputs = schema.apply(&features).unwrap();
    assert_eq!((inputs.width, inputs.rows), (6, 1100));
    assert_eq!(inputs.row(102)[2..], [0.0, 0.0, inputs.row(102)[4], 1.0]);
    assert_eq!(inputs.row(99)[5], 0.0);
    assert_eq!((inputs.missing(102), inputs.missing(99), inputs.missing(1051)), (2, 0, 1));
    assert_eq!(inputs.row(1051)[4], 0.0, "missing only later: the training median, counted");
    let problem = inputs.window_problem(103, 20).unwrap();
    assert_eq!(problem, "8 of 100 input cells are missing (more than 1 %), most of them in five (on 4 of 20 bars)");
    assert_eq!(inputs.window_problem(99, 20), None);
}

const HASH: &str = "50c886f12c107956359f222dbf1ae45ce220848e508e3ccd381bc2514c704391";

#[test]
fn the_scaler_is_robust_invertible_and_bounded() {
    let mut features = mixed_table();
    let schema = Schema::fit(&features, 10..1010, &times()).unwrap();
    let wave = features.column("wave").unwrap();
    let training: Vec<f64> = wave[10..1010].iter().map(|&x| f64::from(x)).collect();
    let InputKind::Scaled { median, iqr } = schema.inputs[0].kind else { panic!("wave is scaled") };
    assert_eq!(median, stats::median(&training));
    assert_eq!(iqr, stats::quantile(&training, 0.75) - stats::quantile(&training, 0.25));
    let InputKind::Scaled { iqr: spread, .. } = schema.inputs[1].kind else { panic!("rare is scaled") };
    assert!((spread - 0.3).abs() < 1e-12, "a flag of one in ten has no IQR but a deviation of 0.3");
    let inputs = schema.apply(&features).unwrap();
    for t in 0..1100 {
        assert!((f64::from(inputs.row(t)[0]) * iqr + median - f64::from(wave[t])).abs() < 1e-4);
    }
    assert!(inputs.data.iter().all(|x| x.is_finite() && x.abs() <= 10.0));

    // Rows outside the training slice have no say, however wild.
    let width = features.width();
    for t in (0..10).chain(1010..1100) {
        features.data[t * width..(t + 1) * width].fill(1e30);
    }
    assert_eq!(Schema::fit(&features, 10..1010, &times()).unwrap(), schema);
    assert_eq!(schema.apply(&features).unwrap().row(1050)[0], 10.0);
}

#[test]
fn a_mismatch_is_a_table_of_names() {
    let features = mixed_table();
    let schema = Schema::fit(&features, 10..1010, &times()).unwrap();
    let part = |names: &[(&str, &str)]| -> Features {
        let columns: Vec<(&str, Vec<f32>)> =
            names.iter().map(|&(from, to)| (to, features.column(from).unwrap())).collect();
        table(&columns)
    };
    let error =
        schema.apply(&part(&[("wave", "wave"), ("rare", "rare"), ("five", "new"), ("late", "late")])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the features differ from those the model was trained on: 2 missing, 1 extra\n  missing  five\n  missing  same_holes\n  \
         extra    new\nuse the run's own feature configuration and indicator lines, or train a new model"
    );
    // Another order, and dropped candidates present or absent: the same inputs.
    let shuffled = part(&["late", "twin", "five", "same_holes", "rare", "wave"].map(|name| (name, name)));
    assert_eq!(schema.apply(&shuffled).unwrap().data, schema.apply(&features).unwrap().data);
    let many = SchemaMismatch { missing: (0..45).map(|i| format!("f{i}")).collect(), extra: Vec::new() };
    assert!(many.to_string().contains("f29\n  missing  and 15 more\n"));
}

#[test]
fn a_schema_needs_rows_and_something_to_keep() {
    let features = mixed_table();
    assert!(matches!(Schema::fit(&features, 5..5, &times()), Err(DatasetError::Rows { .. })));
    assert!(matches!(Schema::fit(&features, 5..1101, &times()), Err(DatasetError::Rows { .. })));
    let flat = table(&[("flat", vec![1.0; 50])]);
    let error = Schema::fit(&flat, 0..50, &times()).unwrap_err().to_string();
    assert!(error.contains("all 1 features") && error.contains("flat: constant"), "{error}");
}

#[test]
fn in_place_gives_the_same_inputs() {
    let features = mixed_table();
    let schema = Schema::fit(&features, 10..1010, &times()).unwrap();
    let (apart, inside) = (schema.apply(&features).unwrap(), schema.apply_in_place(features.clone()).unwrap());
    assert_eq!((inside.width, inside.rows, inside.names()), (6, 1100, apart.names()));
    assert_eq!(inside.data, apart.data);
    assert!((0..1100).all(|t| inside.missing(t) == apart.missing(t)));
    assert_eq!(inside.window_problem(103, 20), apart.window_problem(103, 20));
    // Flags make the inputs wider than the features.
    let holed = table(&[("five", features.column("five").unwrap())]);
    let schema = Schema::fit(&holed, 10..1010, &times()).unwrap();
    assert_eq!(schema.width(), 2);
    assert_eq!(schema.apply_in_place(holed.clone()).unwrap().data, schema.apply(&holed).unwrap().data);
    let error = schema.apply_in_place(features).unwrap_err();
    assert_eq!(error.extra.len(), 8);
}

#[test]
fn an_older_schema_is_read_and_the_default_one_written_as_ever() {
    let old = r#"{"inputs":[{"name":"wave","kind":{"scaled":{"median":50.0,"iqr":50.0}}},{"name":"wave.missing","kind":{"missing":{"of":"wave"}}},{"name":"pad_1","kind":"padding"}],"dropped":[["flat","constant on the training rows"]],"candidates":["wave","flat"],"fitted_on":{"start":10,"end":1010,"first_timestamp":10000,"last_timestamp":1009000}}"#;
    let schema: Schema = serde_json::from_str(old).unwrap();
    assert_eq!(schema.components, None);
    assert_eq!(serde_json::to_string(&schema).unwrap(), old);
    let inputs = schema.apply(&table(&[("wave", vec![75.0, f32::NAN, 0.0])])).unwrap();
    assert_eq!(inputs.data, [0.5, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 0.0]);
}

fn with(scaler: Scaler, max_correlation: f64, pca: f64) -> FeaturesConfig {
    FeaturesConfig { scaler, max_correlation, pca, ..Default::default() }
}

#[test]
fn the_standard_scaler_has_mean_0_and_deviation_1_on_its_rows() {
    let features = mixed_table();
    let schema = Schema::fit_with(&features, 10..1010, &times(), &with(Scaler::Standard, 1.0, 0.0)).unwrap();
    assert_eq!(schema.names(), Schema::fit(&features, 10..1010, &times()).unwrap().names());
    let wave: Vec<f64> = features.column("wave").unwrap()[10..1010].iter().map(|&x| f64::from(x)).collect();
    let InputKind::Standardized { mean, std } = schema.inputs[0].kind else { panic!("wave is standardized") };
    assert!((mean - stats::mean(&wave)).abs() < 1e-9 && (std - stats::std_population(&wave)).abs() < 1e-9);
    let inputs = schema.apply(&features).unwrap();
    let scaled: Vec<f64> = (10..1010).map(|t| f64::from(inputs.row(t)[0])).collect();
    assert!(stats::mean(&scaled).abs() < 1e-6 && (stats::std_population(&scaled) - 1.0).abs() < 1e-6);
}

/// A number from -1 to 1 of `seed` and row, without a pattern.
fn noise(t: usize, seed: u64) -> f32 {
    let mixed =
        (t as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31) ^ seed.wrapping_mul(0xd6e8_feb8_6659_fd93);
    let mixed = (mixed ^ mixed >> 32).wrapping_mul(0xd6e8_feb8_6659_fd93);
    ((mixed ^ mixed >> 29) >> 40) as f32 / (1 << 23) as f32 - 1.0
}

/// 700 rows: `a` and `b` independent; the others mostly one of them.
fn alike_table() -> Features {
    let column = |f: &dyn Fn(usize) -> f32| (0..700).map(f).collect::<Vec<_>>();
    table(&[
        ("a", column(&|t| noise(t, 1))),
        ("b", column(&|t| 5.0 + noise(t, 2))),
        ("nearly_a", column(&|t| 100.0 * noise(t, 1) + 20.0 * noise(t, 3))),
        ("minus_a", column(&|t| if t == 300 { f32::NAN } else { 1e-3 * noise(t, 3) - noise(t, 1) })),
        ("half_b", column(&|t| noise(t, 2) + noise(t, 4))),
    ])
}

#[test]
fn the_later_of_two_that_correlate_is_dropped_by_name() {
    let features = alike_table();
    let times: Vec<i64> = (0..700).collect();
    let fit = |most| Schema::fit_with(&features, 0..690, &times, &with(Scaler::Robust, most, 0.0)).unwrap();
    let all = fit(1.0);
    assert_eq!(all.names(), ["a", "b", "nearly_a", "minus_a", "half_b", "minus_a.missing"]);
    let some = fit(0.9);
    assert_eq!(some.names(), ["a", "b", "half_b"], "the flag goes with its feature");
    let column = |name: &str| -> Vec<f64> {
        let mean = stats::mean(
            &features.column(name).unwrap().iter().filter(|x| !x.is_nan()).map(|&x| f64::from(x)).collect::<Vec<_>>(),
        );
        features.column(name).unwrap()[..690].iter().map(|&x| if x.is_nan() { mean } else { f64::from(x) }).collect()
    };
    let r = stats::correlation(&column("a"), &column("nearly_a"));
    assert_eq!(some.dropped[0], ("nearly_a".to_owned(), format!("correlates {r:.2} with a")));
    assert!(some.dropped[1].1.starts_with("correlates -0.99") || some.dropped[1].1.starts_with("correlates -1.00"));
    let r = stats::correlation(&column("b"), &column("half_b"));
    assert_eq!(fit(r.abs() - 1e-4).names(), ["a", "b"]);
    assert_eq!(fit(r.abs() + 1e-4).names(), ["a", "b", "half_b"]);
}

#[test]
fn products_of_many_columns_equal_plain_sums() {
    let columns: Vec<(String, Vec<f32>)> =
        (0..70).map(|k| (format!("c{k}"), (0..1100).map(|t| noise(t, k) + noise(t, k / 3)).collect())).collect();
    let features = table(&columns.iter().map(|(name, x)| (name.as_str(), x.clone())).collect::<Vec<_>>());
    let places: Vec<usize> = (0..70).rev().collect();
    let products = super::products::Products::of_standardized(&features, &places, 5..1090);
    let wide = |k: usize| columns[k].1[5..1090].iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
    for (i, j) in [(0, 0), (0, 1), (3, 69), (69, 68), (64, 63), (65, 66), (20, 40)] {
        let plain = stats::correlation(&wide(69 - i), &wide(69 - j));
        assert!((products.correlation(i, j) - plain).abs() < 1e-6, "{i} {j}");
        assert!((products.get(i, j) / 1085.0 - plain).abs() < 1e-6);
    }
}

#[test]
fn components_turn_correlated_features_into_few_that_are_not() {
    let features = alike_table();
    let times: Vec<i64> = (0..700).collect();
    let fit = |share| Schema::fit_with(&features, 0..600, &times, &with(Scaler::Standard, 1.0, share)).unwrap();
    let schema = fit(0.9);
    assert_eq!(schema.names(), ["pc_1", "pc_2", "minus_a.missing"]);
    let components = schema.components.clone().unwrap();
    assert_eq!(components.features.len(), 5);
    assert!(components.shares[0] > components.shares[1] && components.shares.iter().sum::<f64>() >= 0.9);
    assert_eq!(fit(1.0).components.unwrap().loadings.len(), 5);
    for (i, a) in components.loadings.iter().enumerate() {
        let largest = a.iter().copied().fold(0.0, |top: f64, x| if x.abs() > top.abs() { x } else { top });
        assert!(largest > 0.0);
        for (j, b) in components.loadings.iter().enumerate() {
            let product: f64 = a.iter().zip(b).map(|(x, y)| x * y).sum();
            assert!((product - f64::from(u8::from(i == j))).abs() < 1e-9);
        }
    }
    let inputs = schema.apply(&features).unwrap();
    let column = |k: usize| -> Vec<f64> { (0..600).map(|t| f64::from(inputs.row(t)[k])).collect() };
    assert!(stats::mean(&column(0)).abs() < 1e-6 && (stats::std_population(&column(0)) - 1.0).abs() < 1e-4);
    assert!(stats::correlation(&column(0), &column(1)).abs() < 1e-4);
    assert_eq!((inputs.row(300)[2], inputs.missing(300), inputs.missing(301)), (1.0, 1, 0));
    assert!(inputs.window_problem(302, 4).unwrap().contains("most of them in minus_a (on 1 of 4 bars)"));
    assert_eq!(schema.apply_in_place(features.clone()).unwrap().data, inputs.data);
    let text = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    let part = table(&[("a", features.column("a").unwrap())]);
    assert_eq!(schema.apply(&part).unwrap_err().missing, ["b", "nearly_a", "minus_a", "half_b"]);
}

#[test]
fn too_many_features_for_components_are_refused() {
    let columns: Vec<(String, Vec<f32>)> =
        (0..1001).map(|k| (format!("c{k}"), (0..12).map(|t| noise(t, k)).collect())).collect();
    let features = table(&columns.iter().map(|(name, x)| (name.as_str(), x.clone())).collect::<Vec<_>>());
    let times: Vec<i64> = (0..12).collect();
    let error = Schema::fit_with(&features, 0..12, &times, &with(Scaler::Robust, 1.0, 0.9)).unwrap_err().to_string();
    assert!(error.contains("1001 features are too many for exact principal components, at most 1000"), "{error}");
}
