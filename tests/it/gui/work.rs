//! Training, runs, config, data, jobs and health, each alone over a small hand-made state.

use std::path::PathBuf;

use eframe::egui;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use glassbox::config::{DataConfig, FieldError, RunConfig, preset};
use glassbox::data::{Finding, Gap, Gaps, Place, ReadReport, Severity};
use glassbox::dataset::Slice;
use glassbox::gui::{
    AppState, Command, Commands, DataView, Hover, JobId, JobKind, JobRow, JobState, LiveTraining, Loadable, Pane,
    Panels, RunScore, install_theme,
};
use glassbox::jobs::Progress;
use glassbox::runs::{Manifest, RunDir, RunEntry, RunStatus, Stage};
use glassbox::tasks::{Check, DeviceBench, ModelBench, RunCurves, Speed};
use glassbox::training::{EpochMetrics, LearnedMetrics, TaskLosses};

pub(super) struct Bench {
    pane: Pane,
    pub(super) state: AppState,
    panels: Panels,
    commands: Commands,
    ready: bool,
}

pub(super) fn bench(pane: Pane, state: AppState, size: [f32; 2]) -> Harness<'static, Bench> {
    let bench = Bench { pane, state, panels: Panels::default(), commands: Commands::default(), ready: false };
    let mut harness = Harness::builder().with_size(size).build_ui_state(
        |ui, bench: &mut Bench| {
            if !bench.ready {
                install_theme(ui.ctx());
                bench.ready = true;
                return;
            }
            bench.commands.hover = Hover::default();
            let fill = ui.visuals().panel_fill;
            egui::Frame::new().fill(fill).inner_margin(8).show(ui, |ui| {
                ui.set_min_size(ui.available_size());
                bench.panels.get_mut(bench.pane).ui(ui, &bench.state, &mut bench.commands);
            });
        },
        bench,
    );
    harness.run_steps(4);
    harness
}

pub(super) fn taken(harness: &mut Harness<'_, Bench>) -> Vec<Command> {
    harness.run_steps(3);
    harness.state_mut().commands.take()
}

pub(super) fn click(harness: &mut Harness<'_, Bench>, label: &str) -> Vec<Command> {
    harness.get_by_label(label).click();
    taken(harness)
}

/// The panel shows these words in its empty, loading and failed states, and from very small sizes on.
pub(super) fn sentences(pane: Pane, size: [f32; 2], empty: &str) {
    for (view, words) in [
        (Loadable::Empty, empty),
        (Loadable::Loading("reading bars".to_owned()), "Opening the run: reading bars"),
        (Loadable::Failed("it is gone".to_owned()), "The run could not be opened: it is gone"),
    ] {
        let harness = bench(pane, AppState { view, ..AppState::default() }, size);
        harness.get_by_label(words);
    }
}

fn epoch(epoch: usize, score: f64) -> EpochMetrics {
    let losses = |by: f64| TaskLosses {
        entry: score * 0.6 + by,
        exit: score * 0.65 + by,
        expected_return: score + by,
        volatility: 0.4 * score + by,
        vae: 0.3 / epoch as f64 + by,
        size: 0.2 - 0.1 * epoch as f64,
    };
    EpochMetrics {
        event: "epoch".to_owned(),
        epoch,
        step: 100 * epoch as u64,
        learning_rate: 1e-4 / epoch as f64,
        train: losses(0.02),
        validation: losses(0.0),
        score,
        best: false,
        learned: LearnedMetrics {
            entry_auc: Some(0.5 + 0.01 * epoch as f64),
            entry_brier: 0.17,
            exit_auc: None,
            return_ic: Some(0.02),
            return_rank_ic: Some(-0.01),
            volatility_correlation: Some(0.3),
            volatility_baseline: Some(0.2),
        },
        gradient_norm: 2.0,
        gradient_norm_max: 3.5,
        weight_change: Some(0.05),
        dead_units: Some(0),
        log_variances: vec![0.01, 0.0, -0.02, -0.1, -0.2],
        kl: vec![0.4, 0.005],
        active_latents: 1,
        attention_entropy: vec![vec![0.97, 0.9], vec![0.8, 0.7]],
    }
}

/// Curves by epoch alone, 30 seconds an epoch.
pub(super) fn curves(scores: &[f64]) -> RunCurves {
    let seconds = (1..=scores.len()).map(|n| 30.0 * n as f64).collect();
    RunCurves { epochs: epochs(scores), seconds, steps: Vec::new() }
}

pub(super) fn epochs(scores: &[f64]) -> Vec<EpochMetrics> {
    scores.iter().enumerate().map(|(i, score)| epoch(i + 1, *score)).collect()
}

pub(super) fn job(id: u64, name: &str, kind: JobKind, state: JobState) -> JobRow {
    JobRow {
        id: JobId(id),
        name: name.to_owned(),
        kind,
        state,
        progress: Progress { done: 3, total: 15, stage: "epoch 4".to_owned() },
        seconds: 65.0,
        rate: Some(0.25),
        eta: Some(48.0),
        notes: vec!["the gate passed".to_owned(), "continues nothing".to_owned()],
    }
}

pub(super) fn training() -> AppState {
    AppState {
        jobs: vec![job(7, "run", JobKind::Run(Stage::Backtest), JobState::Running)],
        live: LiveTraining {
            job: Some(JobId(7)),
            run: Some("mine".to_owned()),
            curves: curves(&[1.02, 0.97, 0.95, 0.96]),
            stage: Some(Stage::Train),
            ..LiveTraining::default()
        },
        ..AppState::default()
    }
}

pub(super) fn manifest(id: &str, status: RunStatus, done: &[Stage]) -> Manifest {
    Manifest {
        id: id.to_owned(),
        version: "0.1.0".to_owned(),
        status,
        error: (status == RunStatus::Failed).then(|| "epoch 5 gave NaN".to_owned()),
        done: done.to_vec(),
        key: id.to_owned(),
        config: preset("demo").unwrap(),
        data_file: "bars.csv".to_owned(),
        fingerprint: String::new(),
        sources: Vec::new(),
        symbol: "BTCUSDT".to_owned(),
        timeframe: "4h".to_owned(),
        bars: 13956,
        first_timestamp: 1_502_942_400_000,
        last_timestamp: 1_704_067_200_000,
        threads: 2,
        device: "CPU".to_owned(),
        started: 1_767_225_600_000,
        ended: (status == RunStatus::Finished).then_some(1_767_225_725_000),
    }
}

pub(super) fn runs() -> (AppState, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let all = [Stage::Collect, Stage::Train, Stage::Analyze, Stage::Backtest];
    let mut state = AppState::default();
    for (id, status, done) in [
        ("c", RunStatus::Running, &all[..1]),
        ("b", RunStatus::Cancelled, &all[..2]),
        ("a", RunStatus::Finished, &all[..]),
    ] {
        let manifest = manifest(id, status, done);
        let dir = RunDir::create(folder.path(), &manifest).unwrap();
        state.runs.push(RunEntry { dir, manifest });
    }
    state.run_scores.insert("a".to_owned(), RunScore::new(&epochs(&[1.02, 0.97, 0.9512])));
    state.broken_runs.push("run.json of d is garbled".to_owned());
    (state, folder)
}

#[test]
fn runs_are_listed_opened_resumed_and_compared() {
    let empty = bench(Pane::Runs, AppState::default(), [300.0, 200.0]);
    empty.get_by_label("The workspace has no runs yet");
    let (mut state, _folder) = runs();
    state.compared.insert("a".to_owned(), curves(&[1.02, 0.97, 0.9512]));
    let folders: Vec<PathBuf> = state.runs.iter().map(|run| run.dir.path().to_owned()).collect();
    let mut harness = bench(Pane::Runs, state, [1100.0, 400.0]);
    for words in ["interrupted", "cancelled", "finished", "collect (1 of 4)", "train (2 of 4)", "all 4", "2:05"] {
        harness.get_by_label(words);
    }
    harness.get_by_label("Left out: run.json of d is garbled");
    assert_eq!(harness.get_all_by_label("0.9512").count(), 2, "best score in both tables");
    assert_eq!(click(&mut harness, "Open a"), [Command::OpenPath(folders[2].clone())]);
    assert_eq!(click(&mut harness, "Resume b"), [Command::ResumeRun(folders[1].clone())]);
    assert_eq!(click(&mut harness, "Resume c"), [Command::ResumeRun(folders[0].clone())]);
    assert!(harness.query_by_label("Resume a").is_none(), "it is finished");
    assert_eq!(click(&mut harness, "Compare b"), [Command::ToggleCompare("b".to_owned())]);

    // The run that is at work is not resumed, and nothing is while it is.
    harness.state_mut().state.jobs = training().jobs;
    harness.state_mut().state.live.run = Some("c".to_owned());
    harness.run_steps(2);
    harness.get_by_label("running");
    assert!(harness.query_by_label("Resume c").is_none());
    assert_eq!(click(&mut harness, "Resume b"), []);
}

#[test]
fn runs_look_as_they_did() {
    let (mut state, _folder) = runs();
    state.compared.insert("a".to_owned(), curves(&[1.02, 0.97, 0.9512]));
    state.compared.insert("b".to_owned(), curves(&[1.0, 0.98]));
    bench(Pane::Runs, state, [800.0, 300.0]).snapshot("runs_panel");
}

fn edited(commands: &[Command]) -> &RunConfig {
    let [Command::EditConfig(config)] = commands else { panic!("{commands:?}") };
    config
}

#[test]
fn config_is_edited_checked_and_compared_with_its_preset() {
    let mut state = AppState::default();
    state.config.model.seq_len = 48;
    state.config_errors =
        vec![FieldError { field: "model.num_heads".to_owned(), problem: "must divide d_model 32, was 5".to_owned() }];
    let mut harness = bench(Pane::Config, state, [700.0, 3000.0]);
    harness.get_by_label("1 difference");
    harness.get_by_label("num_heads must divide d_model 32, was 5");
    assert_eq!(click(&mut harness, "Run all"), [], "not with a problem");
    harness.state_mut().state.config_errors.clear();
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Run all"), [Command::RunAll]);
    assert_eq!(click(&mut harness, "Train"), [Command::RunStage(Stage::Train)]);
    assert_eq!(click(&mut harness, "Backtest"), [], "no run is open");
    assert_eq!(click(&mut harness, "Browse…"), [Command::AskData]);

    let commands = click(&mut harness, "Reset model.seq_len");
    assert_eq!(*edited(&commands), preset("demo").unwrap());
    // Families keep their order.
    let commands = click(&mut harness, "windows");
    let groups = serde_json::to_value(&edited(&commands).features.groups).unwrap();
    assert_eq!(
        groups,
        serde_json::json!(["lines", "changes", "windows", "hurst", "volatility", "squeeze", "returns", "calendar"])
    );
    let field =
        harness.get_by(|node| node.role() == egui::accesskit::Role::TextInput && node.value().as_deref() == Some("20"));
    field.focus();
    field.type_text(", 50");
    let commands = taken(&mut harness);
    assert_eq!(edited(&commands[commands.len() - 1..]).features.lookback_windows, [20, 50]);

    // A preset loaded from elsewhere is what differences are counted from.
    harness.state_mut().state.config = preset("elite").unwrap();
    harness.run_steps(2);
    harness.get_by_label("as in the preset");
}

#[test]
fn config_counts_parameters_as_the_network_does() {
    let (shell, _folder) = super::demo([1280.0, 800.0]);
    let view = shell.state().state.view.clone();
    let run = shell.state().state.run().unwrap();
    let width = run.card.as_ref().unwrap().schema.width();
    let mut config = run.manifest.config.clone();
    let file = config.data.file.clone();
    for change in 0..3 {
        match change {
            0 => {}
            1 => config.model.norm = glassbox::config::Norm::Post,
            _ => {
                config.model.pooling = glassbox::config::Pooling::Attention;
                config.model.d_model = 48;
                config.model.num_layers = 3;
            }
        }
        let network =
            glassbox::models::Network::new(&config.model, width, 1, candle_core::DType::F32, &candle_core::Device::Cpu)
                .unwrap();
        let count: usize = network.params().snapshot().unwrap().values().map(|tensor| tensor.elem_count()).sum();
        let mut state = AppState { view: view.clone(), config: config.clone(), ..AppState::default() };
        state.config.data.file.clone_from(&file);
        let harness = bench(Pane::Config, state, [600.0, 600.0]);
        let text = harness.get_by_label_contains("parameters with").accesskit_node().value().unwrap().clone();
        assert!(text.replace(',', "").starts_with(&format!("{count} parameters with {width} inputs")), "{text}");
    }
}

#[test]
fn config_looks_as_it_did() {
    let mut state = AppState::default();
    state.config.model.num_heads = 5;
    state.config_errors = state.config.validate().unwrap_err();
    bench(Pane::Config, state, [600.0, 600.0]).snapshot("config_panel");
}

pub(super) fn report() -> ReadReport {
    ReadReport {
        symbol: "BTCUSDT".to_owned(),
        rows: 13956,
        start_ms: 0,
        start: "2017-08-17T04:00:00Z".to_owned(),
        end_ms: 1,
        end: "2024-01-01T00:00:00Z".to_owned(),
        timeframe: "4h".to_owned(),
        calendar: "24/7".to_owned(),
        sorted_rows: 0,
        duplicates_dropped: 0,
        dropped_columns: vec!["comment".to_owned()],
        extras: Vec::new(),
        gaps: Gaps { missing_bars: 12, first: vec![Gap { after: "2018-02-08T00:00:00Z".to_owned(), missing: 8 }] },
        off_grid: 2,
        zero_volume: 0,
        findings: vec![
            finding("split", Severity::Blocking, &[(700, 1)], "a price halves overnight and stays there"),
            finding("gaps", Severity::Warning, &[(120, 8), (900, 4)], "bars are missing from the calendar"),
            finding("jumps", Severity::Note, &[(300, 1)], "a price moved further than the market explains"),
        ],
        unadjusted: false,
    }
}

fn finding(name: &str, severity: Severity, at: &[(usize, usize)], sentence: &str) -> Finding {
    let place =
        |&(bar, bars): &(usize, usize)| Place { bar, timestamp: 1_517_900_000_000 + bar as i64 * 14_400_000, bars };
    let places: Vec<Place> = at.iter().map(place).collect();
    Finding {
        name: name.to_owned(),
        severity,
        count: places.len(),
        first: places.iter().map(|place| glassbox::data::time_text(place.timestamp)).collect(),
        sentence: sentence.to_owned(),
        action: String::new(),
        places,
    }
}

pub(super) fn data(report: Loadable<ReadReport>) -> AppState {
    let view = DataView::new(PathBuf::from("bars.csv"), DataConfig::default());
    AppState { data: Some(DataView { report, ..view }), ..AppState::default() }
}

#[test]
fn data_opens_files_and_reports_them() {
    sentences(Pane::Data, [300.0, 200.0], "No run is open: its bars, slices and lines stand here");
    for (state, words) in [
        (Loadable::Loading("reading bars".to_owned()), "Looking at the file: reading bars"),
        (Loadable::Failed("row 3 has no close".to_owned()), "The file cannot be used: row 3 has no close"),
    ] {
        bench(Pane::Data, data(state), [300.0, 200.0]).get_by_label(words);
    }
    let mut harness = bench(Pane::Data, data(Loadable::Ready(report())), [600.0, 800.0]);
    for words in [
        "13,956 of BTCUSDT 4h",
        "2017-08-17 04:00 to 2024-01-01 00:00",
        "12: 8 after 2018-02-08 00:00; 4 more later",
        "comment",
    ] {
        harness.get_by_label(words);
    }
    assert_eq!(click(&mut harness, "Browse…"), [Command::AskData]);
    assert_eq!(click(&mut harness, "Open"), [], "no path yet");
    harness.get_by_label("File").focus();
    harness.get_by_label("File").type_text("/tmp/a b.csv ");
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Open"), [Command::OpenPath(PathBuf::from("/tmp/a b.csv"))]);
    assert_eq!(click(&mut harness, "Open the demo"), [Command::OpenDemo]);
    harness.snapshot("data_panel");
}

#[test]
fn data_lists_the_lines_and_slices_of_the_open_run() {
    let (shell, _folder) = super::demo([1280.0, 800.0]);
    let view = shell.state().state.view.clone();
    let mut harness = bench(Pane::Data, AppState { view, ..AppState::default() }, [900.0, 900.0]);
    harness.run_steps(20);
    let run = harness.state().state.run().unwrap();
    let lines = &run.collected.lines.columns;
    let (first, count) = (lines[0].clone(), lines.len());
    let missing = first.values.iter().filter(|v| !v.is_finite()).count() as f64 / first.values.len() as f64;
    let splits = &run.card.as_ref().unwrap().slices;
    for slice in Slice::ALL {
        let n = splits.range(slice).len();
        let words = if n < 1000 { n.to_string() } else { format!("{},{:03}", n / 1000, n % 1000) };
        assert!(harness.get_all_by_label(&words).count() >= 1, "{words}");
    }
    harness.get_by_label(&format!("{count} of {count} lines"));
    assert!(harness.get_all_by_label(&format!("{:.1} %", 100.0 * missing)).count() >= 1);
    let row = format!("Line {}", first.name);
    assert_eq!(click(&mut harness, &row), [Command::SelectFeature(Some(first.name.clone()))]);
    assert_eq!(harness.state().commands.hover.feature, Some(first.name.clone()), "the pointer rests on it");
    harness.state_mut().state.selection.feature = Some(first.name.clone());
    harness.run_steps(2);
    assert_eq!(click(&mut harness, &row), [Command::SelectFeature(None)]);
    harness.get_by_label("Filter lines").focus();
    harness.get_by_label("Filter lines").type_text("unheard-of");
    harness.run_steps(3);
    harness.get_by_label("No line has these words");
}

pub(super) fn jobs() -> AppState {
    AppState {
        jobs: vec![
            job(1, "open demo", JobKind::OpenRun, JobState::Finished),
            job(2, "check health", JobKind::Doctor, JobState::Failed("the disk is full".to_owned())),
            job(3, "inspect", JobKind::Inspect, JobState::Cancelled),
            job(4, "run", JobKind::Run(Stage::Train), JobState::Running),
        ],
        ..AppState::default()
    }
}

#[test]
fn jobs_show_progress_outcome_and_cancel() {
    bench(Pane::Jobs, AppState::default(), [300.0, 200.0]).get_by_label("Nothing was started from this window yet");
    let mut harness = bench(Pane::Jobs, jobs(), [500.0, 560.0]);
    for words in [
        "epoch 4 · 3 of 15 · 0.2500 per s · ETA 0:48",
        "Progress of run: 20 %",
        "At work for 1:05",
        "Done in 1:05",
        "Cancelled after 1:05",
        "Failed after 1:05: the disk is full",
        "Earlier notes of run (1)",
    ] {
        harness.get_by_label(words);
    }
    assert_eq!(click(&mut harness, "Cancel run"), [Command::CancelJob(JobId(4))]);
    assert!(harness.query_by_label("Cancel inspect").is_none());
    assert_eq!(click(&mut harness, "Copy the error"), [Command::Copy("the disk is full".to_owned())]);
    harness.hover_at(egui::pos2(1.0, 1.0));
    harness.run_steps(8);
    harness.snapshot("jobs_panel");
}

pub(super) fn health() -> AppState {
    let check = |name: &str, ok: bool, found: &str| Check {
        event: "check",
        name: name.to_owned(),
        ok,
        found: found.to_owned(),
    };
    AppState {
        threads: 3,
        workspace: PathBuf::from("/data/ws"),
        health: vec![
            check("workspace", true, "/data/ws is writable"),
            check("runs", false, "run.json of d is garbled"),
        ],
        ..AppState::default()
    }
}

/// Speeds of a network on the CPU, and on a GPU if there is one.
fn measured(gpu: bool) -> ModelBench {
    let speed = |median_ms: f64| Speed { calls: 40, median_ms, p10_ms: 0.9 * median_ms, p90_ms: 1.3 * median_ms };
    let device = |device: &str, ms: f64| DeviceBench {
        device: device.to_owned(),
        step: speed(ms),
        windows_per_s: 64e3 / ms,
        prediction: speed(ms / 16.0),
    };
    let mut devices = vec![device("CPU (Some Processor), 2 threads", 80.0)];
    devices.extend(gpu.then(|| device("CUDA device 0", 4.0)));
    ModelBench {
        run: "mine".to_owned(),
        parameters: 48_213,
        seq_len: 32,
        width: 300,
        windows: 64,
        devices,
        no_gpu: (!gpu).then(|| "this build has no CUDA: build with --features cuda".to_owned()),
    }
}

#[test]
fn health_measures_the_network_and_keeps_the_figures() {
    let say = |harness: &Harness<'_, Bench>, words: &str| {
        harness.get_by_label(words);
    };
    let mut harness = bench(Pane::Health, health(), [700.0, 500.0]);
    say(&harness, "Open a trained run to measure its network");
    assert_eq!(click(&mut harness, "Measure the network's speed"), []);
    harness.state_mut().state.view = super::results::over(super::results::demo()).view;
    harness.run_steps(2);
    say(&harness, "Not measured yet");
    assert_eq!(click(&mut harness, "Measure the network's speed"), [Command::BenchModel]);
    let state = &mut harness.state_mut().state;
    state.bench = Loadable::Loading(String::new());
    state.jobs = vec![job(9, "benchmark", JobKind::Bench, JobState::Running)];
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Measure the network's speed"), [], "it is measuring");
    assert_eq!(click(&mut harness, "Cancel"), [Command::CancelJob(JobId(9))]);
    let state = &mut harness.state_mut().state;
    state.jobs.clear();
    state.bench = Loadable::Failed("the validation slice is empty".to_owned());
    harness.run_steps(2);
    say(&harness, "Measuring failed: the validation slice is empty");
    harness.state_mut().state.bench = Loadable::Ready(measured(false).into());
    harness.run_steps(2);
    for words in [
        "mine: 48,213 parameters, windows of 32 bars × 300 inputs, 64 windows per optimiser step",
        "80.00 (72.00 to 104.0)",
        "800",
        "No GPU was measured: this build has no CUDA: build with --features cuda",
    ] {
        say(&harness, words);
    }
    harness.state_mut().state.bench = Loadable::Ready(measured(true).into());
    harness.run_steps(2);
    say(&harness, "The GPU does a step 20.00 times as fast as the CPU, and a single forecast 20.00 times");
    assert!(harness.query_by_label_contains("No GPU").is_none());
}

#[test]
fn health_shows_what_was_found() {
    let mut harness = bench(Pane::Health, AppState::default(), [300.0, 200.0]);
    harness.get_by_label("Nothing was checked yet");
    assert_eq!(click(&mut harness, "Check health"), [Command::CheckHealth]);
    let state = AppState { bench: Loadable::Ready(measured(true).into()), ..health() };
    let mut harness = bench(Pane::Health, state, [640.0, 420.0]);
    for words in ["1 of 2 checks found a problem", "/data/ws is writable", "run.json of d is garbled", "CPU, 3 threads"]
    {
        harness.get_by_label(words);
    }
    harness.get_by_label_contains("trading risks the loss of your money");
    harness.snapshot("health_panel");
    harness.state_mut().state.jobs.push(job(1, "check health", JobKind::Doctor, JobState::Running));
    harness.run_steps(2);
    assert_eq!(click(&mut harness, "Check health"), [], "it is looking already");
}
