//! The training panel over hand-made curves.

use std::path::PathBuf;

use eframe::egui;
use egui_kittest::kittest::Queryable as _;
use glassbox::gui::{AppState, Command, JobState, Pane};
use glassbox::runs::{RunDir, RunEntry, RunStatus, Stage};
use glassbox::tasks::RunCurves;
use glassbox::training::{StepMetrics, TaskLosses};

use super::work::{bench, click, curves, manifest, sentences, taken, training};

/// Curves with `n` lines within each epoch and in `more` of the next one.
fn stepped(scores: &[f64], n: usize, more: usize) -> RunCurves {
    let line = |i: usize| {
        let epochs = (i + 1) as f64 / n as f64;
        let wave = 0.03 * (i as f64 * 1.7).sin();
        let loss = |level: f64| level - 0.02 * epochs + wave;
        let train = TaskLosses {
            entry: loss(0.66),
            exit: loss(0.69),
            expected_return: loss(1.05),
            volatility: loss(0.43),
            vae: loss(0.4),
            size: loss(0.1),
        };
        let line = StepMetrics {
            event: "step".to_owned(),
            epoch: i / n + 1,
            step: (100 * (i + 1) / n) as u64,
            epochs,
            steps: 100 / n,
            windows: 16 * (100 * (i + 1) / n) as u64,
            train,
            total: loss(2.4),
            learning_rate: 1e-4 / epochs.max(1.0),
            gradient_norm: 2.0 + 10.0 * wave,
            gradient_norm_max: 2.6 + 10.0 * wave,
        };
        (line, Some(28.0 * epochs))
    };
    RunCurves { steps: (0..n * scores.len() + more).map(line).collect(), ..curves(scores) }
}

/// Ticks a run of this seed.
fn tick(state: &mut AppState, id: &str, seed: u64, scores: &[f64]) {
    let mut manifest = manifest(id, RunStatus::Finished, &[Stage::Collect, Stage::Train]);
    manifest.config.train.seed = seed;
    state.runs.push(RunEntry { dir: RunDir::imaginary(&PathBuf::from(id)), manifest });
    state.compared.insert(id.to_owned(), curves(scores));
}

#[test]
fn training_has_its_sentences() {
    sentences(Pane::Training, [300.0, 200.0], "No run is open");
    let mut state = training();
    state.live.curves = RunCurves::default();
    bench(Pane::Training, state, [300.0, 200.0]).get_by_label("The first epoch is not done yet");
    let mut state = training();
    state.jobs[0].state = JobState::Failed("epoch 5 gave NaN".to_owned());
    bench(Pane::Training, state, [300.0, 200.0]).get_by_label("The training failed: epoch 5 gave NaN");
}

#[test]
fn training_shows_the_live_epochs_and_their_exact_values() {
    let mut state = training();
    tick(&mut state, "other", 7, &[1.0, 0.9]);
    let mut harness = bench(Pane::Training, state, [800.0, 2000.0]);
    harness.get_by_label("best score 0.9500 at epoch 3");
    harness.get_by_label("epoch 4 · 3 of 15 · epochs 4 · ETA 0:48 · 1:05 so far");
    // Without a pointer the last epoch: the other run has none of that number.
    harness.get_by_label("Score at epoch 4: validation 0.9600");
    harness.get_by_label("Entry at epoch 4: train 0.5960, validation 0.5760");
    harness.get_by_label("AUC at epoch 4: entry 0.5400");
    harness.get_by_label("KL per latent · 1 of 2 active at epoch 4: latent 0 0.4000, latent 1 0.005000");
    harness.get_by_label("Attention entropy, layer 1 at epoch 4: head 0 0.8000, head 1 0.7000");
    harness.get_by_label("Gradient norm at epoch 4: mean 2.000, max 3.500");
    harness.get_by_label("other");

    // Pointing at the left end of one chart moves all of them to epoch 1.
    let rect = harness.get_by_label_contains("Entry at epoch").rect();
    harness.hover_at(egui::pos2(rect.left() + 52.0, rect.center().y));
    harness.run_steps(3);
    harness.get_by_label("Score at epoch 1: validation 1.020, other 1.000");
    harness.get_by_label("Entry at epoch 1: train 0.6320, validation 0.6120, other 0.6000");

    assert_eq!(click(&mut harness, "Stop training"), [Command::CancelRunning]);
    // A click fills the panel with the chart, another one brings all back.
    harness.get_by_label_contains("Return at epoch").click();
    harness.run_steps(3);
    assert!(harness.query_by_label_contains("Score at epoch").is_none());
    harness.get_by_label_contains("Return at epoch").click();
    harness.run_steps(3);
    harness.get_by_label_contains("Score at epoch");
}

#[test]
fn training_shows_points_within_epochs_over_step_epoch_and_time() {
    let mut state = training();
    state.live.curves = stepped(&[1.02, 0.97], 20, 5);
    let mut harness = bench(Pane::Training, state, [800.0, 2000.0]);
    let line = harness.state().state.live.curves.steps[44].0.clone();
    let entry = format!("{:.4}", line.train.entry);
    // The training's last line stands beside the validation of the last whole epoch, which says so.
    harness.get_by_label(&format!("Entry at epoch 2.25: train {entry}, validation 0.5820 (epoch 2)"));
    harness.get_by_label_contains("Objective at epoch 2.25: train");
    click(&mut harness, "Step");
    harness.get_by_label(&format!("Entry at step 225: train {entry}, validation 0.5820 (step 200)"));
    click(&mut harness, "Time");
    harness.get_by_label(&format!("Entry at 63 s: train {entry}, validation 0.5820 (60 s)"));
    // Without whole epochs there are the points within the first one.
    harness.state_mut().state.live.curves = stepped(&[], 20, 5);
    harness.run_steps(2);
    click(&mut harness, "Epoch");
    harness.get_by_label_contains("Entry at epoch 0.25: train");
    harness.get_by_label_contains("Gradient norm at epoch 0.25: mean");
}

#[test]
fn training_compares_seeds_as_a_mean_with_a_band_and_says_what_differs() {
    let mut state = training();
    tick(&mut state, "a", 1, &[1.0, 0.8, 0.9]);
    tick(&mut state, "b", 2, &[0.9, 0.7]);
    tick(&mut state, "c", 1, &[1.1, 1.0]);
    state.runs[2].manifest.config.model.seq_len = 60;
    let mut harness = bench(Pane::Training, state, [1000.0, 2000.0]);
    harness.get_by_label("mean of n = 2 like a (seeds 1, 2), band from least to largest");
    assert_eq!(harness.get_all_by_label("c").count(), 2, "legend and table");
    for words in ["train.seed", "model.seq_len", "60", "mean of n = 2 ± std", "0.7500 ± 0.07071"] {
        harness.get_by_label(words);
    }
    let rect = harness.get_by_label_contains("Entry at epoch").rect();
    harness.hover_at(egui::pos2(rect.left() + 52.0, rect.center().y));
    harness.run_steps(3);
    harness.get_by_label("Score at epoch 1: validation 1.020, mean of 2 like a 0.9500, c 1.100");
    // The picker ticks more and fewer.
    assert_eq!(click(&mut harness, "Compare… (3)"), []);
    let b = harness.get_all_by_label_contains("b  · score no epoch yet · seed 2").next().unwrap();
    b.click();
    assert_eq!(taken(&mut harness), [Command::ToggleCompare("b".to_owned())]);
    let all = ["a", "b", "c"].map(|id| Command::ToggleCompare(id.to_owned()));
    assert_eq!(click(&mut harness, "Compare with none"), all);
}

#[test]
fn training_looks_as_it_did() {
    let mut state = training();
    state.live.curves = stepped(&[1.02, 0.97, 0.95, 0.96], 20, 12);
    tick(&mut state, "2026-01-02_other", 1, &[1.0, 0.99, 0.94, 0.945]);
    tick(&mut state, "2026-01-03_other", 2, &[1.03, 0.98, 0.96, 0.95]);
    tick(&mut state, "2026-01-04_long", 1, &[1.01, 1.0, 0.93]);
    state.runs[2].manifest.config.model.seq_len = 60;
    bench(Pane::Training, state, [800.0, 700.0]).snapshot("training_panel");
}
