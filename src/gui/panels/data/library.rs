//! What the workspace holds: series and captures, with size, range and freshness.

use std::path::PathBuf;

use eframe::egui::{self, RichText};

use super::findings::time_of;
use crate::data::{Freshness, LibraryListing, StoredFile};
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{badge, number, thousands};

/// View state of the part.
#[derive(Debug, Default)]
pub(super) struct LibraryPart {
    /// The file whose Delete was clicked once.
    asked: Option<PathBuf>,
}

impl LibraryPart {
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let heading = |ui: &mut egui::Ui, text: &str| ui.label(RichText::new(text).strong());
        let stored = match &state.stored {
            Loadable::Empty => return,
            Loadable::Loading(what) => {
                heading(ui, "In the workspace");
                ui.label(RichText::new(what).color(theme::WEAK));
                return;
            }
            Loadable::Failed(why) => {
                heading(ui, "In the workspace");
                let text = format!("The workspace cannot be listed: {why}");
                ui.add(egui::Label::new(RichText::new(text).color(theme::lighten(theme::DOWN))).wrap());
                return;
            }
            Loadable::Ready(stored) => stored,
        };
        ui.horizontal_wrapped(|ui| {
            heading(ui, "In the workspace");
            ui.label(number(summary(stored)).color(theme::WEAK));
        });
        if stored.series.is_empty() && stored.captures.is_empty() {
            let text = "Bars that are written to data/ and the lines that runs capture are listed here";
            ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
            return;
        }
        egui::ScrollArea::horizontal().id_salt("library").show(ui, |ui| {
            egui::Grid::new("library").num_columns(8).min_row_height(22.0).spacing([12.0, 0.0]).show(ui, |ui| {
                for name in ["series", "", "first (UTC)", "last (UTC)", "bars", "lines", "size", "state"] {
                    ui.label(RichText::new(name).color(theme::WEAK).size(11.5));
                }
                ui.end_row();
                for entry in &stored.series {
                    let look = entry
                        .problem
                        .as_ref()
                        .map_or(("bars", theme::ACCENT, ""), |why| ("unusable", theme::DOWN, why));
                    self.row(ui, &entry.file, None, look, commands);
                }
                for entry in &stored.captures {
                    let look = match &entry.freshness {
                        Freshness::Fresh => ("fresh", theme::UP, "used as it is"),
                        Freshness::Continuable { reason } => ("grows", theme::ACCENT, reason.as_str()),
                        Freshness::Stale { reason, .. } => ("stale", theme::WARN, reason.as_str()),
                        Freshness::Unknown { reason } => ("unknown", theme::WEAK, reason.as_str()),
                    };
                    self.row(ui, &entry.file, Some(entry.lines), look, commands);
                }
            });
        });
    }

    fn row(
        &mut self,
        ui: &mut egui::Ui,
        file: &StoredFile,
        lines: Option<usize>,
        (word, color, reason): (&str, egui::Color32, &str),
        commands: &mut Commands,
    ) {
        let name = format!("{} {}", file.symbol, file.timeframe);
        let time =
            |text: &Option<String>| text.as_ref().map_or("–".to_owned(), |text| time_of(text, &file.timeframe));
        ui.label(number(&name)).on_hover_text(file.path.display().to_string());
        ui.horizontal(|ui| {
            if lines.is_none() {
                let response = ui.button("Open");
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Open {name}")));
                if response.on_hover_text("Looks at the bars and takes them for the next run").clicked() {
                    commands.push(Command::InspectData(file.path.clone()));
                }
            }
            let sure = self.asked.as_ref() == Some(&file.path);
            let words = if sure { "Delete for good" } else { "Delete…" };
            let response = ui.button(words);
            let what = if lines.is_some() { "lines" } else { "bars" };
            response
                .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, format!("{words} {name} {what}")));
            let hint = if lines.is_some() { "The lines can be computed again" } else { "The bars are gone then" };
            if response.on_hover_text(hint).clicked() {
                if sure {
                    commands.push(Command::DeleteStored(file.path.clone()));
                    self.asked = None;
                } else {
                    self.asked = Some(file.path.clone());
                }
            }
        });
        ui.label(number(time(&file.start)));
        ui.label(number(time(&file.end)));
        ui.label(number(thousands(file.bars)));
        ui.label(number(lines.map_or("–".to_owned(), thousands)));
        ui.label(number(size(file.bytes)));
        ui.horizontal(|ui| {
            badge(ui, word, color);
            ui.label(RichText::new(reason).color(theme::WEAK));
        });
        ui.end_row();
    }
}

fn summary(stored: &LibraryListing) -> String {
    let plural = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let series = plural(stored.series.len(), "series", "series");
    let captures = plural(stored.captures.len(), "capture", "captures");
    format!("{series} · {captures} · {}", size(stored.bytes))
}

/// Bytes for people.
fn size(bytes: u64) -> String {
    let mib = bytes as f64 / (1024.0 * 1024.0);
    if mib >= 1024.0 {
        format!("{:.1} GiB", mib / 1024.0)
    } else if mib >= 1.0 {
        format!("{mib:.1} MiB")
    } else {
        format!("{:.0} KiB", bytes as f64 / 1024.0)
    }
}
