//! Every panel in four states: with nothing, while its matter is on the way, when it failed, and full. None may be blank,
//! and each has its picture in tests/snapshots.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use glassbox::config::SplitMethod;
use glassbox::gui::{AppState, Cell, JobKind, JobState, Loadable, Pane};
use glassbox::indicators::{Line, Lines, Unit};
use glassbox::market::{Bar, Series};
use glassbox::runs::Stage;
use glassbox::tasks::{FoldCutter, Forecast, LabelsRequest, LabelsView, RunCurves};
use glassbox::training::Forecasts;

use super::explain::{self, T};
use super::results::{Seat, demo, over, seat};
use super::work::{self, job};

const LOADING: &str = "reading the analysis";
const CAUSE: &str = "the bars in bars.csv are not the ones the run was made of";

/// Names in the files of the pictures; the full state's is larger and has the panel's own name.
const STATES: [&str; 3] = ["empty", "loading", "failed"];

/// The panel's state with the words it must then say.
fn state(pane: Pane, name: &str) -> (AppState, &'static str) {
    let mut state = AppState::default();
    let words = match (pane, name) {
        (Pane::Runs, "empty") => "The workspace has no runs yet",
        (Pane::Runs, "loading") => {
            state.listing = true;
            "Reading the runs of the workspace"
        }
        (Pane::Runs, _) => {
            state.broken_runs = vec![CAUSE.to_owned()];
            CAUSE
        }
        (Pane::Jobs, "empty") => "Nothing was started from this window yet",
        (Pane::Jobs, "loading") => {
            state.jobs = vec![job(1, "run", JobKind::Run(Stage::Train), JobState::Running)];
            "At work for 1:05"
        }
        (Pane::Jobs, _) => {
            state.jobs = vec![job(1, "open run", JobKind::OpenRun, JobState::Failed(CAUSE.to_owned()))];
            CAUSE
        }
        (Pane::Config, "empty") => "as in the preset",
        (Pane::Config, "loading") => {
            state.jobs = vec![job(1, "run", JobKind::Run(Stage::Train), JobState::Running)];
            "Run all"
        }
        (Pane::Config, _) => {
            state.config.model.num_heads = 5;
            state.config_errors = state.config.validate().unwrap_err();
            "must divide"
        }
        (Pane::Health, "empty") => "Nothing was checked yet",
        (Pane::Health, "loading") => {
            state.jobs = vec![job(1, "check health", JobKind::Doctor, JobState::Running)];
            "Looking at workspace, device, threads and runs"
        }
        (Pane::Health, _) => {
            state = work::health();
            "1 of 2 checks found a problem"
        }
        (Pane::Training, "loading") => {
            state = work::training();
            state.live.curves = RunCurves::default();
            "The first epoch is not done yet"
        }
        (Pane::Training, "failed") => {
            state = work::training();
            state.jobs[0].state = JobState::Failed(CAUSE.to_owned());
            CAUSE
        }
        (Pane::Data, "empty") => "No run is open: its bars, slices and lines stand here",
        (Pane::Data, "loading") => {
            state = work::data(Loadable::Loading(LOADING.to_owned()));
            LOADING
        }
        (Pane::Data, _) => {
            state = work::data(Loadable::Failed(CAUSE.to_owned()));
            CAUSE
        }
        (_, "empty") => "No run is open",
        (_, "loading") => {
            state.view = Loadable::Loading(LOADING.to_owned());
            LOADING
        }
        _ => {
            state.view = Loadable::Failed(CAUSE.to_owned());
            CAUSE
        }
    };
    (state, words)
}

/// The panel with all it can show, and the folder behind it.
pub(super) fn full(pane: Pane, size: [f32; 2]) -> (Seat, Option<tempfile::TempDir>) {
    let (state, folder) = match pane {
        Pane::Chart => charted(),
        Pane::Attention | Pane::Features | Pane::Why => explain::full(true),
        Pane::Runs => {
            let (mut state, folder) = work::runs();
            let shown = state.runs.iter().map(|run| (run.manifest.id.clone(), RunCurves::default())).collect();
            state.compared = shown;
            (state, folder)
        }
        _ => {
            let state = match pane {
                Pane::Training => work::training(),
                Pane::Jobs => work::jobs(),
                Pane::Health => work::health(),
                Pane::Labels => labelled(),
                Pane::Folds => folded(),
                Pane::Config => state(Pane::Config, "failed").0,
                Pane::Data => AppState { view: over(demo()).view, ..work::data(Loadable::Ready(work::report())) },
                _ => over(demo()),
            };
            return (seat(pane, state, size), None);
        }
    };
    (seat(pane, state, size), Some(folder))
}

/// The demo with the labels of its own configuration.
fn labelled() -> AppState {
    let mut state = over(demo());
    let run = state.run().unwrap();
    let request = LabelsRequest { labels: state.config.labels.clone(), cost: state.config.backtest.round_trip_cost() };
    let view = LabelsView::new(&run.collected, run.card.as_ref().map(|card| &card.slices), request);
    state.dataset.labels = Loadable::Ready(Arc::new(view));
    state
}

/// The demo with the folds of a walk-forward.
fn folded() -> AppState {
    let mut state = over(demo());
    state.config.splits.method = SplitMethod::Rolling;
    state.config.splits.embargo = 6;
    let run = state.run().unwrap();
    let view = FoldCutter::new(run.card.as_ref(), &run.manifest.config).cut(&run.collected, &state.config).unwrap();
    state.dataset.folds = Loadable::Ready(Arc::new(view));
    state
}

/// As many bars at the same times, up and down.
fn waves(series: &Series) -> Series {
    let close = |i: usize| 37_000.0 + 12.0 * i as f64 + 500.0 * (i as f64 / 4.0).sin() + 160.0 * (i as f64 * 2.1).sin();
    let bar = |(i, bar): (usize, &Bar)| {
        let (open, close) = (close(i.saturating_sub(1)) + 20.0, close(i));
        let wick = 60.0 + 50.0 * (i as f64 * 1.3).cos();
        Bar { open, close, high: open.max(close) + wick, low: open.min(close) - wick, ..*bar }
    };
    let bars = series.bars().iter().enumerate().map(bar).collect();
    Series::new(&series.symbol, series.timeframe, bars).unwrap()
}

/// What the chart can show: a line over the candles and one below them, regimes, a trade, a window and a pinned cell.
fn charted() -> (AppState, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let mut view = explain::view(folder.path(), true);
    view.collected.series = waves(&view.collected.series);
    let bars = view.collected.series.bars();
    let trade = &mut view.simulations[0].trades[0];
    (trade.entry_price, trade.exit_price) = (bars[trade.entry_bar].open, bars[trade.exit_bar].open);
    let line = |name: &str, unit, value: fn(usize, &Bar) -> f64| Line {
        name: name.to_owned(),
        meaning: "made by hand".into(),
        unit,
        internal: false,
        values: bars.iter().enumerate().map(|(i, bar)| value(i, bar)).collect(),
    };
    let columns = vec![
        line("kama.kama", Unit::PRICE, |i, bar| bar.close - 250.0 + 40.0 * (i as f64 / 4.0).cos()),
        line("rsx.rsx", Unit::RATIO, |i, _| 50.0 + 30.0 * (i as f64 / 5.0).sin()),
    ];
    view.forecast = Some(Forecast {
        timestamp: bars.iter().map(|bar| bar.timestamp).collect(),
        slice: vec!["test".to_owned(); bars.len()],
        raw: Forecasts {
            entry_logit: Vec::new(),
            exit_logit: Vec::new(),
            expected_return: Vec::new(),
            volatility: Vec::new(),
            size: Vec::new(),
            mu: Vec::new(),
            latents: 0,
            reconstruction_error: Vec::new(),
            problem: Vec::new(),
        },
        entry_prob: Vec::new(),
        entry_prob_calibrated: Vec::new(),
        exit_prob: Vec::new(),
        regime: (0..bars.len()).map(|i| Some(i / 9 % 3)).collect(),
        regime_p: Vec::new(),
        missing_cells: Vec::new(),
    });
    view.collected.lines = Lines { columns };
    let mut state = explain::selected(view);
    state.selection.cell = Some(Cell { query: T - 1, key: 2 });
    (state, folder)
}

#[test]
fn every_panel_says_what_it_waits_for() {
    for pane in Pane::ALL {
        for name in STATES {
            let (state, words) = state(pane, name);
            let harness = seat(pane, state, [360.0, 240.0]);
            let said = harness.query_all_by_label_contains(words).count();
            assert!(said > 0, "{pane:?} does not say {words:?} when {name}");
        }
        let (full, _folder) = full(pane, [360.0, 240.0]);
        assert!(full.query_by_label("No run is open").is_none(), "{pane:?}");
    }
}

#[test]
fn every_state_has_its_picture() {
    let mut results = SnapshotResults::new();
    for pane in Pane::ALL {
        for name in STATES {
            let mut harness = seat(pane, state(pane, name).0, [360.0, 240.0]);
            harness.snapshot(format!("states/{}_{name}", pane.title().to_lowercase()));
            results.extend(harness.take_snapshot_results());
        }
    }
    let (mut chart, _folder) = full(Pane::Chart, [560.0, 360.0]);
    chart.snapshot("chart_panel");
    results.extend(chart.take_snapshot_results());
}

/// Names of the pictures in a folder of tests/snapshots.
fn pictures(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(folder);
    let names = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.file_name());
    let names = names.filter_map(|name| name.to_string_lossy().strip_suffix(".png").map(str::to_owned));
    // What a failing comparison leaves beside its picture.
    names.filter(|name| !name.contains('.')).collect()
}

#[test]
fn the_registry_of_pictures_is_the_registry_of_panels() {
    let title = |pane: Pane| pane.title().to_lowercase();
    let mut wholes: BTreeSet<String> = Pane::ALL.map(|pane| format!("{}_panel", title(pane))).into();
    wholes.insert("drop_overlay".to_owned());
    assert_eq!(pictures(""), wholes);
    let parts = Pane::ALL.into_iter().flat_map(|pane| STATES.map(|name| format!("{}_{name}", title(pane)))).collect();
    assert_eq!(pictures("states"), parts);
}
