use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigPanel {}

impl Panel for ConfigPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        ui.weak(format!("The next run uses {}", state.config.train.run_name));
        if ui.add_enabled(Command::RunAll.is_enabled(state), egui::Button::new(Command::RunAll.text())).clicked() {
            commands.push(Command::RunAll);
        }
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::default()
    }

    fn help(&self) -> &'static [&'static str] {
        &["Edit a field: it is checked at once"]
    }
}
