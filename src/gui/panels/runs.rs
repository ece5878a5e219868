use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunsPanel {}

impl Panel for RunsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if state.runs.is_empty() {
            ui.weak("The workspace has no runs yet");
            if ui.add_enabled(Command::RunAll.is_enabled(state), egui::Button::new(Command::RunAll.text())).clicked() {
                commands.push(Command::RunAll);
            }
        }
        for run in &state.runs {
            if ui.selectable_label(false, &run.manifest.id).clicked() {
                commands.push(Command::OpenPath(run.dir.path().to_owned()));
            }
        }
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::default()
    }

    fn help(&self) -> &'static [&'static str] {
        &["Click a run: opens it"]
    }
}
