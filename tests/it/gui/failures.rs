//! Trainings of the window that fail, and one that another process leads: what the window says.

use std::fs;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::config::{RunConfig, load};
use glassbox::gui::{Command, JobState, Pane, Shell};
use glassbox::runs::{RunDir, Stage, read_lines};
use glassbox::tasks::leave_wishes;
use glassbox::training::Change;

use super::until;
use crate::bad_runs::{open_model, save_model, unfinish};
use crate::common::{FINISHED, Lab};

type Window = Harness<'static, Shell>;

fn ask(window: &mut Window, command: Command) {
    window.state_mut().commands.push(command);
    window.run_steps(3);
}

/// A window that was asked for `command` with the tiny configuration, changed.
fn asked(lab: &Lab, change: impl Fn(&mut RunConfig), command: Command) -> (Window, tempfile::TempDir) {
    let (mut window, folder) = super::bare([1280.0, 800.0]);
    let mut config = load(Some(&lab.config()), None, &[]).unwrap();
    config.data.file = lab.bars().display().to_string();
    change(&mut config);
    ask(&mut window, Command::EditConfig(Box::new(config)));
    ask(&mut window, command);
    (window, folder)
}

/// The sentence of the failed job, which the status bar shows.
#[track_caller]
fn failed(window: &mut Window, says: &[&str]) -> String {
    until(window, "the job failed", |state| {
        matches!(state.jobs.first().map(|job| &job.state), Some(JobState::Failed(_)))
    });
    let row = &window.state().state.jobs[0];
    let JobState::Failed(sentence) = row.state.clone() else { unreachable!() };
    assert!(says.iter().all(|part| sentence.contains(part)), "{sentence}");
    assert!(sentence.lines().count() == 1 && !sentence.contains("defect"), "{sentence}");
    assert!(window.query_by_label(&format!("{} failed: {sentence}", row.name)).is_some(), "{sentence} is not shown");
    sentence
}

#[test]
fn trainings_that_cannot_be_are_failed_jobs_with_a_sentence() {
    let lab = Lab::new();
    let train = || Command::RunStage(Stage::Train);
    let (mut window, _folder) = asked(&lab, |config| config.train.batch_size = 5000, train());
    failed(&mut window, &["train.batch_size is 5000", "smaller batch"]);

    let (mut window, folder) = asked(&lab, |config| config.train.learning_rate = 1e30, train());
    failed(&mut window, &["epoch 1", "not finite", "train.learning_rate"]);
    let run = window.state().state.live.run.clone().unwrap();
    assert!(!folder.path().join("runs").join(run).join("model.safetensors").exists());

    for command in [Command::RunAll, train()] {
        let (mut window, folder) = asked(&lab, |config| config.model.num_heads = 3, command);
        window.run_steps(3);
        let state = &window.state().state;
        assert!(state.jobs.is_empty() && !folder.path().join("runs").exists());
        window.get_by_label("no run is started: model.num_heads: must divide d_model 8, was 3");
    }
}

#[test]
fn a_checkpoint_of_other_features_is_not_resumed() {
    let (guard, run) = FINISHED.copy();
    unfinish(&run);
    let checkpoint = run.join("checkpoints/last.safetensors");
    let text = fs::read(&checkpoint).unwrap();
    // The key is hexadecimal text in the header.
    let at = text.windows(8).position(|bytes| bytes == b"\\\"key\\\":").unwrap() + 10;
    let mut other = text;
    other[at] = if other[at] == b'0' { b'1' } else { b'0' };
    fs::write(&checkpoint, &other).unwrap();
    let (mut window, _folder) = super::bare([1280.0, 800.0]);
    ask(&mut window, Command::ResumeRun(run));
    failed(&mut window, &["last.safetensors", "other features"]);
    assert_eq!(fs::read(&checkpoint).unwrap(), other);
    drop(guard);
}

#[test]
fn weights_that_are_no_numbers_are_named_where_the_model_is_missed() {
    let (guard, run) = FINISHED.copy();
    let (header, mut data) = open_model(&run);
    data[..4].copy_from_slice(&f32::NAN.to_le_bytes());
    save_model(&run, &header, &data);
    let (mut window, _folder) = super::bare([1280.0, 800.0]);
    ask(&mut window, Command::OpenPath(run));
    until(&mut window, "the run is open", |state| state.run().is_some());
    let problems = window.state().state.run().unwrap().problems.clone();
    let found: Vec<&String> = problems.iter().filter(|problem| problem.contains("model.safetensors")).collect();
    assert!(found.len() == 1 && found[0].contains("not finite") && found[0].lines().count() == 1, "{problems:?}");
    ask(&mut window, Command::ShowPane(Pane::Features));
    window.run_steps(3);
    assert!(window.query_all_by_label_contains("not finite").count() > 0);
    drop(guard);
}

#[test]
fn what_another_process_tells_a_run_reaches_the_training_of_the_window() {
    let lab = Lab::new();
    let long = |config: &mut RunConfig| (config.train.num_epochs, config.train.patience) = (400, 400);
    let (mut window, folder) = asked(&lab, long, Command::RunStage(Stage::Train));
    ask(&mut window, Command::ShowPane(Pane::Training));
    until(&mut window, "it trains", |state| state.live.curves.epochs.len() > 1);
    let run = folder.path().join("runs").join(window.state().state.live.run.clone().unwrap());
    let tell = |orders: &[&str]| {
        let orders: Vec<String> = orders.iter().copied().map(str::to_owned).collect();
        leave_wishes(&run, &orders).unwrap();
    };
    tell(&["pause"]);
    until(&mut window, "it stands still", |state| {
        state.live.paused && state.jobs[0].progress.stage.starts_with("paused in epoch")
    });
    window.get_by_label("Continue");
    tell(&["lr=1e-5", "resume"]);
    until(&mut window, "it goes on", |state| {
        !state.live.paused && state.jobs[0].progress.stage.starts_with("training, epoch")
    });
    tell(&["stop"]);
    until(&mut window, "it is over", |state| state.jobs[0].state == JobState::Finished);
    let changes: Vec<Change> = read_lines(&RunDir::open(&run).unwrap().events_file());
    let told: Vec<_> = changes.iter().map(|change| (change.what.as_str(), change.to)).collect();
    assert_eq!(told, [("learning_rate", Some(1e-5)), ("stop", None)]);
    assert!(leave_wishes(&run, &["stop".to_owned()]).is_err());
}
