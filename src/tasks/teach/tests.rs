use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::*;
use crate::config::{ModelConfig, Norm, Pooling};
use crate::files::write_atomic;
use crate::jobs::{Control, Job as Handle, Outcome, spawn};
use crate::runs::read_lines;
use crate::training::planted::{World, config, shape};
use crate::training::{Change, TrainerConfig};

const LONG: Duration = Duration::from_mins(1);
const EPOCHS: usize = 4;
/// Batches of an epoch; three of them are a step.
const BATCHES: usize = 8;

/// Lines of steps of an epoch.
const STEPS: usize = 3;

/// What happens at the n-th wake of this process: one per batch, note and record.
#[derive(Clone, Copy, Debug)]
enum Act {
    Order(Order),
    Pause,
    /// Ends as a kill would: nothing more is written.
    Kill,
}

type Plan = Vec<(usize, Act)>;

fn pooled() -> ModelConfig {
    shape(Norm::Pre, Pooling::Mean)
}

fn save(dir: &RunDir, network: &Network) -> Result<(), TrainError> {
    let mut bytes = Vec::new();
    for (_, var) in network.params().iter() {
        bytes.extend(var.flatten_all()?.to_vec1::<f32>()?.into_iter().flat_map(f32::to_le_bytes));
    }
    let path = dir.model_file();
    write_atomic(&path, &bytes).map_err(|source| TrainError::File { action: "write", path, source })
}

fn teach_in(folder: &Path, shape: &ModelConfig, config: TrainerConfig, job: &Job) -> Result<usize> {
    let world = World::new(90);
    let dir = RunDir::imaginary(folder);
    let mut trainer = world.trainer(shape, config);
    let save = |network: &Network| save(&dir, network);
    Teaching { dir: &dir, key: "key", started: 5000, save: &save }.teach(&mut trainer, job)
}

/// Starts a training in `folder` that follows `plan`.
fn start(folder: &Path, plan: Plan) -> Handle<usize, TaskEvent> {
    let (folder, wakes, control) = (folder.to_owned(), AtomicUsize::new(0), Arc::new(OnceLock::<Control>::new()));
    let desk = Arc::clone(&control);
    let wake = Arc::new(move || {
        let Some(control) = desk.get() else { return };
        let now = wakes.fetch_add(1, Ordering::SeqCst);
        for (_, act) in plan.iter().filter(|(at, _)| *at == now) {
            match act {
                Act::Order(order) => control.order(*order),
                Act::Pause => control.pause(),
                Act::Kill => panic!("killed"),
            }
        }
    });
    spawn("teach", wake, move |job| {
        control.set(job.control().clone()).expect("set once");
        teach_in(&folder, &pooled(), config(EPOCHS), job)
    })
    .unwrap()
}

fn end(job: &Handle<usize, TaskEvent>) -> Outcome<usize> {
    job.wait(LONG).expect("the training ends")
}

/// Trains to the end.
fn whole(folder: &Path, plan: Plan) {
    let outcome = end(&start(folder, plan));
    assert!(matches!(outcome, Outcome::Finished(_)), "{outcome:?}");
}

fn kill(folder: &Path, plan: Plan) {
    let outcome = end(&start(folder, plan));
    assert!(matches!(&outcome, Outcome::Panicked(text) if text == "killed"), "{outcome:?}");
}

/// Files that two equal trainings share: metrics, changes, best model, steps.
fn bytes(folder: &Path) -> [Vec<u8>; 4] {
    let dir = RunDir::imaginary(folder);
    [dir.metrics_file(), dir.events_file(), dir.model_file(), dir.steps_file()]
        .map(|path| fs::read(path).unwrap_or_default())
}

fn epochs(folder: &Path) -> Vec<EpochMetrics> {
    read_lines(&RunDir::imaginary(folder).metrics_file())
}

fn changes(folder: &Path) -> Vec<Change> {
    read_lines(&RunDir::imaginary(folder).events_file())
}

#[test]
fn a_kill_at_any_batch_loses_the_epoch_at_work_at_most() {
    let root = tempfile::tempdir().unwrap();
    let reference = root.path().join("reference");
    whole(&reference, Vec::new());
    assert_eq!(epochs(&reference).len(), EPOCHS);
    for at in (1..EPOCHS * (BATCHES + STEPS)).step_by(5) {
        let folder = root.path().join(at.to_string());
        kill(&folder, vec![(at, Act::Kill)]);
        // One wake is the gate's note, one per epoch its record.
        assert!(epochs(&folder).len() >= (at - 1) / (BATCHES + STEPS + 1), "{at}");
        whole(&folder, Vec::new());
        assert_eq!(bytes(&folder), bytes(&reference), "killed at {at}");
        let dir = RunDir::imaginary(&folder);
        let rows = [dir.metrics_csv_file(), dir.steps_csv_file(), dir.step_timing_file()]
            .map(|path| fs::read_to_string(path).unwrap().lines().count());
        assert_eq!(rows, [EPOCHS + 1, EPOCHS * STEPS + 1, EPOCHS * STEPS]);
    }
}

#[test]
fn changes_are_logged_and_survive_a_kill_bit_for_bit() {
    let root = tempfile::tempdir().unwrap();
    let orders = || {
        vec![
            (15, Act::Order(Order::LearningRate(1e-4))),
            (15, Act::Order(Order::LearningRate(0.0))),
            (18, Act::Order(Order::Save)),
            (32, Act::Order(Order::Patience(1))),
        ]
    };
    let [straight, killed, plain] = ["straight", "killed", "plain"].map(|name| root.path().join(name));
    whole(&straight, orders());
    let seen = changes(&straight);
    let told: Vec<_> = seen.iter().map(|c| (c.what.as_str(), c.epoch, c.from, c.to)).collect();
    let rate = ("learning_rate", 2, Some(3e-3), Some(1e-4));
    assert_eq!(told, [rate, ("patience", 3, Some(50.0), Some(1.0))], "a rate of 0 is refused");
    assert!(seen[0].step >= 3 && seen[0].step < seen[1].step);
    // Within the epoch of the first change, after it.
    kill(&killed, [orders(), vec![(21, Act::Kill)]].concat());
    assert_eq!((epochs(&killed).len(), changes(&killed).len()), (1, 1));
    whole(&killed, vec![(15, Act::Order(Order::Patience(1)))]);
    assert_eq!(epochs(&killed)[..2], epochs(&straight)[..2]);
    assert_eq!(changes(&killed)[0], seen[0]);
    whole(&plain, Vec::new());
    assert_ne!(epochs(&plain)[1].learning_rate, epochs(&straight)[1].learning_rate);
    // Killed once all is said: the same bytes to the end.
    let late = root.path().join("late");
    kill(&late, [orders(), vec![(37, Act::Kill)]].concat());
    assert_eq!(changes(&late).len(), 2);
    whole(&late, Vec::new());
    assert_eq!(bytes(&late), bytes(&straight));
}

#[test]
fn a_pause_stops_steps_and_changes_no_byte() {
    let root = tempfile::tempdir().unwrap();
    let [reference, paused] = ["reference", "paused"].map(|name| root.path().join(name));
    whole(&reference, Vec::new());
    let job = start(&paused, vec![(14, Act::Pause)]);
    let waits = || job.progress().stage == format!("paused in epoch 2 of {EPOCHS}");
    while !waits() {
        assert!(job.poll().is_none(), "it must not end");
        std::thread::sleep(Duration::from_millis(1));
    }
    let (before, checkpoint) = (job.progress(), RunDir::imaginary(&paused).checkpoint_file());
    let old = fs::read(&checkpoint).unwrap();
    // An order is obeyed, but no step is taken.
    job.control().order(Order::Save);
    let mut rounds = 0;
    while fs::read(&checkpoint).unwrap() == old || rounds < 20 {
        std::thread::sleep(Duration::from_millis(5));
        rounds += 1;
    }
    assert_eq!((job.progress(), epochs(&paused).len()), (before, 1));
    assert!(waits() && job.poll().is_none());
    job.control().resume();
    assert!(matches!(end(&job), Outcome::Finished(0)));
    assert_eq!(bytes(&paused), bytes(&reference));
}

#[test]
fn a_stop_keeps_the_best_and_the_run_stays_stopped() {
    let root = tempfile::tempdir().unwrap();
    let [reference, stopped, early] = ["reference", "stopped", "early"].map(|name| root.path().join(name));
    whole(&reference, Vec::new());
    let stop = || Act::Order(Order::Stop);
    whole(&stopped, vec![(29, stop())]);
    let lines = epochs(&stopped);
    assert_eq!(lines, epochs(&reference)[..2]);
    let change = &changes(&stopped)[0];
    assert_eq!((change.what.as_str(), change.epoch, change.to), ("stop", 3, None));
    // The best of the two epochs, as a run of two epochs with the same schedule has it.
    let killed = root.path().join("killed");
    kill(&killed, vec![(29, Act::Kill)]);
    assert_eq!(bytes(&stopped)[2], bytes(&killed)[2]);
    let kept = bytes(&stopped);
    whole(&stopped, Vec::new());
    assert_eq!(bytes(&stopped), kept, "there is nothing left to do");
    whole(&early, vec![(2, stop())]);
    assert_eq!(epochs(&early), epochs(&reference)[..1], "without an epoch there is no model");
    assert!(RunDir::imaginary(&early).model_file().exists());
}

#[test]
fn a_rate_out_of_bounds_stops_in_a_sentence_and_another_heals_the_run() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path();
    let job = start(folder, vec![(15, Act::Order(Order::LearningRate(1e30)))]);
    let Outcome::Failed(error) = end(&job) else { panic!("not stopped") };
    let text = error.to_string();
    assert!(text.contains("epoch 2") && text.contains("step ") && text.contains("not finite"), "{text}");
    assert!(text.contains("train.learning_rate") && text.lines().count() == 1, "{text}");
    let [metrics, _, model, _] = bytes(folder);
    let good = root.path().join("good");
    kill(&good, vec![(15, Act::Kill)]);
    assert_eq!([&metrics, &model], [&bytes(&good)[0], &bytes(&good)[2]]);
    // The last checkpoint is from before the first bad step.
    whole(folder, vec![(0, Act::Order(Order::LearningRate(1e-3)))]);
    assert_eq!(epochs(folder).len(), EPOCHS);
}

#[test]
fn checkpoints_that_do_not_fit_are_refused_by_file() {
    let root = tempfile::tempdir().unwrap();
    let dir = RunDir::imaginary(root.path());
    kill(root.path(), vec![(15, Act::Kill)]);
    let path = dir.checkpoint_file();
    let good = fs::read(&path).unwrap();
    let refuse = |shape: &ModelConfig, words: &[&str]| {
        let kept = fs::read(&path).unwrap();
        let error = teach_in(root.path(), shape, config(EPOCHS), &Job::detached()).unwrap_err();
        let text = format!("{error:#}");
        assert!(words.iter().all(|word| text.contains(word)) && text.lines().count() == 1, "{text}");
        assert_eq!(fs::read(&path).unwrap(), kept);
    };
    let name = path.display().to_string();
    // Another width of the same configuration stands for other features.
    refuse(&ModelConfig { d_ff: 24, ..pooled() }, &[&name, "has shape", "the model needs"]);
    refuse(&ModelConfig { num_layers: 1, ..pooled() }, &[&name, "unknown tensor"]);
    let mut bad = good.clone();
    let end = bad.len();
    bad[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
    fs::write(&path, &bad).unwrap();
    refuse(&pooled(), &[&name, "not finite"]);
    fs::write(&path, &good[..good.len() / 2]).unwrap();
    refuse(&pooled(), &[&name, "garbled"]);
    fs::write(&path, &good).unwrap();
    whole(root.path(), Vec::new());
}

/// Folder of the training that the next test starts in a process of its own.
const FOLDER: &str = "GLASSBOX_TEST_FOLDER";

#[test]
#[ignore = "started by the next test, with a limit on the size of files"]
fn trains_under_a_limit() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    teach_in(Path::new(&folder), &pooled(), config(EPOCHS), &Job::detached()).unwrap();
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint_whole() {
    let root = tempfile::tempdir().unwrap();
    let [reference, full] = ["reference", "full"].map(|name| root.path().join(name));
    whole(&reference, Vec::new());
    kill(&full, vec![(29, Act::Kill)]);
    let dir = RunDir::imaginary(&full);
    let (old, model) = (fs::read(dir.checkpoint_file()).unwrap(), fs::read(dir.model_file()).unwrap());
    // Enough for the model and too little for the checkpoint, whether the shell counts in 512 or 1024 bytes.
    let blocks = model.len() * 13 / 10 / 512;
    assert!(blocks * 1024 < old.len(), "{} {}", model.len(), old.len());
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let output = std::process::Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args(["trains_under_a_limit", "--ignored", "--nocapture"])
        .env(FOLDER, &full)
        .output()
        .unwrap();
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text)).concat();
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("cannot write") && said.contains("last.safetensors"), "{said}");
    assert_eq!(fs::read(dir.checkpoint_file()).unwrap(), old);
    let left = fs::read_dir(full.join("checkpoints")).unwrap().count();
    assert_eq!(left, 1, "no unfinished file stays");
    whole(&full, Vec::new());
    assert_eq!(bytes(&full), bytes(&reference));
}
