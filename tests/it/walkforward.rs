//! Networks taught and judged fold by fold.

use std::fs;

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
