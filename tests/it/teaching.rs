//! Training from outside: sweeps of learning rates, orders to a training at work, its curves for other programs.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::args;
use crate::bad_input::{one_line, refuse};
use crate::common::{BARS, FINISHED, Lab, Output, TINY, command, glassbox, walk};

#[test]
fn a_sweep_suggests_a_rate_and_makes_no_run() {
    let lab = Lab::new();
    let workspace = lab.path("w");
    let sweep = |more: [&str; 2]| args!["lrfind", lab.config(), "--workspace", workspace, more[0], more[1]];
    let output = glassbox(sweep(["--steps", "40"])).ok();
    let points = output.events("lr");
    let found = output.event("lr_suggestion");
    assert_eq!(found["steps"], points.len());
    let numbers = |key: &str| points.iter().map(|p| p[key].as_f64().unwrap()).collect::<Vec<_>>();
    assert!(numbers("lr").windows(2).all(|pair| pair[0] < pair[1]) && numbers("loss").iter().all(|x| x.is_finite()));
    if let Some(lr) = found["lr"].as_f64() {
        assert!(lr > 1e-7 && lr < 1.0, "{found}");
    }
    assert!(!workspace.join("runs").exists());
    let again = glassbox(sweep(["--steps", "40"])).ok();
    assert_eq!((again.events("lr"), again.event("lr_suggestion")), (points, found));
    one_line(&refuse(sweep(["--from", "2"]), 1, &["from 2", "to 1"]));
}

#[test]
fn a_training_is_told_to_stop_and_goes_on_with_its_best() {
    let config = TINY.replace("num_epochs = 3", "num_epochs = 400\npatience = 400");
    let lab = Lab::with(&walk(1, BARS), &config);
    let arguments = args!["run", lab.config(), "--workspace", lab.path("w"), "--json", "--threads", "1"];
    let mut child = command(arguments).spawn().unwrap();
    let (mut stdout, mut run) = (String::new(), PathBuf::new());
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
        let record: Value = serde_json::from_str(&line).unwrap();
        if record["event"] == "run_started" {
            run = record["folder"].as_str().unwrap().into();
        }
        if record["event"] == "epoch" && record["epoch"] == 2 {
            glassbox(args!["tell", run, "lr=1e-5", "save", "stop"]).ok();
        }
        stdout.push_str(&line);
        stdout.push('\n');
    }
    let output = Output { code: child.wait().unwrap().code(), stdout, stderr: String::new() }.ok();
    let changes: Vec<Value> = output.events("change");
    let told: Vec<_> = changes.iter().map(|change| (&change["what"], &change["to"])).collect();
    assert_eq!(told, [(&json!("learning_rate"), &json!(1e-5)), (&json!("stop"), &Value::Null)]);
    let log = fs::read_to_string(run.join("events.jsonl")).unwrap();
    assert_eq!(log.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>(), changes);
    assert_eq!(output.stage("train")["stopped"], true);
    assert!(output.stage("train")["epochs"].as_u64().unwrap() < 400);
    assert!(output.stage("backtest")["seconds"].is_number(), "the stages after the training go on");
    one_line(&refuse(args!["tell", run, "stop"], 1, &["no process is working on"]));
    one_line(&refuse(args!["tell", run, "halt"], 2, &["halt", "pause, resume, stop"]));
}

#[test]
fn curves_are_kept_for_other_programs() {
    let run: &Path = &FINISHED.run;
    let epochs = FINISHED.output.events("epoch");
    let csv = fs::read_to_string(run.join("metrics.csv")).unwrap();
    let mut rows = csv.lines();
    let names: Vec<&str> = rows.next().unwrap().split(',').collect();
    for (row, epoch) in rows.zip(&epochs) {
        let cells: Vec<&str> = row.split(',').collect();
        let cell = |name: &str| cells[names.iter().position(|n| *n == name).unwrap()].parse::<f64>().unwrap();
        assert_eq!(cell("validation/entry"), epoch["validation"]["entry"].as_f64().unwrap());
        assert_eq!(cell("learned/volatility_baseline"), epoch["learned"]["volatility_baseline"].as_f64().unwrap());
        assert!(cell("weight_change") > 0.0);
    }
    assert_eq!(csv.lines().count(), epochs.len() + 1);
    let mut files = fs::read_dir(run.join("tensorboard")).unwrap();
    let file = files.next().unwrap().unwrap();
    assert!(file.file_name().to_string_lossy().starts_with("events.out.tfevents."));
    assert!(file.metadata().unwrap().len() > 500 && files.next().is_none());
}

#[test]
fn points_within_epochs_are_lines_events_and_rows() {
    let run: &Path = &FINISHED.run;
    let text = fs::read_to_string(run.join("steps.jsonl")).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (events, epochs) = (FINISHED.output.events("step"), FINISHED.output.events("epoch"));
    assert_eq!(lines.len(), events.len());
    for (line, event) in lines.iter().zip(&events) {
        let same = line.as_object().unwrap().iter().all(|(name, value)| event[name] == *value);
        assert!(same && event["seconds"].as_f64().unwrap() > 0.0, "{line} {event}");
    }
    // Their means are the epochs' figures: weights are equal here, the last step of an epoch has fewer windows.
    let mut seen = 0.0;
    for epoch in &epochs {
        let own: Vec<&Value> = lines.iter().filter(|line| line["epoch"] == epoch["epoch"]).collect();
        assert!(own.len() > 1 && own.len() <= 64, "{}", own.len());
        let last = own.last().unwrap();
        assert_eq!((&last["step"], last["epochs"].as_f64()), (&epoch["step"], epoch["epoch"].as_f64()));
        let (mut sum, before) = (0.0, seen);
        for line in own {
            let windows = line["windows"].as_f64().unwrap();
            sum += (windows - seen) * line["train"]["entry"].as_f64().unwrap();
            seen = windows;
        }
        let (mean, told) = (sum / (seen - before), epoch["train"]["entry"].as_f64().unwrap());
        assert!((mean - told).abs() < 1e-9, "{mean} {told}");
    }
    let csv = fs::read_to_string(run.join("steps.csv")).unwrap();
    assert_eq!(csv.lines().count(), lines.len() + 1);
    assert!(csv.starts_with("epoch,step,") && csv.lines().next().unwrap().contains("train/entry"));
}

#[test]
fn runs_are_compared_by_groups_of_seeds() {
    let folder = tempfile::tempdir().unwrap();
    let make = |id: &str, seed: u64, seq_len: u64, score: f64| {
        let dir = folder.path().join("runs").join(id);
        fs::create_dir_all(&dir).unwrap();
        let mut manifest: Value = serde_json::from_slice(&fs::read(FINISHED.run.join("run.json")).unwrap()).unwrap();
        manifest["id"] = id.into();
        manifest["config"]["train"]["run_name"] = id.into();
        manifest["config"]["train"]["seed"] = seed.into();
        manifest["config"]["model"]["seq_len"] = seq_len.into();
        fs::write(dir.join("run.json"), manifest.to_string()).unwrap();
        let text = fs::read_to_string(FINISHED.run.join("metrics.jsonl")).unwrap();
        let mut epoch: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        epoch["score"] = score.into();
        fs::write(dir.join("metrics.jsonl"), format!("{epoch}\n")).unwrap();
    };
    make("one", 1, 8, 0.9);
    make("two", 2, 8, 0.7);
    make("long", 1, 16, 1.0);
    let workspace = folder.path();
    let output = glassbox(args!["compare", "one", "long", workspace.join("runs/two"), "--workspace", workspace]).ok();
    let runs = output.events("compared_run");
    let told: Vec<_> = runs.iter().map(|run| (run["run"].as_str().unwrap(), run["group"].as_u64().unwrap())).collect();
    assert_eq!(told, [("one", 0), ("long", 1), ("two", 0)]);
    assert_eq!(runs[1]["differs"].to_string(), r#"{"model.seq_len":16,"train.seed":1}"#);
    let groups = output.events("compared_group");
    assert_eq!(groups.len(), 2);
    assert_eq!(
        (groups[0]["runs"].to_string(), groups[0]["seeds"].to_string()),
        (r#"["one","two"]"#.into(), "[1,2]".into())
    );
    let score = |name: &str| groups[0]["score"][name].as_f64().unwrap();
    assert!((score("mean") - 0.8).abs() < 1e-12 && (score("std") - 0.02_f64.sqrt()).abs() < 1e-12);
    assert_eq!((score("min"), score("max"), groups[0]["score"]["n"].as_u64()), (0.7, 0.9, Some(2)));
    assert!(groups[1]["score"]["std"].is_null(), "one run has no deviation");
    one_line(&refuse(args!["compare", "one", "--workspace", workspace], 2, &["two runs or more"]));
    one_line(&refuse(args!["compare", "one", "one", "--workspace", workspace], 1, &["one is named twice"]));
    one_line(&refuse(args!["compare", "one", "none", "--workspace", workspace], 1, &["none is no run folder"]));
}
