use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DataPanel {}

impl Panel for DataPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if state.data.is_none() {
            ui.weak("No file of bars is open");
            if ui.button(Command::AskData.text()).clicked() {
                commands.push(Command::AskData);
            }
        }
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::default()
    }

    fn help(&self) -> &'static [&'static str] {
        &["Drop a CSV or Parquet file on the window: looks at it"]
    }
}
