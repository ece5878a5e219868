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
