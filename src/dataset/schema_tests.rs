//! The schema on a hand-made matrix.

use super::*;
use crate::config::FeatureGroup;
use crate::stats;

/// A hand-made matrix.
fn table(columns: &[(&str, Vec<f32>)]) -> Features {
    let bars = columns[0].1.len();
    let spec = |name: &str| FeatureSpec {
        name: name.to_owned(),
        formula: String::new(),
        source: None,
        group: Some(FeatureGroup::Lines),
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
