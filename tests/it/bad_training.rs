//! Trainings that cannot go on: rates that lead nowhere, a full disk. One sentence, and what was good stays.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;

use serde_json::Value;

use crate::args;
use crate::bad_input::{message, one_line, refuse};
use crate::common::{BARS, Lab, Output, TINY, command, glassbox, walk};

#[test]
fn an_absurd_rate_of_the_configuration_stops_in_the_first_epoch() {
    let lab = Lab::new();
    let rate = ["--set", "train.learning_rate=1e30"];
    let train = args!["train", "--config", lab.config(), "--workspace", lab.path("w"), rate[0], rate[1]];
    let says = ["epoch 1", "not finite", "no epoch was finished", "train.learning_rate"];
    one_line(&refuse(train, 1, &says));
    let runs: Vec<PathBuf> = fs::read_dir(lab.path("w/runs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let manifest: Value = serde_json::from_slice(&fs::read(runs[0].join("run.json")).unwrap()).unwrap();
    assert_eq!((runs.len(), &manifest["status"]), (1, &"failed".into()));
    assert!(!runs[0].join("model.safetensors").exists() && !runs[0].join("metrics.jsonl").exists());
}

#[test]
fn an_absurd_rate_told_to_a_training_stops_it_and_another_heals_it() {
    let config = TINY.replace("num_epochs = 3", "num_epochs = 400\npatience = 400");
    let lab = Lab::with(&walk(1, BARS), &config);
    let workspace = lab.path("w");
    let mut child =
        command(args!["train", "--config", lab.config(), "--workspace", workspace, "--json", "--threads", "1"])
            .spawn()
            .unwrap();
    let (mut stdout, mut stderr, mut run) = (String::new(), String::new(), PathBuf::new());
    for line in BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap) {
        let record: Value = serde_json::from_str(&line).unwrap();
        if record["event"] == "run_started" {
            run = record["folder"].as_str().unwrap().into();
        }
        if record["event"] == "epoch" && record["epoch"] == 2 {
            glassbox(args!["tell", run, "lr=1e30"]).ok();
        }
        stdout.push_str(&line);
        stdout.push('\n');
    }
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    let output = Output { code: child.wait().unwrap().code(), stdout, stderr };
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let said = message(&output);
    one_line(&said);
    assert!(said.contains("not finite") && said.contains("the last checkpoint and the best model are kept"), "{said}");
    let epochs = || fs::read_to_string(run.join("metrics.jsonl")).unwrap();
    let (before, model) = (epochs(), fs::read(run.join("model.safetensors")).unwrap());
    assert_eq!(before.lines().count(), output.events("epoch").len());

    refuse(args!["train", "--resume", run, "--tell", "halt"], 2, &["halt", "pause, resume, stop"]);
    let usage = glassbox(args!["train", "--config", lab.config(), "--tell", "stop"]);
    assert!(usage.code == Some(2) && usage.stderr.contains("--tell"), "{}", usage.stderr);
    // Without another rate it stops where it stopped.
    let resume = |more: &[&str]| {
        let mut arguments = args!["train", "--resume", run, "--workspace", workspace].to_vec();
        arguments.extend(more.iter().map(Into::into));
        arguments
    };
    one_line(&refuse(resume(&[]), 1, &["not finite"]));
    assert_eq!((epochs(), fs::read(run.join("model.safetensors")).unwrap()), (before.clone(), model));
    let healed = glassbox(resume(&["--tell", "lr=1e-3", "--tell", "patience=1"])).ok();
    assert!(epochs().starts_with(&before) && epochs().len() > before.len());
    assert_eq!(healed.events("change").len(), 2);
}

#[cfg(unix)]
#[test]
fn a_full_disk_stops_a_training_in_a_sentence_and_it_goes_on_when_there_is_room() {
    // Wide enough that a checkpoint outweighs the model with its card.
    let config = TINY.replace("d_model = 8", "d_model = 32").replace("d_ff = 16", "d_ff = 2048");
    let lab = Lab::with(&walk(1, BARS), &config);
    let workspace = lab.path("w");
    let train = args!["train", "--config", lab.config(), "--workspace", workspace];
    let whole = glassbox(train.clone()).ok().run();
    let size = |file: &str| fs::metadata(whole.join(file)).unwrap().len();
    let (model, checkpoint) = (size("model.safetensors"), size("checkpoints/last.safetensors"));
    // Room for the model and not for the checkpoint, whether the shell counts in 512 or 1024 bytes.
    let blocks = model * 11 / 10 / 512;
    assert!(blocks * 1024 < checkpoint, "{model} {checkpoint}");
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\" --json --threads 1");
    let program = std::process::Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_glassbox")])
        .args(train)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let output = Output { code: program.status.code(), stdout: text(program.stdout), stderr: text(program.stderr) };
    assert_eq!(output.code, Some(1), "{}", output.stderr);
    let said = message(&output);
    one_line(&said);
    assert!(said.contains("cannot write") && said.contains("last.safetensors"), "{said}");
    let run: PathBuf = output.event("run_started")["folder"].as_str().unwrap().into();
    let left: Vec<_> = fs::read_dir(run.join("checkpoints")).unwrap().collect();
    assert!(left.is_empty(), "no unfinished file stays: {left:?}");
    glassbox(args!["train", "--resume", run, "--workspace", workspace]).ok();
    for file in ["metrics.jsonl", "model.safetensors"] {
        assert_eq!(fs::read(run.join(file)).unwrap(), fs::read(whole.join(file)).unwrap(), "{file}");
    }
}
