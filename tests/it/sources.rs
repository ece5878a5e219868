//! Other timeframes, symbols and external columns in a whole run, and columns that know the future kept out of it.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use glassbox::data::{CaptureFile, CaptureKey, time_text, write_capture};
use glassbox::indicators::{Lines, Mode, compute};
use glassbox::market::Bar;
use glassbox::tasks::{kept_causality, load_formulas};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::args;
use crate::bad_input::refuse;
use crate::common::{BARS, FOUR_HOURS, Lab, Output, TINY, csv, files_below, glassbox, walk};

/// A fast run: a few indicators, one epoch.
fn config(features: &str, external: &str) -> String {
    let tiny = TINY.replace("lookback_windows = [5]", &format!("indicators = [\"rsi_14\", \"atr_14\"]\n{features}"));
    format!("{}\n{external}", tiny.replace("num_epochs = 3", "num_epochs = 1"))
}

/// One value per bar, stamped with the bar's open time.
fn values(name: &str, bars: &[Bar], value: impl Fn(usize) -> f64) -> String {
    let mut text = format!("time,{name}\n");
    for (t, bar) in bars.iter().enumerate() {
        writeln!(text, "{},{}", time_text(bar.timestamp), value(t)).unwrap();
    }
    text
}

fn noise(bars: &[Bar]) -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let draws: Vec<f64> = bars.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
    values("mood", bars, |t| draws[t])
}

const EXTERNAL: &str = "[features.external]\nfile = \"values.csv\"\ncolumns = [\"mood\"]\ndelay = \"4h\"\n";

fn names(output: &Output) -> Vec<String> {
    let bytes = fs::read(output.run().join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: serde_json::Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let card: serde_json::Value = serde_json::from_str(header["__metadata__"]["glassbox"].as_str().unwrap()).unwrap();
    assert_eq!(card["sources"].as_array().unwrap().len(), 2, "{}", card["sources"]);
    assert!(!card.to_string().contains("/values.csv"), "a model holds no paths");
    card["schema"]["inputs"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_reads_other_timeframes_symbols_shifts_and_columns() {
    let bars = walk(1, BARS);
    let features = "timeframes = [\"1d\"]\nsymbols = [\"ETH_4h.csv\"]\nshifts = [2]";
    let lab = Lab::with(&bars, &config(features, EXTERNAL));
    let other = lab.write("ETH_4h.csv", csv(&walk(2, BARS)));
    let external = lab.write("values.csv", noise(&bars));
    fs::create_dir_all(lab.path("workspace/formulas")).unwrap();
    lab.write("workspace/formulas/distance.indicator", "away = close - sma(close, 5)\n");
    let output = lab.run("workspace").ok();
    let names = names(&output);
    for name in ["rsi_14.rsi", "rsi_14.rsi@1d", "rsi_14.rsi@ETH", "rsi_14.rsi.shift_2", "external.mood"] {
        assert!(names.iter().any(|known| known == name), "{name} is none of {names:?}");
    }
    let run = output.run();
    let predicted =
        glassbox(args!["predict", run, "--data", lab.bars(), "--last", "3", "--workspace", lab.path("workspace")]).ok();
    assert!(predicted.events("prediction").iter().all(|record| record["entry_prob"].is_number()));
    glassbox(args!["analyze", run, "--workspace", lab.path("workspace")]).ok();

    let checked = glassbox(args!["check", "causality", "--data", run, "--workspace", lab.path("workspace")]).ok();
    let column = |name: &str| {
        let found = checked.events("causality").into_iter().find(|record| record["column"] == name);
        found.unwrap_or_else(|| panic!("no verdict on {name}"))
    };
    assert_eq!(column("rsi_14.rsi")["kind"], "line");
    assert_eq!((&column("distance.away")["kind"], &column("distance.away")["warm_up"]), (&"formula".into(), &4.into()));
    assert_eq!(column("external.mood")["kind"], "external");
    assert_eq!(column("external.mood")["verdict"], "unverifiable");
    for name in ["rsi_14.rsi@1d", "rsi_14.rsi@ETH", "rsi_14.rsi.shift_2", "return_1"] {
        let found = column(name);
        assert_eq!((&found["kind"], &found["verdict"]), (&"feature".into(), &"needs_warm_up".into()), "{found}");
        assert!(found["warm_up"].as_u64().unwrap() > 0 && found["leaks_at"].is_null(), "{found}");
    }
    assert_eq!(checked.event("causality_summary")["leaking"], 0);

    // Other values under the same name are another run's.
    fs::write(&external, noise(&walk(3, BARS)).replace("mood\n", "mood\n2019-01-01,3\n")).unwrap();
    refuse(args!["analyze", run, "--workspace", lab.path("workspace")], 1, &["external", "changed"]);
    fs::remove_file(&other).unwrap();
    let data = args!["predict", run, "--data", lab.bars(), "--workspace", lab.path("workspace")];
    refuse(data, 1, &["features.symbols", "ETH_4h.csv"]);
}

#[test]
fn external_columns_that_cannot_be_used_are_named() {
    let bars = walk(1, BARS);
    let check = |text: String, external: &str, words: &[&str]| {
        let lab = Lab::with(&bars, &config("", external));
        lab.write("values.csv", text);
        refuse(args!["train", "--config", lab.config(), "--workspace", lab.path("w")], 1, words);
    };
    check(noise(&bars).replace("time,", "row,"), EXTERNAL, &["no column of times"]);
    check(noise(&bars), &EXTERNAL.replace("mood", "moud"), &["did you mean", "mood"]);
    check(noise(&bars), &EXTERNAL.replace("4h", "soon"), &["features.external.delay", "soon"]);
    check(noise(&bars), &EXTERNAL.replace("4h", "4000d"), &["mood", "shorter delay"]);
    check(values("mood", &bars, |_| f64::NAN).replace("NaN", ""), EXTERNAL, &["mood", "missing"]);
    // What will be the next return, stamped with the bar it starts from.
    let next = |t: usize| bars.get(t + 1).map_or(0.0, |next| next.close / bars[t].close - 1.0);
    check(
        values("mood", &bars, next),
        &EXTERNAL.replace("4h", ""),
        &["external.mood", "following bars", "features.admit"],
    );
}

#[test]
fn a_column_that_knows_the_future_enters_only_by_name() {
    let bars = walk(1, BARS);
    let next = |t: usize| bars.get(t + 1).map_or(0.0, |next| next.close / bars[t].close - 1.0);
    let lab = Lab::with(&bars, &config("admit = [\"external.mood\"]", &EXTERNAL.replace("4h", "")));
    lab.write("values.csv", values("mood", &bars, next));
    let output = glassbox(args!["train", "--config", lab.config(), "--workspace", lab.path("w")]).ok();
    let admitted = output.event("dataset")["admitted"]["external.mood"].to_string();
    assert!(admitted.contains("following bars"), "{admitted}");
}

/// The only capture of a workspace.
fn capture(workspace: &std::path::Path) -> PathBuf {
    let files = files_below(&workspace.join("neural_data"));
    files.into_iter().find(|path| path.extension().is_some_and(|e| e == "parquet")).unwrap()
}

#[test]
fn a_capture_that_was_tampered_with_keeps_its_features_out() {
    let lab = Lab::with(&walk(1, BARS), &config("", ""));
    let workspace = lab.path("w");
    let first = glassbox(args!["train", "--config", lab.config(), "--workspace", workspace]).ok();
    assert_eq!(first.event("dataset")["admitted"], serde_json::json!({}));
    let verdicts = capture(&workspace).with_extension("causality.json");
    let kept = fs::read(&verdicts).unwrap();
    let told = kept_causality(&capture(&workspace));
    assert!(told.iter().any(|found| found.column == "rsi_14.rsi" && !found.is_bad()), "{} verdicts", told.len());

    let path = capture(&workspace);
    let file = CaptureFile::open(&path).unwrap();
    let series = file.series().unwrap();
    let key = CaptureKey {
        fingerprint: file.fingerprint().unwrap().to_owned(),
        catalogue: file.catalogue().unwrap().to_owned(),
    };
    drop(file);
    let instances = load_formulas(&[]).unwrap_or_default().catalogue(Mode::Standard);
    let mut lines: Lines = compute(&instances, &series);
    let line = lines.columns.iter_mut().find(|line| line.name == "rsi_14.rsi").unwrap();
    // Each value a bar too early.
    line.values.rotate_left(1);
    write_capture(&path, &series, &lines, &key).unwrap();

    let checked = glassbox(args!["check", "causality", "--data", path, "--workspace", workspace]);
    assert_eq!(checked.code, Some(1), "{}", checked.stderr);
    assert!(checked.stderr.contains("1 columns leak or are infinite, rsi_14.rsi first"), "{}", checked.stderr);
    let found = checked.events("causality").into_iter().find(|record| record["column"] == "rsi_14.rsi").unwrap();
    assert_eq!((&found["verdict"], &found["leaks_at"]), (&"leaks".into(), &13.into()), "{found}");
    assert_eq!(checked.event("causality_summary")["leaking"], 1);

    let second = glassbox(args!["train", "--config", lab.config(), "--workspace", workspace]).ok();
    let dropped = second.event("dataset")["dropped"].to_string();
    assert!(
        dropped.contains("rsi_14.rsi") && dropped.contains("stored values differ from a replay at bar 13"),
        "{dropped}"
    );
    assert!(second.stderr.contains("left out of the training") || second.stdout.contains("left out of the training"));
    assert_ne!(fs::read(&verdicts).unwrap(), kept, "other lines have other verdicts");
}

#[test]
fn the_whole_catalogue_is_causal_from_outside() {
    let lab = Lab::with(&walk(5, 400), TINY);
    let set = ["--set", "features.groups=[\"lines\", \"pairs\", \"returns\"]"];
    let checked = glassbox(args![
        "check",
        "causality",
        "--data",
        lab.bars(),
        "--cuts",
        "2",
        "--workspace",
        lab.path("w"),
        set[0],
        set[1]
    ])
    .ok();
    let summary = checked.event("causality_summary");
    assert_eq!(summary["leaking"], 0);
    assert!(summary["columns"].as_u64().unwrap() > 1000, "{summary}");
    assert_eq!(400 * FOUR_HOURS, walk(5, 401)[400].timestamp - walk(5, 1)[0].timestamp);
}
