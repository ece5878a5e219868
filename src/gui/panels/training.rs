use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::widgets::run_or_message;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingPanel {}

impl Panel for TrainingPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(_run) = run_or_message(ui, state, commands) else { return };
        ui.weak("No epochs yet");
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::text("")
    }

    fn help(&self) -> &'static [&'static str] {
        &["Scroll: zooms", "Double click: resets"]
    }
}
