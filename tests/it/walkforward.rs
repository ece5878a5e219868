//! Networks taught and judged fold by fold.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use glassbox::config::load;
use glassbox::jobs::{Job, Order, Outcome, spawn};
use glassbox::runs::Stage;
use glassbox::tasks::{RunRequest, TaskEvent, WalkForward, walkforward};
use serde_json::{Value, json};

use crate::args;
use crate::bad_input::refuse;
use crate::common::{BARS, Lab, TINY, glassbox, walk};

fn splits(text: &str) -> Lab {
    Lab::with(&walk(4, BARS), &format!("{TINY}\n[splits]\n{text}\n"))
}

#[test]
fn a_walk_forward_judges_later_and_later_bars_and_is_not_done_twice() {
    let lab = splits("method = \"rolling\"\nfolds = 2\ntest = 0.2\nvalidation = 0.15\ncalibration = 0.15\ntrain = 0.5");
    let workspace = lab.path("workspace");
    let go = || glassbox(args!["--workspace", workspace, "walkforward", lab.config()]).ok();
    let output = go();
    let folds = output.events("fold");
    assert_eq!(folds.len(), 2);
    let ends: Vec<i64> = folds.iter().map(|fold| fold["test"][0][1].as_i64().unwrap()).collect();
    let starts: Vec<i64> = folds.iter().map(|fold| fold["test"][0][0].as_i64().unwrap()).collect();
    let times: Vec<i64> = walk(4, BARS).iter().map(|bar| bar.timestamp).collect();
    let place = |time: i64| times.binary_search(&time).unwrap();
    assert_eq!(place(starts[1]), place(ends[0]) + 1, "the test slices lie end to end");
    let all = output.event("walkforward");
    assert_eq!(all["folds"].as_array().unwrap().len(), 2);
    let stitched = &all["stitched"];
    assert_eq!(stitched["bars"].as_u64().unwrap() as usize, place(ends[1]) - place(starts[0]) + 1);
    let growth = |fold: &Value| 1.0 + fold["returns"][0].as_f64().unwrap();
    let compounded: f64 = folds.iter().map(growth).product();
    assert!((stitched["total_return"].as_f64().unwrap() - (compounded - 1.0)).abs() < 1e-9, "{stitched}");

    // Each fold has its own scaler, fitted on its own training rows.
    let fitted = |fold: &Value| -> Value {
        let run = workspace.join("runs").join(fold["run"].as_str().unwrap());
        let bytes = fs::read(run.join("model.safetensors")).unwrap();
        let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        let header: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
        let card: Value = serde_json::from_str(header["__metadata__"]["glassbox"].as_str().unwrap()).unwrap();
        card["schema"]["fitted_on"].clone()
    };
    let ranges: Vec<Value> = folds.iter().map(fitted).collect();
    assert!(ranges[0]["start"].as_u64() < ranges[1]["start"].as_u64(), "{ranges:?}");
    assert!(ranges.iter().zip(&starts).all(|(range, start)| range["last_timestamp"].as_i64().unwrap() < *start));

    let runs = || fs::read_dir(workspace.join("runs")).unwrap().count();
    let before = runs();
    let again = go();
    assert_eq!(again.events("fold"), folds, "the same figures");
    assert_eq!(runs(), before, "the finished runs were taken");
}

#[test]
fn combinatorial_folds_test_every_block_and_give_paths() {
    let lab = splits("method = \"combinatorial\"\ngroups = 4\ntest_groups = 1");
    let output = glassbox(args!["--workspace", lab.path("workspace"), "walkforward", lab.config()]).ok();
    let folds = output.events("fold");
    assert_eq!(folds.len(), 4);
    let tested: Vec<(i64, i64)> =
        folds.iter().map(|fold| (fold["test"][0][0].as_i64().unwrap(), fold["test"][0][1].as_i64().unwrap())).collect();
    assert!(tested.windows(2).all(|pair| pair[0].1 < pair[1].0), "{tested:?}");
    let all = output.event("walkforward");
    assert_eq!(all["paths"].as_array().unwrap().len(), 1);
    assert_eq!(all["paths"][0][0], json!([1, 2, 3, 4]));
    for fold in &folds {
        assert_eq!(fold["stopped"], json!(false));
        assert!(fold["judged"]["bars"].as_u64().unwrap() > 50, "{fold}");
        assert!(fold["judged"]["entry_auc"].as_f64().is_some_and(|area| (0.0..=1.0).contains(&area)), "{fold}");
    }
}

#[test]
fn what_cannot_be_walked_is_one_sentence() {
    let chronological = splits("embargo = 0");
    refuse(args!["walkforward", chronological.config()], 1, &["chronological", "rolling"]);
    let combinatorial = splits("method = \"combinatorial\"");
    refuse(args!["run", combinatorial.config()], 1, &["several test blocks", "walkforward"]);
    let beyond = splits("method = \"anchored\"\nfolds = 3\nfold = 4");
    refuse(args!["run", beyond.config()], 2, &["splits.fold", "at most 3"]);
    let crowded = splits("method = \"rolling\"\nfolds = 800");
    refuse(args!["walkforward", crowded.config()], 1, &["fold"]);
}

/// Asks for the folds of `lab` in this process.
fn start(lab: &Lab) -> Job<WalkForward, TaskEvent> {
    let mut config = load(Some(&lab.config()), None, &[]).unwrap();
    config.data.file = lab.bars().display().to_string();
    let workspace = lab.path("workspace");
    let request = RunRequest { workspace, config, until: Stage::Backtest, resume: true, threads: 1 };
    spawn("folds", Arc::new(|| ()), move |job| walkforward(&request, job)).unwrap()
}

/// Waits until the job's stage begins like this.
#[track_caller]
fn reaches(job: &Job<WalkForward, TaskEvent>, stage: &str) {
    for _ in 0..12_000 {
        if job.progress().stage.starts_with(stage) {
            return;
        }
        assert!(job.poll().is_none(), "it ended before {stage:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{:?} instead of {stage:?}", job.progress());
}

#[test]
fn combinatorial_folds_pause_stop_and_say_what_makes_no_sense() {
    let long = TINY.replace("num_epochs = 3", "num_epochs = 400\npatience = 400");
    let cut = "[splits]\nmethod = \"combinatorial\"\ngroups = 4\ntest_groups = 1\n";
    let lab = Lab::with(&walk(4, BARS), &format!("{long}\n{cut}"));

    let job = start(&lab);
    reaches(&job, "fold 1, training, epoch");
    job.control().pause();
    reaches(&job, "fold 1, paused in epoch");
    job.cancel();
    assert!(matches!(job.wait(Duration::from_mins(1)), Some(Outcome::Cancelled)));

    let job = start(&lab);
    reaches(&job, "fold 1, training, epoch");
    job.control().pause();
    reaches(&job, "fold 1, paused in epoch");
    let before = job.progress();
    let mut notes = Vec::new();
    for (order, says) in [
        (Order::Save, "in memory only"),
        (Order::LearningRate(0.1), "the learning rate stays"),
        (Order::Patience(1), "the patience stays"),
    ] {
        job.control().order(order);
        let said = |notes: &[String]| notes.iter().any(|note| note.starts_with("fold 1: ") && note.contains(says));
        for _ in 0..12_000 {
            let heard = job.drain().filter_map(|event| match event {
                TaskEvent::Note(note) => Some(note),
                TaskEvent::Record(_) => None,
            });
            notes.extend(heard);
            if said(&notes) {
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        assert!(said(&notes), "{order:?}: {notes:?}");
    }
    assert_eq!(job.progress(), before, "it stood still");

    // Every fold ends after the epoch it is at.
    job.control().resume();
    let (mut changes, mut outcome) = (Vec::new(), None);
    for _ in 0..12_000 {
        job.control().order(Order::Stop);
        outcome = job.wait(Duration::from_millis(20));
        changes.extend(job.drain().filter_map(|event| match event {
            TaskEvent::Record(record) if record["event"] == "change" => Some(record),
            _ => None,
        }));
        if outcome.is_some() {
            break;
        }
    }
    let Some(Outcome::Finished(found)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(found.folds.len(), 4);
    for fold in &found.folds {
        let (epochs, best) = fold.epochs;
        assert!(fold.stopped && epochs < 400 && (1..=epochs).contains(&best), "{fold:?}");
        assert!(changes.iter().any(|change| change["what"] == "stop" && change["fold"] == fold.fold), "{changes:?}");
        assert!(fold.judged.entry_auc.is_some(), "{fold:?}");
    }
}
