//! Every control has a name: without one neither screen readers nor scripts reach it.

use eframe::egui;
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use glassbox::gui::{Command, Pane, Workspace};

use super::states::full;

/// Every node that takes clicks and has neither label nor text. Scroll bars belong to what they scroll.
fn unnamed<S>(harness: &Harness<'_, S>) -> Vec<String> {
    let named = |text: Option<String>| text.is_some_and(|text| !text.trim().is_empty());
    harness
        .root()
        .children_recursive()
        .map(|node| node.accesskit_node())
        .filter(|node| !node.is_hidden() && node.data().supports_action(egui::accesskit::Action::Click))
        .filter(|node| !named(node.label()) && !named(node.data().placeholder().map(str::to_owned)))
        .filter(|node| !(node.role() == egui::Role::Label && named(node.value())))
        // Cells of tables lie within their row, which has the name.
        .filter(|node| node.raw_bounds().is_some_and(|bounds| bounds.width() > 0.0 && bounds.height() > 0.0))
        .filter(|node| node.role() != egui::accesskit::Role::ScrollBar && !docking(node.role(), node.raw_bounds()))
        .map(|node| format!("{:?} at {:?}", node.role(), node.raw_bounds()))
        .collect()
}

/// Handles of the docking library: splitters are 6 points thin, the grounds of tab bars 28 high.
fn docking(role: egui::accesskit::Role, bounds: Option<egui::accesskit::Rect>) -> bool {
    let Some(bounds) = bounds.filter(|_| role == egui::accesskit::Role::Unknown) else { return false };
    bounds.height() == 28.0 || bounds.width().min(bounds.height()).round() == 6.0
}

fn check<S>(harness: &Harness<'_, S>, what: &str) {
    // Controls of the toolkit's own kinds, then all that takes clicks.
    assert_eq!(harness.unnamed_widgets(), Vec::<String>::new(), "{what}");
    assert_eq!(unnamed(harness), Vec::<String>::new(), "{what}");
}

#[test]
fn every_control_of_every_full_panel_has_a_name() {
    for pane in Pane::ALL {
        for size in [[360.0, 400.0], [1300.0, 1000.0]] {
            let (harness, _folder) = full(pane, size);
            let controls = harness.root().children_recursive().count();
            assert!(controls > 3, "{pane:?} is all but empty");
            check(&harness, &format!("{pane:?} at {size:?}"));
        }
    }
}

#[test]
fn a_control_without_a_name_is_found() {
    let mut harness = Harness::builder().with_accessibility_check(false).build_ui(|ui| {
        assert!(!ui.button("named").clicked());
        ui.allocate_response(egui::vec2(20.0, 20.0), egui::Sense::click())
            .widget_info(|| egui::WidgetInfo::new(egui::Role::Button));
        ui.checkbox(&mut true, "");
    });
    harness.run_steps(2);
    assert_eq!(harness.unnamed_widgets().len(), 2);
    assert_eq!(unnamed(&harness).len(), 2);
}

#[test]
fn every_control_of_the_window_around_them_has_a_name() {
    let (mut harness, _folder) = super::demo([1440.0, 900.0]);
    for workspace in Workspace::ALL {
        harness.state_mut().commands.push(Command::ShowWorkspace(workspace));
        harness.run_steps(4);
        check(&harness, workspace.title());
    }
    for command in [Command::AskData, Command::TogglePalette, Command::ToggleKeys, Command::ToggleAbout] {
        harness.state_mut().commands.push(command.clone());
        harness.run_steps(4);
        check(&harness, &command.text());
        harness.key_press(egui::Key::Escape);
        harness.run_steps(4);
    }
    for menu in ["File", "View", "Run", "Help"] {
        harness.get_by_role_and_label(egui::Role::Button, menu).click();
        harness.run_steps(4);
        check(&harness, menu);
        harness.key_press(egui::Key::Escape);
        harness.run_steps(4);
    }
}
