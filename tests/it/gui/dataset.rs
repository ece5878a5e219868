//! What the network reads and what it is asked, in the window: features with their drift, labels, slices.

use eframe::egui;
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::config::{LabelMode, RunConfig, SplitMethod};
use glassbox::dataset::causality::CausalVerdict;
use glassbox::gui::{AppState, Command, Loadable, Pane, Shell, Workspace};

use glassbox::tasks::{ColumnView, FoldCutter};

use super::until;

type Window = Harness<'static, Shell>;

fn open() -> (Window, tempfile::TempDir) {
    let (mut window, folder) = super::demo([1600.0, 1400.0]);
    window.state_mut().commands.push(Command::ShowWorkspace(Workspace::Data));
    window.run_steps(3);
    (window, folder)
}

fn edit(window: &mut Window, change: impl Fn(&mut RunConfig)) {
    let mut config = window.state().state.config.clone();
    change(&mut config);
    window.state_mut().commands.push(Command::EditConfig(Box::new(config)));
    window.run_steps(3);
}

#[test]
fn features_are_made_when_they_are_looked_at_and_can_be_ordered_by_drift() {
    let (mut window, _folder) = open();
    assert!(matches!(window.state().state.dataset.columns, Loadable::Empty), "nobody looked yet");
    window.get_by_label("Features").click();
    until(&mut window, "the features are made", |state| state.dataset.columns.ready().is_some());
    let view = window.state().state.dataset.columns.ready().unwrap().clone();
    let card = window.state().state.run().unwrap().card.clone().unwrap();
    let seen = view.columns.iter().filter(|column| column.dropped.is_none());
    let scaled = card.schema.inputs.iter().map(|input| &input.name).filter(|name| !name.ends_with(".missing"));
    assert_eq!(seen.clone().map(|column| &column.name).collect::<Vec<_>>(), scaled.collect::<Vec<_>>());
    let verdict = |column: &ColumnView| column.causality.as_ref().map(|found| found.verdict);
    let fine = [Some(CausalVerdict::Causal), Some(CausalVerdict::NeedsWarmUp)];
    assert!(seen.clone().all(|column| fine.contains(&verdict(column))), "every feature seen is causal");
    let first = &view.columns[0].name;
    assert!(window.query_by_label(&format!("Feature {first}")).is_some());

    let most = seen.max_by(|a, b| a.psi.partial_cmp(&b.psi).unwrap()).unwrap();
    assert_ne!(&most.name, first);
    window.get_by_label("Order by PSI").click();
    window.run_steps(3);
    let name = format!("Feature {}", most.name);
    window.get_by_label(&name).click();
    window.run_steps(3);
    assert_eq!(window.state().state.selection.feature.as_ref(), Some(&most.name), "a click shows it everywhere");
}

#[test]
fn labels_follow_every_edit_and_stand_on_the_chart_when_asked() {
    let (mut window, _folder) = open();
    let labels = |state: &AppState| state.dataset.labels.ready().cloned();
    until(&mut window, "labels are drawn", |state| labels(state).is_some());
    let before = labels(&window.state().state).unwrap();
    let run = window.state().state.run().unwrap().labels.clone();
    assert_eq!(before.labels.entry.len(), run.entry.len());
    assert_eq!(before.entries + before.exits + before.neither + before.unlabelled, run.entry.len());
    assert_eq!(before.histogram.counts.iter().sum::<usize>() + before.unlabelled, run.entry.len());

    edit(&mut window, |config| config.labels.entry_k = 1.5);
    until(&mut window, "fewer entries", |state| labels(state).is_some_and(|view| view.entries < before.entries));
    assert_eq!(labels(&window.state().state).unwrap().exits, before.exits);
    edit(&mut window, |config| config.labels.mode = LabelMode::TripleBarrier);
    until(&mut window, "both barriers", |state| {
        labels(state).is_some_and(|view| view.request.labels.mode == LabelMode::TripleBarrier)
    });

    window.get_by_label("On the chart").click();
    window.run_steps(3);
    assert!(window.state().state.dataset.on_chart);
}

#[test]
fn a_threshold_is_dragged_in_the_histogram() {
    let (mut window, _folder) = open();
    window.state_mut().commands.push(Command::ShowPane(Pane::Labels));
    until(&mut window, "labels are drawn", |state| state.dataset.labels.ready().is_some());
    let view = window.state().state.dataset.labels.ready().unwrap().clone();
    let plot = window.get_by_label("Forward returns").rect();
    let span = view.histogram.width * view.histogram.counts.len() as f64;
    let x_at = |place: f64| plot.left() + ((place - view.histogram.low) / span) as f32 * plot.width();
    let now = view.request.labels.entry_k + view.cost_moves;
    let at = |x: f32| egui::pos2(x, plot.center().y);
    window.drag_at(at(x_at(now)));
    window.run_steps(2);
    for place in [now + 0.2, 2.0] {
        window.hover_at(at(x_at(place)));
        window.run_steps(2);
    }
    window.drop_at(at(x_at(2.0)));
    window.run_steps(3);
    let moved = window.state().state.config.labels.entry_k;
    assert!((moved + view.cost_moves - 2.0).abs() < 0.05, "{moved}");
    assert_eq!(window.state().state.config.labels.exit_k, view.request.labels.exit_k);
}

#[test]
fn the_labels_panel_looks_like_its_picture() {
    let (mut seat, _folder) = super::states::full(Pane::Labels, [860.0, 420.0]);
    seat.snapshot("labels_panel");
}

#[test]
fn the_folds_panel_looks_like_its_picture() {
    let (mut seat, _folder) = super::states::full(Pane::Folds, [860.0, 420.0]);
    seat.snapshot("folds_panel");
}

#[test]
fn folds_follow_the_split_method_and_say_why_a_bar_is_out() {
    let (mut window, _folder) = open();
    window.state_mut().commands.push(Command::ShowPane(Pane::Folds));
    let folds = |state: &AppState| state.dataset.folds.ready().map(|view| view.folds.clone());
    until(&mut window, "slices are cut", |state| folds(state).is_some());
    let state = &window.state().state;
    let (run, found) = (state.run().unwrap(), folds(state).unwrap());
    assert_eq!(found[0].splits().unwrap(), run.card.as_ref().unwrap().slices, "the demo's own slices");

    edit(&mut window, |config| config.splits.method = SplitMethod::Combinatorial);
    until(&mut window, "every two of six blocks", |state| folds(state).is_some_and(|folds| folds.len() == 15));
    edit(&mut window, |config| {
        config.splits.method = SplitMethod::Anchored;
        config.splits.embargo = 200;
    });
    until(&mut window, "five folds", |state| folds(state).is_some_and(|folds| folds.len() == 5));
    let found = folds(&window.state().state).unwrap();
    let out = found[4].validation.last().unwrap().end + 10;
    let plot = window.get_by_label("Slices over time").rect();
    let bars = window.state().state.run().unwrap().collected.series.len();
    let x = plot.left() + (out as f32 + 0.5) / bars as f32 * plot.width();
    window.hover_at(egui::pos2(x, plot.bottom() - 11.0));
    window.run_steps(4);
    assert_eq!(window.state().state.hover.bar, Some(out));
    assert!(window.query_by_label_contains("embargo: its label ends at bar").is_some());
    edit(&mut window, |config| config.splits.embargo = 5000);
    until(
        &mut window,
        "no room",
        |state| matches!(&state.dataset.folds, Loadable::Failed(why) if why.contains("empty")),
    );
}

#[test]
fn folds_do_not_depend_on_which_fold_the_open_run_taught() {
    let run = super::results::demo();
    let (config, card) = (&run.manifest.config, run.card.clone().unwrap());
    let honest = FoldCutter::new(Some(&card), config).cut(&run.collected, config).unwrap();
    // As after the last fold of a walk-forward, whose training begins late.
    let mut late = card;
    late.splits.method = SplitMethod::Rolling;
    late.slices.train.start += 3000;
    assert_eq!(FoldCutter::new(Some(&late), config).cut(&run.collected, config).unwrap(), honest);
}
