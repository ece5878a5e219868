use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobsPanel {}

impl Panel for JobsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if state.jobs.is_empty() {
            ui.weak("Nothing was started from this window yet");
        }
        for job in state.jobs.iter().rev() {
            ui.horizontal(|ui| {
                ui.label(&job.name);
                ui.weak(format!("{:?} {}", job.state, job.progress.stage));
                if job.state == crate::gui::state::JobState::Running && ui.button("Cancel").clicked() {
                    commands.push(Command::CancelJob(job.id));
                }
            });
        }
    }

    fn header(&self, _state: &AppState) -> Header {
        Header::default()
    }

    fn help(&self) -> &'static [&'static str] {
        &["Cancel: the job stops at its next step"]
    }
}
