use std::ops::Range;
use std::slice::from_ref;

use super::*;
use crate::config::{FeatureGroup, SplitsConfig};
use crate::dataset::leaks::run::{
    Candidate, CheckVerdict, RunCheck, columns, copied_rows, scaler_rows, scaler_values, selected_on, slices_apart,
    slices_as_configured, slices_as_recorded, training_rows,
};
use crate::dataset::{FeatureSpec, Features, InputKind, Schema, Slice, Splits};

const BARS: usize = 800;
const SEQ_LEN: usize = 6;
const HORIZON: usize = 4;

struct Run {
    bars: Vec<Bar>,
    features: Features,
    slices: Splits,
    times: Vec<i64>,
}

impl Run {
    fn new() -> Self {
        let mut noise = Noise::new(11);
        let bars: Vec<Bar> = (0..BARS)
            .map(|t| {
                let open = 100.0 + noise.next();
                let close = open + noise.next();
                let (high, low) = (open.max(close) + 0.1, open.min(close) - 0.1);
                Bar { timestamp: t as i64 * 3_600_000, open, high, low, close, volume: 5.0 + noise.next().abs() }
            })
            .collect();
        let spec = |name: &str| FeatureSpec {
            name: name.to_owned(),
            formula: String::new(),
            unit: String::new(),
            warm_up: 0,
            source: None,
            group: Some(FeatureGroup::Lines),
        };
        // One drifts, so that it matters where the scaler was fitted.
        let data = (0..BARS).flat_map(|t| [noise.next() + t as f64 / 200.0, noise.next(), noise.next()]);
        let data = data.map(|x| x as f32).collect();
        let features = Features { specs: ["a", "b", "c"].map(spec).to_vec(), bars: BARS, feature_dim: 0, data };
        let slices = Splits::chronological(30..BARS, BARS - HORIZON, &SplitsConfig::default(), HORIZON).unwrap();
        Self { times: bars.iter().map(|bar| bar.timestamp).collect(), bars, features, slices }
    }

    fn fit(&self, rows: Range<usize>) -> Schema {
        Schema::fit(&self.features, rows, &self.times).unwrap()
    }

    fn honest(&self) -> Schema {
        self.fit(training_rows(&self.slices, SEQ_LEN))
    }

    fn values(&self, schema: &Schema) -> RunCheck {
        scaler_values(schema, &self.honest(), &self.features, &self.slices, SEQ_LEN)
    }

    fn rows(&self, schema: &Schema) -> RunCheck {
        scaler_rows(&schema.fitted_on, &self.slices, SEQ_LEN, &self.times)
    }

    fn ranges(&self) -> Vec<(Slice, Range<usize>)> {
        Slice::ALL.map(|slice| (slice, self.slices.range(slice))).to_vec()
    }

    fn copies(&self) -> RunCheck {
        copied_rows(&self.bars, &self.features, &self.ranges())
    }

    fn slice_times(&self) -> Vec<(Slice, i64, i64)> {
        self.ranges().into_iter().map(|(s, r)| (s, self.times[r.start], self.times[r.end - 1])).collect()
    }

    fn predictions(&self) -> Vec<String> {
        (0..BARS).map(|t| self.slices.slice_of(t).map_or("none".to_owned(), |slice| slice.to_string())).collect()
    }
}

#[track_caller]
fn leaks(check: &RunCheck, says: &str) {
    assert!(check.verdict == CheckVerdict::Leak && check.detail.contains(says), "{check:?}");
    assert!(!check.detail.contains('\n') && !check.detail.contains("  "), "one sentence: {}", check.detail);
}

#[track_caller]
fn clean(check: &RunCheck) {
    assert_eq!(check.verdict, CheckVerdict::Ok, "{check:?}");
}

#[test]
fn an_honest_run_is_clean() {
    let run = Run::new();
    let schema = run.honest();
    clean(&run.rows(&schema));
    clean(&run.values(&schema));
    clean(&slices_apart(&run.slices, HORIZON, 0));
    clean(&slices_as_configured(&run.slices, from_ref(&run.slices)));
    clean(&slices_as_recorded(&run.slices, &run.slice_times(), Some(&run.predictions()), &run.times));
    clean(&run.copies());
    // Another machine's last digit is no leak.
    let mut rounded = schema;
    let InputKind::Scaled { median, iqr } = &mut rounded.inputs[0].kind else { panic!() };
    (*median, *iqr) = (*median * (1.0 + 1e-7), *iqr * (1.0 - 1e-7));
    clean(&run.values(&rounded));
}

#[test]
fn a_scaler_fitted_on_everything_is_found_even_if_it_lies() {
    let run = Run::new();
    let everything = run.fit(0..BARS);
    leaks(&run.rows(&everything), "fitted on bars 0..800, but training windows read bars 25..");
    leaks(&run.values(&everything), "are scaled by all bars");
    let mut lying = everything;
    lying.fitted_on = run.honest().fitted_on;
    clean(&run.rows(&lying));
    leaks(&run.values(&lying), "3 of 3 columns, for example a, are not scaled by the training rows 25..");
    let used = run.fit(25..run.slices.test.end);
    leaks(&run.values(&used), "up to the end of the test slice");
    let more = run.fit(25..run.slices.validation.end);
    leaks(&run.values(&more), "up to the end of the validation slice");
    leaks(&run.rows(&more), "but training windows read");
    let mut odd = run.honest();
    let InputKind::Scaled { iqr, .. } = &mut odd.inputs[1].kind else { panic!() };
    *iqr *= 1.01;
    leaks(&run.values(&odd), "1 of 3 columns, for example b");
    leaks(&run.values(&odd), "match no stretch of bars");
    let mut times = run.honest();
    times.fitted_on.last_timestamp += 3_600_000;
    leaks(&run.rows(&times), "its times are not those of these bars");
}

#[test]
fn columns_that_training_alone_would_not_have_kept_are_found() {
    let mut run = Run::new();
    // Constant in training, so that only a look beyond keeps it.
    let end = run.slices.train.end;
    for t in 0..end {
        run.features.data[3 * t + 2] = 1.0;
    }
    let mut seen = run.fit(0..BARS);
    let honest = run.honest();
    assert_eq!((seen.width(), honest.width()), (3, 2));
    seen.inputs[..2].clone_from_slice(&honest.inputs);
    leaks(&run.values(&seen), "the column c was kept, which the training rows would have dropped");
    seen.inputs.drain(1..);
    leaks(&run.values(&seen), "the column b was dropped");
    let mut other = honest;
    other.candidates.push("d".to_owned());
    assert_eq!(run.values(&other).verdict, CheckVerdict::NotCheckable);
}

#[test]
fn an_unpurged_or_tampered_split_is_found() {
    let run = Run::new();
    let mut tight = run.slices.clone();
    tight.train.end = tight.validation.start;
    leaks(
        &slices_apart(&tight, HORIZON, 0),
        "4 labels of the train slice (bars 562 to 565), 4 bars long, reach into the validation",
    );
    leaks(
        &slices_as_configured(&tight, from_ref(&run.slices)),
        "the train slice is bars 30..566, the configuration gives 30..562",
    );
    leaks(&slices_as_recorded(&tight, &run.slice_times(), None, &run.times), "the train slice is bars 30..566");
    leaks(&slices_apart(&run.slices, HORIZON, 3), "within 3 bars before it");
    leaks(&slices_apart(&run.slices, HORIZON + 1, 0), "5 bars long");
    let mut shared = run.slices.clone();
    shared.train.end = shared.test.start + 9;
    leaks(&slices_apart(&shared, HORIZON, 0), "are in the train and in the validation slice");
    let mut horizon = run.slices.clone();
    horizon.horizon = 1;
    leaks(&slices_as_configured(&horizon, from_ref(&run.slices)), "horizon, embargo");
    leaks(&slices_as_configured(&horizon, &[run.slices.clone(), tight]), "none of the 2");
    let mut predictions = run.predictions();
    let moved = run.slices.test.start;
    predictions[moved] = "train".to_owned();
    let check = slices_as_recorded(&run.slices, &run.slice_times(), Some(&predictions), &run.times);
    leaks(&check, &format!("bar {moved} was predicted as train, but it is in the test slice"));
    let none = slices_as_recorded(&run.slices, &run.slice_times(), None, &run.times);
    assert_eq!(none.verdict, CheckVerdict::NotCheckable);
}

#[test]
fn copied_bars_and_rows_are_found() {
    let (test, train) = (Run::new().slices.test.start + 10, 100);
    let mut run = Run::new();
    run.bars.copy_within(train..train + 20, test);
    leaks(
        &run.copies(),
        &format!("bars {test} to {} of the test slice repeat bars 100 to 119 of the train", test + 19),
    );
    // Two alike in a row are chance.
    let mut run = Run::new();
    run.bars.copy_within(train..train + 2, test);
    clean(&run.copies());
    let mut run = Run::new();
    run.features.data.copy_within(3 * train..3 * train + 3, 3 * test);
    leaks(
        &run.copies(),
        &format!("1 rows of features stand in two slices: that of bar {test} (test) is that of bar 100"),
    );
    // Coarse features repeat everywhere.
    let mut run = Run::new();
    run.features.data.iter_mut().for_each(|x| *x = x.signum());
    assert_eq!(run.copies().verdict, CheckVerdict::NotCheckable, "{:?}", run.copies());
}

#[test]
fn figures_tell_the_bars_they_come_from() {
    let candidate = |bars: &str, figures: &[f64]| Candidate { bars: bars.to_owned(), figures: figures.to_vec() };
    let honest = candidate("the validation slice", &[0.25, 0.6]);
    let others = [candidate("the test slice", &[0.24, 0.61]), candidate("nothing", &[f64::NAN, f64::NAN])];
    let of = |recorded: &[f64]| selected_on("stopping_bars", "the best epoch", recorded, &honest, &others, 1e-3);
    clean(&of(&[0.250_1, 0.6]));
    leaks(&of(&[0.24, 0.61]), "the best epoch comes from the test slice, not from the validation slice");
    assert_eq!(of(&[0.24, 0.6]).verdict, CheckVerdict::NotCheckable);
    assert_eq!(of(&[f64::NAN, f64::NAN]).verdict, CheckVerdict::NotCheckable);
}

#[test]
fn a_column_that_knows_the_future_leaks_and_a_scaled_line_does_not() {
    let run = Run::new();
    let close = |t: usize| run.bars[t.min(BARS - 1)].close;
    let peek: Vec<f64> = (0..BARS).map(|t| close(t + 1) - close(t)).collect();
    let noise: Vec<f64> = (0..BARS).map(|t| f64::from(run.features.data[3 * t + 1])).collect();
    let (mean, deviation) = (crate::stats::mean(&noise), crate::stats::std_population(&noise));
    let scaled: Vec<f64> = noise.iter().map(|x| (x - mean) / deviation).collect();
    let judge = |columns: &[(&str, &[f64])]| check_columns(&run.bars, columns, &LeakOptions { horizon: 5 }).unwrap();
    clean(&columns(&judge(&[("noise", &noise)]), &|_| false));
    leaks(&columns(&judge(&[("noise", &noise), ("peek", &peek)]), &|_| true), "peek leaks");
    leaks(&columns(&judge(&[("scaled", &scaled)]), &|_| false), "scaled leaks");
    clean(&columns(&judge(&[("scaled", &scaled)]), &|name| name == "scaled"));
    leaks(&columns(&judge(&[("scaled", &scaled), ("peek", &peek)]), &|_| false), "2 columns know the future");
    assert_eq!(columns(&[], &|_| true).verdict, CheckVerdict::NotCheckable);
}
