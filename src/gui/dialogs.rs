use eframe::egui;
use std::path::PathBuf;

use crate::jobs::{Job, Outcome, Waker, spawn};

use super::command::{Command, Commands};
use super::theme;

/// The window that asks for a path: a text field, and the system's dialog beside it.
///
/// The system's dialog runs on a thread of its own, for some desktops never answer it.
#[derive(Debug, Default)]
pub(super) struct OpenDialog {
    pub(super) open: bool,
    path: String,
    system: Option<Job<Option<PathBuf>, ()>>,
}

impl OpenDialog {
    /// Looks whether the system's dialog answered.
    pub(super) fn poll(&mut self, commands: &mut Commands) {
        let Some(outcome) = self.system.as_ref().and_then(Job::poll) else { return };
        self.system = None;
        if let Outcome::Finished(Some(path)) = outcome {
            self.open = false;
            commands.push(Command::OpenPath(path));
        }
    }

    pub(super) fn ui(&mut self, ui: &mut egui::Ui, wake: &Waker, commands: &mut Commands) {
        if !self.open {
            return;
        }
        let response = egui::Modal::new(egui::Id::unique("open dialog")).show(ui.ctx(), |ui| {
            ui.set_width(520.0);
            ui.heading("Open");
            ui.label(
                egui::RichText::new("A CSV or Parquet file of bars, a run folder, or a workspace folder")
                    .color(theme::WEAK),
            );
            ui.add_space(4.0);
            let label = ui.label("Path");
            let field = ui.add(egui::TextEdit::singleline(&mut self.path).desired_width(f32::INFINITY));
            let field = field.labelled_by(label.id);
            if self.path.is_empty() {
                field.request_focus();
            }
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                let browse = |ui: &mut egui::Ui, text: &str| {
                    ui.add_enabled(self.system.is_none(), egui::Button::new(text)).clicked()
                };
                let (file, folder) = (browse(ui, "Choose file…"), browse(ui, "Choose folder…"));
                if file || folder {
                    let wake = std::sync::Arc::clone(wake);
                    self.system = spawn("file dialog", wake, move |_| Ok(ask(file))).ok();
                }
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                    let clicked = ui.add_enabled(!self.path.trim().is_empty(), egui::Button::new("Open")).clicked();
                    if (clicked || entered) && !self.path.trim().is_empty() {
                        self.open = false;
                        commands.push(Command::OpenPath(PathBuf::from(self.path.trim())));
                    }
                    if ui.button("Close").clicked() {
                        self.open = false;
                    }
                });
            });
        });
        if response.should_close() {
            self.open = false;
        }
    }
}

/// The system's dialog for a file of bars, or else for a folder; blocks its thread.
fn ask(file: bool) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    if file { dialog.add_filter("Bars", &["csv", "tsv", "txt", "parquet", "feather", "arrow", "json", "gz", "zst", "zip"]).pick_file() } else { dialog.pick_folder() }
}
