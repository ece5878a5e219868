use eframe::egui;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::jobs::{Job, Outcome, Waker, spawn};

use super::command::{Command, Commands};
use super::theme;

/// What a dialog of the system shall choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// A file of bars.
    File,
    /// A folder.
    Folder,
}

/// Asks for a path and blocks until there is an answer: none if the user closed the dialog. The error says why there is no
/// dialog.
pub type SystemDialog = fn(Wanted) -> Result<Option<PathBuf>, String>;

type Answer = Result<Option<PathBuf>, String>;

/// The window that asks for a path: a text field, which always works, and the system's dialog beside it.
///
/// The system's dialog runs on a thread of its own, for some desktops never answer it.
#[derive(Debug, Default)]
pub(super) struct OpenDialog {
    pub(super) open: bool,
    path: String,
    system: Option<Job<Answer, ()>>,
    /// What came of the system's dialog, if it brought no path.
    problem: Option<String>,
}

impl OpenDialog {
    pub(super) fn show(&mut self) {
        self.open = true;
        self.problem = None;
    }

    /// Looks whether the system's dialog answered.
    pub(super) fn poll(&mut self, commands: &mut Commands) {
        let Some(outcome) = self.system.as_ref().and_then(Job::poll) else { return };
        self.system = None;
        let none = |why: &str| {
            format!("This system offers no file dialog ({why}): type the path above or drop the file on the window")
        };
        match outcome {
            Outcome::Finished(Ok(Some(path))) => {
                self.open = false;
                commands.push(Command::OpenPath(path));
            }
            Outcome::Finished(Ok(None)) | Outcome::Cancelled => {
                self.problem = Some("Nothing was chosen; if no dialog appeared, type the path above".to_owned());
            }
            Outcome::Finished(Err(why)) | Outcome::Panicked(why) => self.problem = Some(none(&why)),
            Outcome::Failed(err) => self.problem = Some(none(&format!("{err:#}"))),
        }
    }

    /// The sentence below the path.
    pub(super) fn says(&self) -> Option<&str> {
        const WAITS: &str = "The system's dialog is open; if none appears, type the path above";
        self.system.as_ref().map(|_| WAITS).or(self.problem.as_deref())
    }

    pub(super) fn ui(&mut self, ui: &mut egui::Ui, ask: SystemDialog, wake: &Waker, commands: &mut Commands) {
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
            if let Some(text) = self.says() {
                ui.label(egui::RichText::new(text).color(theme::WARN));
            }
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                let browse = |ui: &mut egui::Ui, text: &str| {
                    ui.add_enabled(self.system.is_none(), egui::Button::new(text)).clicked()
                };
                let wanted = match (browse(ui, "Choose file…"), browse(ui, "Choose folder…")) {
                    (true, _) => Some(Wanted::File),
                    (_, true) => Some(Wanted::Folder),
                    _ => None,
                };
                if let Some(wanted) = wanted {
                    let wake = std::sync::Arc::clone(wake);
                    match spawn("file dialog", wake, move |_| Ok(ask(wanted))) {
                        Ok(job) => self.system = Some(job),
                        Err(err) => self.problem = Some(format!("The system's dialog cannot be asked: {err}")),
                    }
                }
                // The thread waits on; whatever it brings is no longer wanted.
                if self.system.is_some() && ui.button("Stop waiting").clicked() {
                    self.system = None;
                    self.problem = None;
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

/// Endings of the files that bars come in.
const BAR_ENDINGS: &[&str] =
    &["csv", "tsv", "txt", "prn", "parquet", "feather", "arrow", "ipc", "json", "jsonl", "gz", "zst", "zip"];

/// The dialog of the desktop.
///
/// `rfd` answers `None` for a closed dialog and for a desktop without any; the difference stands only in its log.
pub(super) fn system_dialog(wanted: Wanted) -> Answer {
    LISTENER.start();
    let dialog = rfd::FileDialog::new();
    let found = match wanted {
        Wanted::File => dialog.add_filter("Bars", BAR_ENDINGS).pick_file(),
        Wanted::Folder => dialog.pick_folder(),
    };
    match (found, LISTENER.heard()) {
        (None, Some(why)) => Err(why),
        (found, _) => Ok(found),
    }
}

static LISTENER: Listener = Listener(Mutex::new(None));

/// Keeps the last error that `rfd` logged.
struct Listener(Mutex<Option<String>>);

impl Listener {
    fn start(&'static self) {
        // Fails from the second time on, which does no harm.
        if log::set_logger(self).is_ok() {
            log::set_max_level(log::LevelFilter::Error);
        }
        self.heard();
    }

    fn heard(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl log::Log for Listener {
    fn enabled(&self, metadata: &log::Metadata<'_>) -> bool {
        metadata.level() == log::Level::Error && metadata.target().starts_with("rfd")
    }

    fn log(&self, record: &log::Record<'_>) {
        if self.enabled(record.metadata()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(record.args().to_string());
        }
    }

    fn flush(&self) {}
}
