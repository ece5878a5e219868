//! Every panel with nothing, while its run is read, when it failed, and over the demo: none may be blank, and the first three
//! have a picture each.

use egui_kittest::SnapshotResults;
use egui_kittest::kittest::Queryable as _;
use glassbox::gui::{AppState, Loadable, Pane};

use super::results::{demo, over, seat};

const LOADING: &str = "reading the analysis";
const CAUSE: &str = "the bars in bars.csv are not the ones the run was made of";

fn states() -> [(&'static str, AppState); 3] {
    let with = |view| AppState { view, ..AppState::default() };
    [
        ("empty", with(Loadable::Empty)),
        ("loading", with(Loadable::Loading(LOADING.to_owned()))),
        ("failed", with(Loadable::Failed(CAUSE.to_owned()))),
    ]
}

/// Panels that show something else than the open run.
fn stands_alone(pane: Pane) -> bool {
    matches!(pane, Pane::Training | Pane::Data | Pane::Runs | Pane::Jobs | Pane::Config | Pane::Health)
}

#[test]
fn every_panel_says_what_it_waits_for() {
    for pane in Pane::ALL {
        for (name, state) in states() {
            let harness = seat(pane, state, [360.0, 240.0]);
            let said = harness.query_all_by_label_contains("").count();
            assert!(said > 0, "{pane:?} is blank when {name}");
            if stands_alone(pane) {
                continue;
            }
            match name {
                "empty" => harness.get_by_label("No run is open"),
                "loading" => harness.get_by_label_contains(LOADING),
                _ => harness.get_by_label_contains(CAUSE),
            };
        }
        let full = seat(pane, over(demo()), [360.0, 240.0]);
        assert!(full.query_by_label("No run is open").is_none(), "{pane:?}");
    }
}

#[test]
fn every_state_has_its_picture() {
    let mut results = SnapshotResults::new();
    for pane in Pane::ALL {
        for (name, state) in states() {
            let mut harness = seat(pane, state, [360.0, 240.0]);
            harness.snapshot(format!("states/{}_{name}", pane.title().to_lowercase()));
            results.extend(harness.take_snapshot_results());
        }
    }
}
