//! Bars to verdict: what `run` reports, reuses, and reproduces.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::{Value, json};

use crate::args;
use crate::common::{BARS, FINISHED, Lab, Output, TINY, command, csv, glassbox, walk};

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

#[track_caller]
fn assert_fields(record: &Value, fields: &[&str]) {
    for path in fields {
        let pointer = format!("/{}", path.replace('.', "/"));
        assert!(record.pointer(&pointer).is_some_and(|value| !value.is_null()), "{path} is absent from {record}");
    }
}

#[track_caller]
fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|x| x.as_f64().expect("a number")).collect()
}

fn status(run: &Path) -> Value {
    serde_json::from_slice(&read(&run.join("run.json"))).unwrap()
}

#[test]
fn every_stage_is_reported_in_order() {
    let output = &FINISHED.output;
    let stages = output.events("stage");
    let names: Vec<&str> = stages.iter().map(|stage| stage["stage"].as_str().unwrap()).collect();
    assert_eq!(names, ["collect", "train", "analyze", "backtest"]);
    for stage in &stages {
        assert!(stage["seconds"].as_f64().unwrap() >= 0.0, "{stage}");
        assert_eq!(stage["reused"], false);
        assert!(!stage["reason"].as_str().unwrap().is_empty());
    }
    assert_eq!(stages[0]["bars"], BARS);
    let records = output.records();
    let last = records.last().unwrap();
    assert_eq!(last["event"], "run");
    assert!(last["seconds"].as_f64().unwrap() > 0.0);
    let folder = FINISHED.run.file_name().unwrap().to_str().unwrap();
    assert_eq!(last["run"], folder);
    let manifest = status(&FINISHED.run);
    assert_eq!(manifest["status"], "finished");
    assert_eq!(manifest["done"], json!(["collect", "train", "analyze", "backtest"]));
}

#[test]
fn every_epoch_has_every_metric() {
    let epochs = FINISHED.output.events("epoch");
    assert_eq!(epochs.len(), 3);
    let lines = fs::read_to_string(FINISHED.run.join("metrics.jsonl")).unwrap();
    for (i, (epoch, line)) in epochs.iter().zip(lines.lines()).enumerate() {
        assert_eq!(epoch["epoch"], i + 1);
        for part in ["train", "validation"] {
            for task in ["entry", "exit", "return", "volatility", "vae", "size"] {
                assert!(epoch[part][task].as_f64().is_some_and(f64::is_finite), "{part} {task} in {epoch}");
            }
        }
        assert_fields(
            epoch,
            &[
                "step",
                "learning_rate",
                "score",
                "best",
                "learned.entry_auc",
                "learned.entry_brier",
                "learned.exit_auc",
                "learned.return_ic",
                "learned.return_rank_ic",
                "learned.volatility_correlation",
                "gradient_norm",
                "gradient_norm_max",
                "active_latents",
                "seconds",
                "windows_per_s",
            ],
        );
        assert_eq!(numbers(&epoch["log_variances"]).len(), 5);
        assert_eq!(numbers(&epoch["kl"]).len(), 2);
        let entropy = numbers(&epoch["attention_entropy"][0]);
        assert!(entropy.len() == 2 && entropy.iter().all(|e| (0.0..=1.0 + 1e-6).contains(e)), "{entropy:?}");
        // The log holds the same figures, without the clock's.
        let mut reproducible = epoch.clone();
        let fields = reproducible.as_object_mut().unwrap();
        fields.remove("seconds");
        fields.remove("windows_per_s");
        fields.remove("data_wait");
        assert_eq!(reproducible, serde_json::from_str::<Value>(line).unwrap());
    }
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn the_analysis_records_say_what_scripts_rely_on() {
    let output = &FINISHED.output;
    let attention = output.event("attention");
    assert!(attention["used"].is_boolean());
    assert_fields(&attention, &["loss_uniform_delta.estimate", "loss_uniform_delta.low", "loss_uniform_delta.high"]);
    for head in attention["received_by_lag"][0].as_array().unwrap() {
        let received = numbers(head);
        assert_eq!(received.len(), 8);
        assert!((received.iter().sum::<f64>() - 1.0).abs() < 1e-5, "{received:?}");
    }
    let importances = output.events("importance");
    let heads: Vec<&str> = importances.iter().map(|record| record["head"].as_str().unwrap()).collect();
    assert_eq!(heads, ["entry", "exit", "return", "volatility"]);
    for importance in &importances {
        let features = importance["features"].as_array().unwrap();
        assert!(features.len() > 50);
        assert!(features.iter().all(|f| f["name"].is_string() && f["value"].is_f64()));
        let magnitudes: Vec<f64> = features.iter().map(|f| f["magnitude"].as_f64().unwrap()).collect();
        assert!(magnitudes.is_sorted_by(|a, b| a >= b));
        assert_eq!(numbers(&importance["lags"]).len(), 8);
        assert_fields(importance, &["gap", "badge"]);
    }
    let regimes = output.event("regimes");
    assert_eq!(regimes["k"], 3);
    let table = regimes["table"].as_array().unwrap();
    assert_eq!(table.len(), 3);
    let share: f64 = table.iter().map(|row| row["share"].as_f64().unwrap()).sum();
    assert!((share - 1.0).abs() < 1e-9, "{share}");
    assert_eq!(regimes["labels_file"], "predictions.parquet");
    let calibration = output.event("calibration");
    assert_fields(
        &calibration,
        &["ece", "ece_null95", "brier", "reliability", "resolution", "slope.estimate", "intercept.estimate", "verdict"],
    );
    assert!((0.0..=1.0).contains(&calibration["brier"].as_f64().unwrap()));
    let verdict = output.event("verdict");
    assert!(verdict["edge"].is_boolean());
    assert_fields(&verdict, &["delta", "low", "high", "baseline", "n", "n_eff", "sentence"]);
    let bound = |name: &str| verdict[name].as_f64().unwrap();
    assert!(bound("low") <= bound("delta") && bound("delta") <= bound("high"), "{verdict}");
    assert!(bound("n_eff") <= bound("n"));
    for name in ["attention", "regimes", "calibration", "verdict"] {
        let file: Value = serde_json::from_slice(&read(&FINISHED.run.join(format!("analysis/{name}.json")))).unwrap();
        assert_eq!(file, output.event(name), "{name}");
    }
}

#[test]
fn the_backtest_compares_four_strategies_out_of_sample() {
    let reports = FINISHED.output.events("backtest");
    let names: Vec<&str> = reports.iter().map(|record| record["strategy"].as_str().unwrap()).collect();
    assert_eq!(names, ["network", "rule", "buy and hold", "random"]);
    for report in &reports {
        assert_eq!((&report["in_sample"], &report["slice"]), (&json!(false), &json!("test")));
        assert_fields(report, &["statistics.trades", "statistics.total_return", "statistics.max_drawdown"]);
        // One row per regime and, if need be, one for trades outside all of them.
        let rows = report["per_regime"].as_array().unwrap();
        assert!((3..=4).contains(&rows.len()), "{report}");
        let trades: u64 = rows.iter().map(|row| row["trades"].as_u64().unwrap()).sum();
        assert_eq!(report["statistics"]["trades"], trades);
    }
    let verdict = FINISHED.output.event("backtest_verdict");
    assert!(verdict["verdict"]["edge"].is_boolean());
    for name in ["trades", "equity", "rule_trades", "buy_and_hold_equity", "random_equity"] {
        assert!(FINISHED.run.join(format!("backtest/{name}.parquet")).is_file(), "{name}");
    }
}

#[test]
fn equal_runs_give_equal_bytes_on_one_thread_and_on_two() {
    // Another folder, another workspace: neither may leave a trace in the model.
    let lab = Lab::new();
    let mut two = command(args!["run", lab.config(), "--workspace", lab.path("two"), "--json", "--threads", "2"]);
    let runs = [lab.run("one").ok().run(), crate::common::finish(two_threads(&mut two)).ok().run()];
    for run in &runs {
        for file in ["model.safetensors", "metrics.jsonl", "analysis/fitted.json", "backtest/report.json"] {
            assert!(read(&run.join(file)) == read(&FINISHED.run.join(file)), "{file} of {}", run.display());
        }
    }
    let other =
        glassbox(args!["train", "--config", lab.config(), "--workspace", lab.path("w"), "--set", "train.seed=43"]);
    assert!(read(&other.ok().run().join("model.safetensors")) != read(&runs[0].join("model.safetensors")));
}

fn two_threads(command: &mut Command) -> Command {
    std::mem::replace(command, Command::new("true"))
}

#[test]
fn a_capture_is_reused_until_its_bars_change() {
    let lab = Lab::new();
    let collect = || glassbox(args!["collect", lab.bars(), "--workspace", lab.path("w")]).ok();
    let found = |output: &Output| {
        let stage = output.stage("collect");
        (stage["reused"].as_bool().unwrap(), stage["reason"].as_str().unwrap().to_owned())
    };
    let first = collect();
    assert_eq!(found(&first), (false, "no capture yet".to_owned()));
    assert_eq!(found(&collect()), (true, "same bars, parameters and catalogue".to_owned()));
    // Other bytes, same bars: content decides.
    let text = fs::read_to_string(lab.bars()).unwrap();
    fs::write(lab.bars(), text.replace('\n', "\r\n")).unwrap();
    assert!(found(&collect()).0);
    let mut bars = walk(1, BARS);
    bars[700].volume += 1.0;
    fs::write(lab.bars(), csv(&bars)).unwrap();
    assert_eq!(found(&collect()), (false, "the input bars changed".to_owned()));
    assert!(found(&collect()).0);
    // A damaged capture is replaced, not believed.
    let capture = first.stage("collect")["capture"].as_str().unwrap().to_owned();
    let bytes = read(Path::new(&capture));
    fs::write(&capture, &bytes[..bytes.len() / 2]).unwrap();
    let (reused, reason) = found(&collect());
    assert!(!reused && reason.starts_with("unreadable file"), "{reason}");
    assert_eq!(read(Path::new(&capture)), bytes);
}

#[test]
fn a_second_run_reuses_the_capture_and_a_resumed_one_the_training() {
    let lab = Lab::new();
    let first = lab.run("w").ok();
    let second = lab.run("w").ok();
    assert_eq!(second.stage("collect")["reused"], true);
    assert_eq!(second.stage("train")["reused"], false);
    assert_ne!(first.run(), second.run());
    let third = glassbox(args!["run", lab.config(), "--workspace", lab.path("w"), "--resume"]).ok();
    assert_eq!(third.run(), second.run());
    assert_eq!((&third.stage("train")["reused"], &third.stage("analyze")["reused"]), (&json!(true), &json!(true)));
    let other = args!["run", lab.config(), "--workspace", lab.path("w"), "--resume", "--set", "train.num_epochs=1"];
    let other = glassbox(other).ok();
    assert!(other.run() != first.run() && other.run() != second.run());
}

#[test]
fn training_can_be_resumed_by_folder() {
    let (_guard, run) = FINISHED.copy();
    let resumed = glassbox(args!["train", "--resume", run, "--workspace", FINISHED.workspace]).ok();
    assert_eq!(resumed.stage("train")["reused"], true);
}

/// Sends the signal of Ctrl-C.
fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[test]
fn an_interrupt_cancels_and_the_run_goes_on_later() {
    let config = TINY.replace("num_epochs = 3", "num_epochs = 12\npatience = 12");
    let lab = Lab::with(&walk(1, BARS), &config);
    let arguments = args!["run", lab.config(), "--workspace", lab.path("w"), "--json", "--threads", "1"];
    let mut child = command(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut seen = String::new();
    for line in lines.by_ref().map(Result::unwrap) {
        seen.push_str(&line);
        seen.push('\n');
        if line.contains("\"epoch\":2") {
            break;
        }
    }
    interrupt(&child);
    let rest: Vec<String> = lines.map(Result::unwrap).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let last: Value = serde_json::from_str(rest.last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["exit_code"]), (&json!("error"), &json!(130)));
    let cancelled = Output { code: Some(0), stdout: seen, stderr: String::new() };
    let run = cancelled.event("run_started")["folder"].as_str().unwrap().to_owned();
    assert_eq!(status(Path::new(&run))["status"], "cancelled");
    let resumed = glassbox(args!["run", lab.config(), "--workspace", lab.path("w"), "--resume"]).ok();
    assert_eq!(resumed.run(), Path::new(&run));
    let reason = resumed.stage("train")["reason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("continued after epoch "), "{reason}");
    assert_eq!(status(Path::new(&run))["status"], "finished");
    let metrics = fs::read_to_string(Path::new(&run).join("metrics.jsonl")).unwrap();
    let epochs: Vec<u64> =
        metrics.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["epoch"].as_u64().unwrap()).collect();
    assert_eq!(epochs, (1..=12).collect::<Vec<u64>>());
}

#[test]
fn two_processes_do_not_work_on_one_run() {
    let config = TINY.replace("num_epochs = 3", "num_epochs = 500\npatience = 500");
    let lab = Lab::with(&walk(1, BARS), &config);
    let arguments = args!["run", lab.config(), "--workspace", lab.path("w"), "--json", "--threads", "1"];
    let mut child = command(arguments).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.by_ref().find(|line| line.contains("\"event\":\"epoch\"")).expect("an epoch");
    let second = glassbox(args!["run", lab.config(), "--workspace", lab.path("w"), "--resume"]);
    child.kill().unwrap();
    child.wait().unwrap();
    std::thread::sleep(Duration::from_millis(1));
    assert_eq!(second.code, Some(1));
    assert!(second.stderr.contains("another process is working on"), "{}", second.stderr);
}
