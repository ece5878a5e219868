use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::widgets::run_or_message;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WhyPanel {}

impl Panel for WhyPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(_run) = run_or_message(ui, state, commands) else { return };
        ui.weak("Click a bar or a trade on the chart");
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::text("")
    }

    fn help(&self) -> &'static [&'static str] {
        &["Click a feature: shows its line on the chart"]
    }
}
