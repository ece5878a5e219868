//! `check leaks RUN`: an honest run is clean, and what is planted in one is named.

use std::fs;
use std::path::Path;

use glassbox::dataset::{Schema, Slice, extract};
use glassbox::jobs::JobContext;
use glassbox::stats::{auc, mean};
use glassbox::tasks::{RunView, open_view};
use serde_json::{Value, json};

use crate::args;
use crate::bad_input::{message, one_line, refuse};
use crate::bad_runs::edit_card;
use crate::common::{BARS, FINISHED, Lab, TINY, glassbox, walk};

fn checks(run: &Path) -> Vec<Value> {
    let output = glassbox(args!["check", "leaks", run]);
    let found = output.event("leaks");
    let checks = found["checks"].as_array().unwrap().clone();
    let leaking: Vec<&Value> = checks.iter().filter(|check| check["verdict"] == "leak").collect();
    assert_eq!(found["leaking"], json!(leaking.len()));
    assert_eq!(output.code, Some(i32::from(!leaking.is_empty())), "{}", output.stderr);
    if let Some(first) = leaking.first() {
        let message = message(&output);
        let counted = format!("{} of {} checks found a leak", leaking.len(), checks.len());
        assert!(message.starts_with(&counted) && message.contains(first["check"].as_str().unwrap()), "{message}");
        one_line(&message);
    }
    checks
}

/// The named check must find a leak and say so.
#[track_caller]
fn leaks(run: &Path, name: &str, says: &str) {
    let all = checks(run);
    let check = all.iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("no check {name}"));
    let detail = check["detail"].as_str().unwrap();
    assert!(check["verdict"] == "leak" && detail.contains(says), "{check}");
    one_line(detail);
}

fn view(run: &Path) -> RunView {
    open_view(run, &JobContext::detached()).unwrap()
}

#[test]
fn an_honest_run_is_clean() {
    let found: Vec<(String, String)> = checks(&FINISHED.run)
        .iter()
        .map(|check| (check["check"].as_str().unwrap().to_owned(), check["verdict"].to_string()))
        .collect();
    let names = [
        "records_agree",
        "slices_apart",
        "slices_as_configured",
        "slices_as_recorded",
        "scaler_rows",
        "scaler_values",
        "stopping_bars",
        "calibration_bars",
        "copied_rows",
        "columns",
    ];
    assert_eq!(found, names.map(|name| (name.to_owned(), "\"ok\"".to_owned())));
}

#[test]
fn a_scaler_fitted_on_everything_is_named() {
    let (_guard, run) = FINISHED.copy();
    edit_card(&run, |card| card["schema"]["fitted_on"]["end"] = BARS.into());
    leaks(&run, "scaler_rows", "but training windows read");

    // The range it names is honest, its figures are not.
    let (_guard, run) = FINISHED.copy();
    let view = view(&run);
    let series = &view.collected.series;
    let features = extract(series, &view.collected.lines, &view.manifest.config.features).unwrap();
    let everything = Schema::fit(&features, 0..series.len(), &series.timestamps()).unwrap();
    edit_card(&run, |card| {
        for column in card["schema"]["inputs"].as_array_mut().unwrap() {
            if let Some(other) = everything.inputs.iter().find(|other| column["name"] == other.name.as_str()) {
                *column = serde_json::to_value(other).unwrap();
            }
        }
    });
    leaks(&run, "scaler_values", "are scaled by all bars");
}

#[test]
fn unpurged_slices_and_files_that_disagree_are_named() {
    let (_guard, run) = FINISHED.copy();
    edit_card(&run, |card| card["slices"]["train"]["end"] = card["slices"]["validation"]["start"].clone());
    leaks(&run, "slices_apart", "3 labels of the train slice");
    leaks(&run, "slices_as_configured", "the train slice is bars");

    let (_guard, run) = FINISHED.copy();
    let path = run.join("run.json");
    let mut manifest: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    manifest["config"]["labels"]["prediction_horizon"] = 1.into();
    fs::write(&path, manifest.to_string()).unwrap();
    leaks(&run, "records_agree", "[labels]");
}

#[test]
fn an_epoch_chosen_on_test_bars_is_named() {
    let (_guard, run) = FINISHED.copy();
    let view = view(&run);
    let (forecast, card) = (view.forecast.as_ref().unwrap(), view.card.as_ref().unwrap());
    let known = |t: &usize| forecast.raw.entry_logit[*t].is_finite() && view.labels.entry[*t].is_finite();
    let bars: Vec<usize> = card.slices.range(Slice::Test).filter(known).collect();
    let pick = |x: &[f64]| bars.iter().map(|&t| x[t]).collect::<Vec<f64>>();
    let errors: Vec<f64> = bars.iter().map(|&t| (forecast.entry_prob[t] - view.labels.entry[t]).powi(2)).collect();
    let path = run.join("metrics.jsonl");
    let lines: Vec<String> = fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(|line| {
            let mut epoch: Value = serde_json::from_str(line).unwrap();
            epoch["learned"]["entry_brier"] = mean(&errors).into();
            epoch["learned"]["entry_auc"] = auc(&pick(&forecast.raw.entry_logit), &pick(&view.labels.entry)).into();
            epoch["learned"]["exit_auc"] = auc(&pick(&forecast.raw.exit_logit), &pick(&view.labels.exit)).into();
            epoch.to_string() + "\n"
        })
        .collect();
    fs::write(&path, lines.concat()).unwrap();
    leaks(&run, "stopping_bars", "comes from the test slice, not from the validation slice");
}

#[test]
fn bars_copied_from_training_into_test_are_named() {
    const COPIED: usize = 30;
    let mut bars = walk(1, BARS);
    // The copy goes on at about the price the bars before it end at.
    let first = BARS - COPIED;
    let jump = |from: &usize| (bars[from - 1].close / bars[first - 1].close).ln().abs();
    let from = (300..500).min_by(|a, b| jump(a).total_cmp(&jump(b))).unwrap();
    for i in 0..COPIED {
        bars[first + i] = glassbox::market::Bar { timestamp: bars[first + i].timestamp, ..bars[from + i] };
    }
    let lab = Lab::with(&bars, TINY);
    let run = glassbox(args!["train", "--config", lab.config(), "--workspace", lab.path("w")]).ok().run();
    // The last three have no label yet.
    let says = format!("bars {first} to {} of the test slice repeat bars {from} to", BARS - 4);
    leaks(&run, "copied_rows", &says);
}

#[test]
fn what_is_no_run_is_refused() {
    let lab = Lab::new();
    one_line(&refuse(args!["check", "leaks", lab.path("nowhere")], 1, &["no run folder"]));
    refuse(args!["check", "leaks"], 2, &["RUN"]);
    refuse(args!["check", "leaks", FINISHED.run, "--columns", lab.bars()], 2, &["--columns"]);
    let (_guard, run) = FINISHED.copy();
    fs::remove_file(run.join("model.safetensors")).unwrap();
    one_line(&refuse(args!["check", "leaks", run], 1, &["no model yet"]));
}
