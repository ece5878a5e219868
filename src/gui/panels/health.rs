use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthPanel {}

impl Panel for HealthPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if state.health.is_empty() {
            ui.weak("Nothing was checked yet");
        }
        for check in &state.health {
            ui.horizontal(|ui| {
                ui.strong(&check.name);
                ui.label(&check.found);
            });
        }
        if ui.button(Command::CheckHealth.text()).clicked() {
            commands.push(Command::CheckHealth);
        }
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::default()
    }

    fn help(&self) -> &'static [&'static str] {
        &["Check health: looks again"]
    }
}
