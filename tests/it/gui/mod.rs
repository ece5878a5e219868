//! The window without a window: the real shell over the embedded demo.

mod dataset;
mod explain;
mod failures;
mod filters;
mod indicators;
mod market;
mod names;
mod open;
mod results;
mod states;
mod training;
mod work;

use std::sync::Arc;

use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;
use glassbox::gui::{AppState, Command, Pane, Shell, install_theme};

/// A shell as the program's frame loop runs it.
pub(crate) fn window(shell: Shell, size: [f32; 2]) -> Harness<'static, Shell> {
    let mut installed = false;
    Harness::builder().with_size(size).with_render_cursor(false).build_ui_state(
        move |ui, shell: &mut Shell| {
            if !installed {
                install_theme(ui.ctx());
                installed = true;
                return;
            }
            shell.logic(ui.ctx());
            shell.ui(ui);
        },
        shell,
    )
}

/// A shell with nothing open, and its workspace.
pub(crate) fn bare(size: [f32; 2]) -> (Harness<'static, Shell>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let state = AppState { workspace: folder.path().to_owned(), ..AppState::default() };
    let shell = Shell::new(state, folder.path().to_owned(), Arc::new(|| ()), None);
    let mut harness = window(shell, size);
    harness.run_steps(3);
    (harness, folder)
}

/// A shell with the demo open and explained.
pub(crate) fn demo(size: [f32; 2]) -> (Harness<'static, Shell>, tempfile::TempDir) {
    let (mut harness, folder) = bare(size);
    harness.state_mut().open_demo(0.0);
    for _ in 0..3000 {
        harness.step();
        if harness.state().state.explanation().is_some() {
            return (harness, folder);
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("the demo does not open: {:?} {}", harness.state().state.why, harness.state().dump());
}

/// Steps until `holds`, and what arrived is drawn.
#[track_caller]
pub(crate) fn until(window: &mut Harness<'_, Shell>, what: &str, holds: impl Fn(&AppState) -> bool) {
    for _ in 0..3000 {
        window.run_steps(1);
        if holds(&window.state().state) {
            window.run_steps(3);
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("not so: {what}: {}", window.state().dump());
}

#[test]
fn the_demo_opens_on_its_last_trade_and_gestures_move_the_selection() {
    let (mut harness, _folder) = demo([1280.0, 800.0]);
    let shell = harness.state();
    let trades = shell.state.run().unwrap().trades().len();
    assert_eq!(shell.state.selection.trade, Some(trades - 1));
    assert_eq!(shell.visible().len(), 7);
    let bar = shell.state.selection.bar;

    harness.state_mut().commands.push(Command::ToggleRegime(0));
    harness.run_steps(3);
    let shown = harness.state().state.trades().count();
    assert!(shown < trades, "{shown} of {trades}");
    harness.get_by_label_contains("regime 0 ·").click();
    harness.run_steps(3);
    assert_eq!(harness.state().state.trades().count(), trades);

    harness.get_by_label("Data").click();
    harness.run_steps(3);
    assert!(harness.state().visible().contains(&Pane::Data));
    harness.state_mut().commands.push(Command::StepTrade(-1));
    harness.run_steps(3);
    assert!(harness.state().state.selection.bar < bar);
    assert_eq!(harness.state().state.selection.trade, Some(trades - 2));
}
