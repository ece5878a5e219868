//! Planted markets and the leak linter on the command line.

use std::fmt::Write as _;
use std::fs;

use serde_json::json;

use crate::args;
use crate::bad_input::{message, one_line, refuse};
use crate::common::{FINISHED, Lab, csv, glassbox, walk};

#[test]
fn a_planted_market_is_written_with_its_truth() {
    let lab = Lab::new();
    let out = lab.path("SYNTH-LAG.parquet");
    let draw = || glassbox(args!["synth", "lag", "--bars", "3000", "--seed", "5", "--lag", "4", "--out", out]).ok();
    let record = draw().event("synth");
    assert_eq!((&record["bars"], &record["market"]["lag"]), (&json!(3000), &json!(4)));
    assert!(record["optimal_auc"].as_f64().unwrap() > 0.52, "{record}");
    let bytes = fs::read(&out).unwrap();
    draw();
    assert_eq!(fs::read(&out).unwrap(), bytes, "the same seed gives the same bytes");
    let seen = glassbox(args!["data", "inspect", out]).ok().event("data");
    assert_eq!(seen["rows"], json!(3000));
    refuse(args!["synth", "luck", "--out", lab.path("x.parquet")], 1, &["no planted market", "noise"]);
    refuse(args!["synth", "noise", "--lag", "3", "--out", lab.path("x.parquet")], 1, &["lag means nothing"]);
}

#[test]
fn columns_that_know_the_future_are_named() {
    let lab = Lab::new();
    let bars = walk(3, 1500);
    let text = csv(&bars);
    let mut lines = text.lines();
    let mut out = format!("{},momentum,peek,label\n", lines.next().unwrap());
    for (t, line) in lines.enumerate() {
        let close = |i: usize| bars[i.min(bars.len() - 1)].close;
        let momentum = bars[t].close - bars[t.saturating_sub(10)].close;
        let (peek, label) = (close(t + 1) - close(t), f64::from(u8::from(close(t + 6) > close(t))));
        writeln!(out, "{line},{momentum},{peek},{label}").unwrap();
    }
    let file = lab.write("columns.csv", out);
    let output = glassbox(args!["check", "leaks", "--columns", file]);
    let found = output.event("leaks");
    let verdicts: Vec<(&str, &str)> = found["columns"]
        .as_array()
        .unwrap()
        .iter()
        .map(|column| (column["name"].as_str().unwrap(), column["verdict"].as_str().unwrap()))
        .collect();
    assert_eq!(verdicts, [("momentum", "clean"), ("peek", "leaks"), ("label", "leaks")], "{found}");
    assert_eq!(found["leaking"], json!(2));
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let message = message(&output);
    assert!(message.starts_with("2 of 3 columns know the future, peek first: "), "{message}");
    one_line(&message);
    let honest = fs::read_to_string(&file).unwrap();
    let honest: String = honest.lines().map(|line| line.rsplitn(3, ',').last().unwrap().to_owned() + "\n").collect();
    let file = lab.write("honest.csv", honest);
    let found = glassbox(args!["check", "leaks", "--columns", file]).ok().event("leaks");
    assert_eq!((&found["leaking"], found["columns"].as_array().unwrap().len()), (&json!(0), 1));
    refuse(args!["check", "leaks", "--columns", lab.bars()], 1, &["no columns of numbers beside its bars"]);
}

#[test]
fn features_are_compared_between_training_and_test() {
    let run = FINISHED.run.display().to_string();
    let found = glassbox(args!["check", "drift", run]).ok();
    let columns = found.events("drift");
    let summary = found.event("drift_summary");
    assert_eq!(summary["features"], json!(columns.len()));
    let moved = columns.iter().filter(|column| column["psi"].as_f64().is_some_and(|psi| psi > 0.25)).count();
    assert_eq!(summary["moved"], json!(moved));
    let kept = columns.iter().filter(|column| column["dropped"].is_null());
    assert!(kept.clone().all(|column| column["psi"].is_f64() && column["smd"].is_f64()), "{columns:?}");
    assert!(kept.clone().count() > 10);
    assert!(columns.iter().filter(|column| !column["dropped"].is_null()).count() > 0);
    refuse(args!["check", "drift", "nowhere"], 1, &["nowhere"]);
}
