use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::widgets::{message, run_or_message};

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AttentionPanel {}

impl Panel for AttentionPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(_run) = run_or_message(ui, state, commands) else { return };
        message(ui, "Click a bar or a trade to see where the network looked", None, commands);
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::text("")
    }

    fn help(&self) -> &'static [&'static str] {
        &["Hover a cell: both bars light up on the chart", "Click a cell: pins it", "Esc: clears"]
    }
}
