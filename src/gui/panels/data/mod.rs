mod columns;
mod file;
mod findings;
mod library;
mod lines;
mod report;

use eframe::egui;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::thousands;
use columns::ColumnTable;
use lines::LineTable;
pub(super) use lines::spark;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct DataPanel {
    path: String,
    filter: String,
    /// The table of features is in front, not that of lines.
    features: bool,
    columns: ColumnTable,
    #[serde(skip)]
    file: file::FilePart,
    #[serde(skip)]
    library: library::LibraryPart,
    #[serde(skip)]
    table: LineTable,
}

impl DataPanel {
    /// Path, Open, Browse.
    fn opener(&mut self, ui: &mut egui::Ui, commands: &mut Commands) {
        ui.horizontal(|ui| {
            let label = ui.label("File");
            let width = (ui.available_width() - 142.0).max(60.0);
            let field =
                egui::TextEdit::singleline(&mut self.path).desired_width(width).hint_text("path of a file of bars");
            let field = ui.add(field).labelled_by(label.id);
            let entered = field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
            let path = self.path.trim();
            let clicked = ui.add_enabled(!path.is_empty(), egui::Button::new("Open")).clicked();
            if (clicked || entered) && !path.is_empty() {
                commands.push(Command::OpenPath(PathBuf::from(path)));
            }
            if ui.button("Browse…").on_hover_text("The dialog for files and folders").clicked() {
                commands.push(Command::AskData);
            }
        });
        let hint = "Or drop a file of bars (CSV, Parquet, Feather, JSON, also packed), a run folder or a workspace anywhere on the window";
        ui.add(egui::Label::new(egui::RichText::new(hint).color(theme::WEAK)).wrap());
    }
}

impl Panel for DataPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            self.opener(ui, commands);
            self.file.ui(ui, state, commands);
            ui.add_space(4.0);
            ui.separator();
            if !matches!(state.stored, Loadable::Empty) {
                self.library.ui(ui, state, commands);
                ui.add_space(4.0);
                ui.separator();
            }
            if state.data.as_ref().is_some_and(|data| data.is_shown(state.view.ready())) {
                // The file above, shown without a run.
                return;
            }
            let run = match &state.view {
                Loadable::Ready(run) => run,
                Loadable::Loading(what) => {
                    ui.label(egui::RichText::new(format!("Opening the run: {what}")).color(theme::WEAK));
                    return;
                }
                Loadable::Failed(why) => {
                    ui.label(
                        egui::RichText::new(format!("The run could not be opened: {why}"))
                            .color(theme::lighten(theme::DOWN)),
                    );
                    return;
                }
                Loadable::Empty => {
                    ui.label(
                        egui::RichText::new("No run is open: its bars, slices and lines stand here").color(theme::WEAK),
                    );
                    if ui.button(Command::OpenDemo.text()).clicked() {
                        commands.push(Command::OpenDemo);
                    }
                    return;
                }
            };
            ui.add(egui::Label::new(egui::RichText::new(format!("Bars of {}", run.manifest.id)).strong()).truncate());
            let found = &run.collected.report;
            report::report(ui, "open run", found);
            let go = |bar: usize| Command::SelectBar { bar, center: true };
            let findings = findings::Findings { report: found, accepted: None, go: &go };
            findings.ui(ui, "run", commands);
            ui.add_space(4.0);
            report::slices(ui, run);
            ui.add_space(4.0);
            ui.horizontal(|ui| {
                ui.selectable_value(&mut self.features, false, "Lines");
                ui.selectable_value(&mut self.features, true, "Features");
            });
            if self.features {
                self.columns.ui(ui, state, &mut self.filter, commands);
            } else {
                self.table.ui(ui, state, run, &mut self.filter, commands);
            }
        });
    }

    fn header(&self, state: &AppState) -> Header {
        state.run().map_or_else(Header::default, |run| {
            let (bars, lines) = (run.collected.series.len(), run.collected.lines.columns.len());
            Header::text(format!("{} bars · {lines} lines", thousands(bars)))
        })
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Drop a file of bars on the window: looks at it and takes it for the next run",
            "Click a finding's time or a mark on the strip: goes there on the chart",
            "How the file is read: choose another meaning for a column, another clock or price factor",
            "Click a line: shows it on the chart; click again: takes it away",
            "Filter: only lines whose name or meaning has these words",
            "Features: what the network reads, what is missing and how it drifts; click a title to order by it",
        ]
    }
}
