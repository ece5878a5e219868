//! The single commands: what they print, write and refuse.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use glassbox::data::read_table;
use serde_json::{Value, json};

use crate::args;
use crate::common::{BARS, FINISHED, Lab, command, csv, finish, glassbox, walk};

/// Element names in order of closing; panics if the text is not well-formed.
#[track_caller]
fn elements(svg: &str) -> BTreeSet<String> {
    let (mut open, mut seen) = (Vec::new(), BTreeSet::new());
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(text.split('&').skip(1).all(|part| part.contains(';')), "a bare & in {text:?}");
        assert!(!text.contains('>'), "a bare > in {text:?}");
        let end = rest[at..].find('>').expect("every < has its >") + at;
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if tag.starts_with(['?', '!']) {
            continue;
        }
        assert_eq!(tag.matches('"').count() % 2, 0, "odd quotes in <{tag}>");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closing tag");
            continue;
        }
        let name = tag.trim_end_matches('/').split_whitespace().next().expect("a name").to_owned();
        seen.insert(name.clone());
        if !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert_eq!(open, Vec::<String>::new(), "unclosed tags");
    seen
}

#[test]
fn the_tag_checker_sees_a_missing_close() {
    assert_eq!(elements("<svg a=\"1\"><g/><text>a &lt; b</text></svg>").len(), 3);
    let open = || elements("<svg><g></svg>");
    assert!(std::panic::catch_unwind(open).is_err());
}

#[test]
fn analyze_draws_the_four_pictures() {
    let (_guard, run) = FINISHED.copy();
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    let output = glassbox(args!["analyze", run, "--figures", pictures, "--workspace", FINISHED.workspace]).ok();
    let files: Vec<Value> = output.event("figures")["files"].as_array().unwrap().clone();
    assert_eq!(files.len(), 4);
    for file in &files {
        let svg = fs::read_to_string(file.as_str().unwrap()).unwrap();
        let seen = elements(&svg);
        assert!(seen.contains("svg") && seen.contains("text"), "{file}: {seen:?}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{file} holds numbers that are none");
    }
    assert_eq!(fs::read_dir(&pictures).unwrap().count(), 4);
    // A repeated analysis of the same model comes to the same figures.
    for file in ["fitted.json", "verdict.json", "importance.json"] {
        let (again, before) = (run.join("analysis").join(file), FINISHED.run.join("analysis").join(file));
        assert!(fs::read(again).unwrap() == fs::read(before).unwrap(), "{file}");
    }
}

#[test]
fn the_attention_of_one_window_can_be_asked_for() {
    // 2020-03-01T04:00 opens bar 361.
    let time = "2020-03-01T05:30:00Z";
    let output = glassbox(args!["analyze", FINISHED.run, "--window", time, "--workspace", FINISHED.workspace]).ok();
    let record = output.event("window_attention");
    assert_eq!(record["timestamp"], 1_583_035_200_000_i64);
    let (layers, heads, t) = (record["layers"].as_u64(), record["heads"].as_u64(), record["seq_len"].as_u64());
    assert_eq!((layers, heads, t), (Some(1), Some(2), Some(8)));
    let weights: Vec<f64> = record["weights"].as_array().unwrap().iter().map(|w| w.as_f64().unwrap()).collect();
    assert_eq!(weights.len(), 2 * 8 * 8);
    for row in weights.chunks(8) {
        assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{row:?}");
    }
    let early = glassbox(args!["analyze", FINISHED.run, "--window", "2019-01-01", "--workspace", FINISHED.workspace]);
    assert!(early.code == Some(1) && early.stderr.contains("before the first bar"), "{}", early.stderr);
}

#[test]
fn a_backtest_on_bars_that_taught_is_marked() {
    let (_guard, run) = FINISHED.copy();
    for (slice, in_sample) in [("train", true), ("validation", true), ("calibration", true), ("test", false)] {
        let output = glassbox(args!["backtest", run, "--slice", slice, "--workspace", FINISHED.workspace]).ok();
        for report in output.events("backtest") {
            assert_eq!((&report["slice"], &report["in_sample"]), (&json!(slice), &json!(in_sample)));
        }
        if in_sample {
            assert_eq!(output.event("backtest_verdict")["verdict"]["edge"], false, "{slice}");
        }
    }
    let text = finish(command(args!["backtest", run, "--slice", "train", "--workspace", FINISHED.workspace])).ok();
    assert!(text.stdout.contains("IN SAMPLE"), "{}", text.stdout);
    let text = finish(command(args!["backtest", run, "--workspace", FINISHED.workspace])).ok();
    assert!(text.stdout.contains("out of sample") && !text.stdout.contains("IN SAMPLE"), "{}", text.stdout);
}

#[test]
fn signals_are_traded_at_the_next_open() {
    let lab = Lab::new();
    let bars = walk(1, BARS);
    let time = |t: usize| glassbox::data::time_text(bars[t].timestamp);
    let text = format!("timestamp,side,size\n{},long,0.5\n{},flat,\n", time(100), time(120));
    let signals = lab.write("signals.csv", text);
    let out = lab.path("out");
    let output = glassbox(args!["backtest", "--signals", signals, "--data", lab.bars(), "--out", out]).ok();
    let names: Vec<Value> = output.events("backtest").iter().map(|record| record["strategy"].clone()).collect();
    assert_eq!(names, ["signals", "buy and hold"]);
    let (trades, _) = read_table(&out.join("trades.parquet")).unwrap();
    assert_eq!(trades.rows(), 1);
    assert_eq!(trades.time("entry_time").unwrap(), [bars[101].timestamp]);
    assert_eq!(trades.time("exit_time").unwrap(), [bars[121].timestamp]);
    // Half spread 2 bp and slippage 1 bp or more: a buyer never pays less than the open.
    assert!(trades.float("entry_price").unwrap()[0] >= bars[101].open);
    assert!(trades.float("exit_price").unwrap()[0] <= bars[121].open);
    let (equity, _) = read_table(&out.join("equity.parquet")).unwrap();
    assert_eq!(equity.rows(), BARS);
}

#[test]
fn predict_gives_one_record_per_bar() {
    let predict = |more: &[&str]| {
        let mut arguments = args!["predict", FINISHED.run, "--data", FINISHED.lab.bars()].to_vec();
        arguments.extend(args!["--workspace", FINISHED.workspace]);
        arguments.extend(more.iter().map(Into::into));
        glassbox(arguments).ok().records()
    };
    let all = predict(&[]);
    assert_eq!(all.len(), BARS);
    assert_eq!(all[BARS - 5..], predict(&["--last", "5"]));
    let (first, last) = (&all[0], &all[BARS - 1]);
    assert!(first["no_prediction"].as_str().unwrap().starts_with("no prediction: "), "{first}");
    assert!(first["entry_prob"].is_null() && first["decision"].is_null(), "{first}");
    assert!(last["no_prediction"].is_null());
    let number = |name: &str| last[name].as_f64().unwrap_or_else(|| panic!("{name} in {last}"));
    for name in ["entry_prob", "entry_prob_calibrated", "exit_prob", "size", "regime_probability"] {
        assert!((0.0..=1.0).contains(&number(name)), "{name} in {last}");
    }
    assert!(number("return_low") < number("expected_return") && number("expected_return") < number("return_high"));
    assert!(number("volatility") > 0.0);
    let slices: BTreeSet<&str> = all.iter().map(|record| record["slice"].as_str().unwrap()).collect();
    assert_eq!(slices, BTreeSet::from(["none", "train", "validation", "calibration", "test", "live"]));
}

#[test]
fn indicators_are_listed_shown_and_computed() {
    let list = glassbox(["indicators", "list"]).ok().events("indicator");
    let ids: BTreeSet<&str> = list.iter().map(|record| record["id"].as_str().unwrap()).collect();
    for id in [
        "schaff_trend_cycle",
        "rsx",
        "wavetrend",
        "cyber_cycle",
        "hurst_exponent",
        "damiani_volatmeter",
        "squeeze_volatility",
        "macd",
        "supertrend",
        "kama",
        "obv",
    ] {
        assert!(ids.contains(id), "{id} in {ids:?}");
    }
    let shown = glassbox(["indicators", "show", "rsi(period=9)"]).ok().event("indicator");
    assert_eq!(shown["parameters"]["period"], 9.0);
    assert!(!shown["formula"].as_str().unwrap().is_empty());
    for line in shown["lines"].as_array().unwrap() {
        assert!(!line["meaning"].as_str().unwrap().is_empty() && !line["unit"].as_str().unwrap().is_empty(), "{line}");
    }
    let lab = Lab::new();
    let compute = |out: &str, threads: &str, only: &[&str]| {
        let mut arguments = args!["indicators", "compute", "--data", lab.bars(), "--out", lab.path(out)].to_vec();
        arguments.extend(only.iter().map(Into::into));
        let mut command = command(arguments);
        command.args(["--json", "--threads", threads]);
        finish(command).ok().event("lines")
    };
    let (one, two) = (compute("one.parquet", "1", &[]), compute("two.parquet", "2", &[]));
    assert_eq!(one["hash"], two["hash"]);
    assert_eq!(one["indicators"], list.len());
    assert_eq!(fs::read(lab.path("one.parquet")).unwrap(), fs::read(lab.path("two.parquet")).unwrap());
    let some = compute("some.parquet", "1", &["--only", "rsi(period=9), obv"]);
    assert_eq!(some["indicators"], 2);
    assert_ne!(some["hash"], one["hash"]);
    let (table, _) = read_table(&lab.path("some.parquet")).unwrap();
    let names: Vec<&str> = table.columns().map(|(name, _)| name).filter(|name| name.contains('.')).collect();
    assert_eq!(names.len() as u64, some["lines"].as_u64().unwrap());
}

#[test]
fn bars_survive_import_and_export() {
    let lab = Lab::new();
    let inspect = |path: &Path| {
        let record = glassbox(args!["data", "inspect", path]).ok().event("data");
        ["rows", "start", "end", "timeframe", "symbol"].map(|field| record[field].clone())
    };
    let original = inspect(&lab.bars());
    assert_eq!(original[..3], [json!(BARS), json!("2020-01-01T00:00:00Z"), json!("2020-05-29T20:00:00Z")]);
    // Shuffled, with an exact duplicate: import repairs both and says so.
    let mut rows: Vec<String> = csv(&walk(1, BARS)).lines().map(str::to_owned).collect();
    rows.swap(10, 400);
    rows.push(rows[50].clone());
    let messy = lab.write("MESSY_4h.csv", rows.join("\n"));
    let parquet = lab.path("SYN_4h.parquet");
    let report = glassbox(args!["data", "import", messy, "--out", parquet, "--symbol", "SYN"]).ok().event("data");
    assert_eq!(report["duplicates_dropped"], 1);
    assert!(report["sorted_rows"].as_u64().unwrap() > 0);
    assert_eq!(inspect(&parquet), original);
    let back = lab.path("SYN_4h_back.csv");
    glassbox(args!["data", "export", parquet, "--out", back]).ok();
    let again = lab.path("again.parquet");
    glassbox(args!["data", "import", back, "--out", again, "--symbol", "SYN"]).ok();
    assert_eq!(fs::read(&again).unwrap(), fs::read(&parquet).unwrap());
    // The same bars give the same capture, whatever file they come from.
    glassbox(args!["collect", lab.bars(), "--workspace", lab.path("w")]).ok();
    let collected = glassbox(args!["collect", parquet, "--workspace", lab.path("w")]).ok();
    assert_eq!(collected.stage("collect")["reused"], true);
    // Without the repair the disorder is an error that names it.
    let refused = glassbox(args!["collect", messy, "--workspace", lab.path("w")]);
    assert!(refused.code == Some(1) && refused.stderr.contains("sort the file"), "{}", refused.stderr);
}

#[test]
fn the_doctor_finds_nothing_wrong() {
    let lab = Lab::new();
    let output = glassbox(args!["doctor", "--workspace", lab.path("w")]).ok();
    let checks = output.events("check");
    let names: Vec<&str> = checks.iter().map(|check| check["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["version", "workspace", "device", "threads", "indicators", "runs"]);
    assert!(checks.iter().all(|check| check["ok"] == true));
    let blocked = lab.write("file", "");
    let output = glassbox(args!["doctor", "--workspace", blocked.join("w")]);
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("not writable"), "{}", output.stderr);
}

#[test]
fn help_and_wrong_usage() {
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"], &["data", "import", "--help"]] {
        let output = finish(command(arguments.iter().copied()));
        assert!(output.code == Some(0) && !output.stdout.is_empty(), "{arguments:?}");
    }
    for arguments in [
        &["run"][..],
        &["walk"],
        &["analyze"],
        &["backtest"],
        &["data", "inspect"],
        &["doctor", "--threads", "0"],
        &["doctor", "--threads", "5000"],
    ] {
        let output = finish(command(arguments.iter().copied()));
        assert!(output.code == Some(2) && !output.stderr.is_empty(), "{arguments:?}: {output:?}");
    }
}

#[test]
fn a_reader_that_leaves_early_is_no_error() {
    let mut child = command(["indicators", "list", "--json"]).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{told}");
}
