//! SIGKILL at any moment loses at most the current epoch, and never a finished file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use glassbox::data::read_table;
use glassbox::training::{load_model, pick_device};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;
use serde_json::Value;

use crate::args;
use crate::common::{BARS, Lab, TINY, command, files_below, glassbox, walk};

/// Kills without the environment variable `GLASSBOX_KILLS`.
const KILLS: usize = 12;

/// Panics if a file that appeared under its name cannot be read.
fn check_files(workspace: &Path, told: &str) {
    for path in files_below(workspace) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let said = |what: String| -> () { panic!("{told}: {}: {what}", path.display()) };
        let extension = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        match extension.as_str() {
            // Unfinished files and locks.
            "tmp" | "lock" => assert!(name.starts_with('.') || extension == "lock", "{told}: {name} is not hidden"),
            "" if name == ".lock" => {}
            "states" => assert_eq!(fs::read(&path).unwrap().first_chunk(), Some(b"GBSTATE1"), "{told}: {name}"),
            "parquet" => {
                read_table(&path).map(|_| ()).unwrap_or_else(|err| said(err.to_string()));
            }
            "json" => {
                serde_json::from_slice::<Value>(&fs::read(&path).unwrap())
                    .map(|_| ())
                    .unwrap_or_else(|err| said(err.to_string()));
            }
            "jsonl" => {
                let text = fs::read_to_string(&path).unwrap();
                for line in text.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
                    serde_json::from_str::<Value>(line).map(|_| ()).unwrap_or_else(|err| said(err.to_string()));
                }
            }
            // A torn last record is made anew by the resume.
            "glassbox" => assert!(name.starts_with("events.out.tfevents."), "{told}: {name}"),
            "csv" => assert!(fs::read_to_string(&path).unwrap().starts_with("epoch,step"), "{told}: {name}"),
            "safetensors" if name == "model.safetensors" => {
                let (device, _) = pick_device(glassbox::config::DevicePreference::Cpu).unwrap();
                load_model(&path, &device).map(|_| ()).unwrap_or_else(|err| said(err.to_string()));
            }
            "safetensors" => {
                let bytes = fs::read(&path).unwrap();
                SafeTensors::deserialize(&bytes).map(|_| ()).unwrap_or_else(|err| said(err.to_string()));
            }
            _ => said("a file of unknown kind".to_owned()),
        }
    }
}

fn arguments(lab: &Lab, workspace: &Path, resume: bool) -> Vec<OsString> {
    let mut arguments = args!["run", lab.config(), "--workspace", workspace].to_vec();
    if resume {
        arguments.push("--resume".into());
    }
    arguments
}

/// Starts a run and kills it after `delay`; how long it took if it was faster than that.
fn run_and_kill(lab: &Lab, workspace: &Path, resume: bool, delay: Duration) -> Option<Duration> {
    let mut command = command(arguments(lab, workspace, resume));
    command.args(["--threads", "1"]).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    while start.elapsed() < delay {
        if child.try_wait().unwrap().is_some() {
            return Some(start.elapsed());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.kill().ok();
    child.wait().unwrap();
    None
}

#[test]
fn a_killed_run_resumes_to_the_same_bytes() {
    let kills = std::env::var("GLASSBOX_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let config = TINY.replace("num_epochs = 3", "num_epochs = 8\npatience = 8");
    let lab = Lab::with(&walk(1, BARS), &config);
    let start = Instant::now();
    let reference = glassbox(arguments(&lab, &lab.path("reference"), false)).ok().run();
    let mut whole = start.elapsed();
    let mut rng = ChaCha8Rng::seed_from_u64(17);
    for i in 0..kills {
        // One instant in each of equal parts of the run; every third resume is killed, too.
        let workspace: PathBuf = lab.path(&format!("killed-{i}"));
        let told = format!("kill {i}");
        let share = (i as f64 + rng.random::<f64>()) / kills as f64;
        // The machine's speed changes with its load: a run that got away tells the new duration.
        while let Some(duration) = run_and_kill(&lab, &workspace, false, whole.mul_f64(share)) {
            whole = duration;
            fs::remove_dir_all(&workspace).unwrap();
        }
        check_files(&workspace, &told);
        if i % 3 == 0 {
            run_and_kill(&lab, &workspace, true, whole.mul_f64(rng.random()));
            check_files(&workspace, &told);
        }
        let run = glassbox(arguments(&lab, &workspace, true)).ok().run();
        check_files(&workspace, &told);
        for file in ["model.safetensors", "metrics.jsonl", "steps.jsonl", "predictions.parquet", "analysis/fitted.json"]
        {
            let same = fs::read(run.join(file)).unwrap() == fs::read(reference.join(file)).unwrap();
            assert!(same, "{told} after {share:.2} of the run: {file} differs");
        }
        let left: Vec<PathBuf> = [files_below(&run), files_below(&workspace.join("neural_data"))]
            .into_iter()
            .flatten()
            .filter(|path| path.extension().is_some_and(|extension| extension == "tmp"))
            .collect();
        assert_eq!(left, Vec::<PathBuf>::new(), "{told}: unfinished files are cleared away");
        fs::remove_dir_all(&workspace).unwrap();
    }
}
