//! Planted markets and the leak linter on the command line.

use std::fmt::Write as _;
use std::fs;

use glassbox::market::synth::{Market, synth};
use glassbox::stats::auc;
use serde_json::json;

use crate::args;
use crate::bad_input::{message, one_line, refuse};
use crate::common::{FINISHED, Lab, csv, glassbox, walk};

/// The preset debug with a small network and the rise of the next bar as its entry.
const SMALL_DEBUG: &str = r#"
preset = "debug"
[labels]
entry_k = 0
exit_k = 0
[model]
seq_len = 8
d_model = 16
num_heads = 2
num_layers = 1
d_ff = 32
latent_dim = 4
[train]
num_epochs = 8
learning_rate = 5e-3
[analysis]
regimes = 3
windows = 8
[backtest]
fee_bps = 0
half_spread_bps = 0
slippage_bps = 0
"#;

/// Entry AUC on the test slice of a network taught on `market`, and that of the best forecast.
fn taught(market: Market) -> (f64, f64) {
    let bars = synth(&market, 4000, 3).unwrap().series.bars().to_vec();
    let lab = Lab::with(&bars, SMALL_DEBUG);
    let output = glassbox(args!["run", lab.config(), "--workspace", lab.path("w")]).ok();
    let verdict = output.event("verdict");
    let judged = verdict["n"].as_u64().unwrap() as usize;
    assert!(judged > 550, "{verdict}");
    // The last bar has no label.
    let test = bars.len() - 1 - judged..bars.len() - 1;
    let rises: Vec<f64> = test.clone().map(|t| f64::from(u8::from(bars[t + 1].close > bars[t + 1].open))).collect();
    (verdict["auc"]["estimate"].as_f64().unwrap(), auc(&market.chance_of_rise(&bars)[test], &rises))
}

#[test]
fn the_debug_preset_learns_a_planted_lag_and_nothing_from_noise() {
    let (learnt, best) = taught(Market::Lag { lag: 3, strength: 3.0 });
    assert!(best > 0.7 && learnt >= 0.9 * best, "{learnt} of {best}");
    let (learnt, best) = taught(Market::Noise);
    assert_eq!(best, 0.5);
    // Three standard errors of the AUC of some 590 bars.
    assert!((learnt - 0.5).abs() < 0.07, "{learnt}");
}

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
