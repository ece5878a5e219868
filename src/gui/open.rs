//! Ways to a run or a file of bars: by path, by the demo, by dropping it on the window.

use std::path::{Path, PathBuf};

use eframe::egui;

use super::board::Done;
use super::command::Command;
use super::panels::Pane;
use super::shell::Shell;
use super::state::{DataView, JobKind, Loadable};
use super::theme;
use crate::data::ReadOptions;
use crate::tasks::{Job, RunView, extract_demo, inspect, open_view};

impl Shell {
    /// A run folder is opened, another folder becomes the workspace and its newest run is opened, a file is looked at.
    pub(super) fn open_path(&mut self, path: &Path, now: f64) {
        if path.join("run.json").is_file() {
            self.open_run_folder(path.to_owned(), now);
        } else if path.is_dir() {
            self.change_workspace(path);
        } else {
            self.inspect(path.to_owned(), now);
        }
    }

    pub(super) fn open_run_folder(&mut self, folder: PathBuf, now: f64) {
        self.state.demo = false;
        self.open("open run", folder.display().to_string(), now, move |job| open_view(&folder, job));
    }

    /// Opens the embedded demo.
    pub fn open_demo(&mut self, now: f64) {
        self.state.demo = true;
        let cache = self.cache.clone();
        self.open("open demo", "the demo".to_owned(), now, move |job| open_view(&extract_demo(&cache)?, job));
    }

    fn open(
        &mut self,
        name: &str,
        what: String,
        now: f64,
        task: impl FnOnce(&Job) -> anyhow::Result<RunView> + Send + 'static,
    ) {
        if let Some(before) = self.opens.take() {
            self.board.cancel(before);
        }
        self.opens =
            self.start(name, JobKind::OpenRun, now, move |job| task(job).map(|view| Done::View(Box::new(view))));
        self.state.view = match self.opens {
            Some(_) => Loadable::Loading(what),
            None => Loadable::Failed("no thread could be started".to_owned()),
        };
    }

    pub(super) fn inspect(&mut self, path: PathBuf, now: f64) {
        if let Some(before) = self.inspects.take() {
            self.board.cancel(before);
        }
        self.show_pane(Pane::Data);
        let file = path.clone();
        self.inspects = self.start("inspect", JobKind::Inspect, now, move |job| {
            inspect(&file, &ReadOptions::default(), job).map(|found| Done::Report(Box::new(found.report)))
        });
        let report = match self.inspects {
            Some(_) => Loadable::Loading("reading bars".to_owned()),
            None => Loadable::Failed("no thread could be started".to_owned()),
        };
        self.state.data = Some(DataView { path, report });
    }

    /// Opens what was dropped on the window, and says what a drop would do while something is dragged over it.
    pub(super) fn drops(&mut self, ui: &mut egui::Ui) {
        let (dropped, dragged) = ui.input(|input| {
            let dropped: Vec<PathBuf> = input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect();
            let dragged: Vec<Option<PathBuf>> = input.raw.hovered_files.iter().map(|file| file.path.clone()).collect();
            (dropped, dragged)
        });
        self.dragged = dragged.len();
        if !dragged.is_empty() {
            overlay(ui, &dragged);
        }
        // The window shows one run and one file: of several the first is taken, and that is said.
        let Some(first) = dropped.first() else { return };
        self.dialog.open = false;
        self.commands.push(Command::OpenPath(first.clone()));
        if dropped.len() > 1 {
            self.commands.push(Command::Say(format!(
                "{} were dropped; only {} is opened, for one at a time is shown",
                dropped.len(),
                file_name(first)
            )));
        }
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// Over the whole window while files hang above it.
fn overlay(ui: &egui::Ui, dragged: &[Option<PathBuf>]) {
    let name = match dragged {
        [Some(path)] => file_name(path),
        [None] => "it".to_owned(),
        several => format!("the first of {} files", several.len()),
    };
    let screen = ui.ctx().content_rect();
    let area = egui::Area::new(egui::Id::unique("drop overlay")).order(egui::Order::Foreground).interactable(false);
    area.fixed_pos(screen.min).show(ui.ctx(), |ui| {
        let painter = ui.painter();
        painter.rect_filled(screen, 0.0, theme::BACKGROUND.gamma_multiply(0.85));
        let edge = egui::Stroke::new(2.0, theme::ACCENT);
        painter.rect_stroke(screen.shrink(16.0), 8.0, edge, egui::StrokeKind::Inside);
        ui.set_min_size(screen.size());
        ui.vertical_centered(|ui| {
            ui.add_space(0.5 * screen.height() - 24.0);
            ui.label(egui::RichText::new(format!("Drop to open {name}")).heading().color(theme::STRONG));
            let what = "A CSV or Parquet file of bars, a run folder, or a workspace folder";
            ui.label(egui::RichText::new(what).color(theme::WEAK));
        });
    });
}
