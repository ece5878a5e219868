//! Models and run folders that are damaged or belong elsewhere: refused by file, and left as they are.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::args;
use crate::bad_input::{one_line, refuse};
use crate::common::{BARS, FINISHED, Lab, csv, files_below, glassbox, walk};

/// Splits a safetensors file into its JSON header and the bytes behind it.
pub(super) fn open_model(run: &Path) -> (Value, Vec<u8>) {
    let bytes = fs::read(run.join("model.safetensors")).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (serde_json::from_slice(&bytes[8..8 + length]).unwrap(), bytes[8 + length..].to_vec())
}

pub(super) fn save_model(run: &Path, header: &Value, data: &[u8]) {
    let mut text = header.to_string();
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(8) - text.len()));
    let bytes = [&(text.len() as u64).to_le_bytes()[..], text.as_bytes(), data].concat();
    fs::write(run.join("model.safetensors"), bytes).unwrap();
}

/// Edits the card in the header.
fn edit_card(run: &Path, edit: impl FnOnce(&mut Value)) {
    let (mut header, data) = open_model(run);
    let card = &mut header["__metadata__"]["glassbox"];
    let mut inner: Value = serde_json::from_str(card.as_str().unwrap()).unwrap();
    edit(&mut inner);
    *card = inner.to_string().into();
    save_model(run, &header, &data);
}

fn predict_with(run: &Path) -> [OsString; 6] {
    args!["predict", run, "--data", FINISHED.lab.bars(), "--workspace", FINISHED.workspace]
}

fn analyze(run: &Path) -> [OsString; 4] {
    args!["analyze", run, "--workspace", FINISHED.workspace]
}

#[test]
fn a_model_with_other_features_is_refused_with_a_table() {
    let (_guard, run) = FINISHED.copy();
    edit_card(&run, |card| card["features"]["groups"] = serde_json::json!(["lines", "calendar"]));
    let message = refuse(analyze(&run), 1, &["features", "missing", "extra"]);
    let names = |kind: &str| message.lines().filter(|line| line.trim_start().starts_with(kind)).count();
    assert!(names("missing") >= 1 && names("extra") >= 1, "{message}");
    // Another catalogue shows the same table.
    let (_guard, run) = FINISHED.copy();
    edit_card(&run, |card| {
        card["catalogue"] = "an older one".into();
        let text = card["schema"].to_string().replace("rsi_14.rsi", "rsi_14.forgotten");
        card["schema"] = serde_json::from_str(&text).unwrap();
    });
    let message = refuse(analyze(&run), 1, &["rsi_14.forgotten"]);
    assert!(message.lines().count() > 2, "{message}");
    // Equal names from another catalogue are not equal features.
    let (_guard, run) = FINISHED.copy();
    edit_card(&run, |card| card["catalogue"] = "an older one".into());
    one_line(&refuse(analyze(&run), 1, &["catalogue"]));
}

#[test]
fn bars_of_another_timeframe_are_refused() {
    let lab = Lab::new();
    let hours: Vec<_> = walk(1, 400)
        .into_iter()
        .enumerate()
        .map(|(i, mut bar)| {
            bar.timestamp = 1_577_836_800_000 + i as i64 * 3_600_000;
            bar
        })
        .collect();
    let file = lab.write("SYN_1h.csv", csv(&hours));
    let arguments = args!["predict", FINISHED.run, "--data", file, "--workspace", lab.path("w")];
    one_line(&refuse(arguments, 1, &["4h", "1h", &file.display().to_string()]));
}

#[test]
fn damaged_run_folders_are_refused_by_file() {
    let lab = Lab::new();
    one_line(&refuse(analyze(&lab.path("nowhere")), 1, &["nowhere", "no run folder"]));
    one_line(&refuse(predict_with(&lab.bars()), 1, &["no run folder"]));
    let half = |run: &Path, file: &str| {
        let bytes = fs::read(run.join(file)).unwrap();
        fs::write(run.join(file), &bytes[..bytes.len() / 2]).unwrap();
    };
    let backtest = |run: &Path| args!["backtest", run, "--workspace", FINISHED.workspace].to_vec();
    type Spoil<'a> = &'a dyn Fn(&Path);
    type Ask<'a> = &'a dyn Fn(&Path) -> Vec<OsString>;
    let ask_analyze: Ask<'_> = &|run| analyze(run).to_vec();
    let ask_predict: Ask<'_> = &|run| predict_with(run).to_vec();
    let model = "model.safetensors";
    let cases: [(Spoil<'_>, Ask<'_>, &[&str]); 14] = [
        (&|run| half(run, "run.json"), ask_analyze, &["run.json", "garbled"]),
        (&|run| fs::write(run.join("run.json"), "[1]").unwrap(), ask_predict, &["run.json", "garbled"]),
        (&|run| half(run, model), ask_analyze, &[model, "garbled"]),
        (&|run| half(run, model), ask_predict, &[model]),
        (&|run| fs::write(run.join(model), "nonsense").unwrap(), ask_analyze, &[model, "garbled"]),
        (&|run| fs::write(run.join(model), "").unwrap(), ask_analyze, &[model]),
        (&|run| fs::remove_file(run.join(model)).unwrap(), ask_analyze, &[model]),
        (
            &|run| {
                let (header, mut data) = open_model(run);
                data[..4].copy_from_slice(&f32::NAN.to_le_bytes());
                save_model(run, &header, &data);
            },
            ask_analyze,
            &[model, "not finite"],
        ),
        (&|run| edit_card(run, |card| card["format"] = 99.into()), ask_analyze, &[model, "99"]),
        (&|run| edit_card(run, |card| card["model"]["d_ff"] = 32.into()), ask_analyze, &[model, "shape"]),
        (&|run| edit_card(run, |card| card["train"]["weight_decay"] = 0.5.into()), ask_predict, &["analyze it again"]),
        (&|run| half(run, "analysis/fitted.json"), ask_predict, &["fitted.json", "garbled"]),
        (&|run| half(run, "predictions.parquet"), &backtest, &["predictions.parquet"]),
        (&|run| fs::remove_dir_all(run.join("analysis")).unwrap(), &backtest, &["analyze"]),
    ];
    for (spoil, ask, says) in cases {
        let (_guard, run) = FINISHED.copy();
        spoil(&run);
        let before = files_below(&run);
        one_line(&refuse(ask(&run), 1, says));
        let after: Vec<PathBuf> = files_below(&run).into_iter().filter(|path| !path.ends_with(".lock")).collect();
        assert!(after.iter().all(|path| before.contains(path)), "{says:?}: {after:?}");
    }
}

/// Makes a trained run look as if its training were not over.
pub(super) fn unfinish(run: &Path) {
    let manifest = fs::read_to_string(run.join("run.json")).unwrap();
    let mut unfinished: Value = serde_json::from_str(&manifest).unwrap();
    assert!(unfinished["done"].as_array().unwrap().contains(&"train".into()));
    unfinished["done"] = serde_json::json!(["collect"]);
    fs::write(run.join("run.json"), unfinished.to_string()).unwrap();
}

#[test]
fn checkpoints_that_do_not_fit_are_refused_and_kept() {
    let lab = Lab::new();
    let train = |more: [&str; 2]| {
        let run = args!["train", "--config", lab.config(), "--workspace", lab.path("w"), more[0], more[1]];
        glassbox(run).ok().run()
    };
    let run = train(["--set", "train.num_epochs=1"]);
    let other = train(["--set", "features.groups=[\"lines\"]"]);
    unfinish(&run);
    let checkpoint = run.join("checkpoints/last.safetensors");
    let bytes = fs::read(&checkpoint).unwrap();
    // The last bytes belong to a parameter.
    let poisoned = [&bytes[..bytes.len() - 4], &f32::NAN.to_le_bytes()].concat();
    for (bad, says) in [
        (bytes[..bytes.len() / 2].to_vec(), "garbled"),
        (poisoned, "not finite"),
        (fs::read(other.join("checkpoints/last.safetensors")).unwrap(), "other features"),
    ] {
        fs::write(&checkpoint, &bad).unwrap();
        let resume = args!["train", "--resume", run, "--workspace", lab.path("w")];
        let message = refuse(resume, 1, &[&checkpoint.display().to_string(), says]);
        one_line(&message);
        assert_eq!(fs::read(&checkpoint).unwrap(), bad, "{says}");
    }
    fs::write(&checkpoint, &bytes).unwrap();
    glassbox(args!["train", "--resume", run, "--workspace", lab.path("w")]).ok();
}

#[test]
fn bars_that_changed_since_the_run_are_refused() {
    let lab = Lab::new();
    let run = glassbox(args!["train", "--config", lab.config(), "--workspace", lab.path("w")]).ok().run();
    let mut bars = walk(1, BARS);
    bars[5].volume += 1.0;
    fs::write(lab.bars(), csv(&bars)).unwrap();
    let message = refuse(args!["analyze", run, "--workspace", lab.path("w")], 1, &["not the ones the run was made of"]);
    one_line(&message);
    assert!(message.contains("SYN_4h.csv"), "{message}");
}
