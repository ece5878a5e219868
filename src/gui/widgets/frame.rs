use crate::gui::command::{Command, Commands};
use crate::gui::panels::{Header, Pane};
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::tasks::RunView;
use eframe::egui;

use super::badge;

/// Right part of a panel's title bar: words, badge, help. Drawn from right to left; the first `taken` pixels on the left
/// belong to the tabs.
pub(in crate::gui) fn header(ui: &mut egui::Ui, pane: Pane, header: &Header, help: &[&str], taken: f32) {
    ui.add_space(4.0);
    let question = egui::Button::new(egui::RichText::new("?").color(theme::WEAK)).frame(false);
    let name = format!("Help on {}", pane.title());
    let response = ui.add(question);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
    egui::Popup::menu(&response).show(|ui| {
        ui.set_max_width(320.0);
        ui.strong(format!("Gestures of {}", pane.title()));
        for line in help {
            ui.label(*line);
        }
    });
    if let Some((text, good)) = &header.badge
        && ui.available_width() - taken > 7.0 * text.len() as f32
    {
        badge(ui, text, if *good { theme::UP } else { theme::WARN });
    }
    let room = egui::vec2(ui.available_width() - taken, ui.available_height());
    if !header.text.is_empty() && room.x > 40.0 {
        ui.allocate_ui_with_layout(room, egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.add(egui::Label::new(egui::RichText::new(&header.text).color(theme::WEAK)).truncate());
        });
    }
}

/// A sentence in the middle of a panel that has nothing else to show, with a command to go on.
pub(in crate::gui) fn message(ui: &mut egui::Ui, text: &str, next: Option<&Command>, commands: &mut Commands) {
    ui.vertical_centered(|ui| {
        ui.add_space((0.4 * ui.available_height() - 20.0).max(8.0));
        ui.label(egui::RichText::new(text).color(theme::WEAK));
        if let Some(command) = next
            && ui.button(command.text()).clicked()
        {
            commands.push(command.clone());
        }
    });
}

/// The open run; else draws why there is none (empty, loading, error).
pub(in crate::gui) fn run_or_message<'a>(
    ui: &mut egui::Ui,
    state: &'a AppState,
    commands: &mut Commands,
) -> Option<&'a RunView> {
    match &state.view {
        Loadable::Ready(view) => return Some(view),
        Loadable::Empty => message(ui, "No run is open", Some(&Command::OpenDemo), commands),
        Loadable::Loading(what) => message(ui, &format!("Opening the run: {what}"), None, commands),
        Loadable::Failed(why) => {
            message(ui, &format!("The run could not be opened: {why}"), Some(&Command::AskData), commands);
        }
    }
    None
}
