//! The file that is looked at: what its columns are taken for, how it is read, and where its bars go.

use std::path::PathBuf;

use eframe::egui::{self, RichText};

use super::findings::Findings;
use super::report;
use crate::config::DataConfig;
use crate::data::{ColumnGuess, Confidence, Guess, Role};
use crate::gui::command::{Command, Commands};
use crate::gui::market::DataView;
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{badge, number};

/// Rows of the preview.
const PREVIEW: usize = 5;

/// What is typed but not yet asked for.
#[derive(Debug, Default)]
pub(super) struct FilePart {
    /// The file these are for.
    of: PathBuf,
    choices: DataConfig,
    out: String,
}

impl FilePart {
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(data) = &state.data else { return };
        if self.of != data.path {
            *self = Self { of: data.path.clone(), choices: data.choices.clone(), out: String::new() };
        }
        ui.add_space(4.0);
        ui.separator();
        let name =
            data.path.file_name().map_or_else(|| data.path.display().to_string(), |n| n.to_string_lossy().into());
        ui.horizontal_wrapped(|ui| {
            ui.add(egui::Label::new(RichText::new(name).strong()).truncate())
                .on_hover_text(data.path.display().to_string());
            if data.is_shown(state.view.ready()) {
                badge(ui, "on the chart", theme::ACCENT);
            } else if data.bars.is_some() && ui.button("Show on the chart").clicked() {
                commands.push(Command::ShowBars(None));
            }
        });
        match &data.report {
            Loadable::Empty => {
                ui.label(RichText::new("The file was not read yet").color(theme::WEAK));
            }
            Loadable::Loading(what) => {
                ui.label(RichText::new(format!("Looking at the file: {what}")).color(theme::WEAK));
            }
            Loadable::Failed(why) => {
                let text = RichText::new(format!("The file cannot be used: {why}")).color(theme::lighten(theme::DOWN));
                ui.add(egui::Label::new(text).wrap());
            }
            Loadable::Ready(found) => {
                report::report(ui, "opened file", found);
                let go = |bar: usize| Command::ShowBars(Some(bar));
                let accepted = Some(state.config.data.accept.as_slice());
                Findings { report: found, accepted, go: &go }.ui(ui, "file", commands);
                if state.config.data.file == data.path.display().to_string() {
                    let text = RichText::new("The next run uses this file").color(theme::lighten(theme::UP));
                    ui.label(text);
                }
                self.save(ui, state, data, commands);
            }
        }
        self.reading(ui, data, commands);
    }

    /// Where the bars are written.
    fn save(&mut self, ui: &mut egui::Ui, state: &AppState, data: &DataView, commands: &mut Commands) {
        let Some(found) = data.report.ready() else { return };
        if self.out.is_empty() {
            let name = format!("{}_{}.parquet", found.symbol.replace('/', "-"), found.timeframe);
            self.out = state.workspace.join("data").join(name).display().to_string();
        }
        ui.horizontal(|ui| {
            let label = ui.label("Write to");
            let width = (ui.available_width() - 72.0).max(60.0);
            ui.add(egui::TextEdit::singleline(&mut self.out).desired_width(width)).labelled_by(label.id);
            let hint = "Writes the bars, put right as said above; the ending .parquet, .feather or .csv says how";
            if ui.button("Write").on_hover_text(hint).clicked() {
                commands.push(Command::SaveBars(PathBuf::from(self.out.trim())));
            }
        });
        match &data.saved {
            Some(Ok(path)) => {
                ui.horizontal_wrapped(|ui| {
                    ui.label(RichText::new("Written").color(theme::lighten(theme::UP)));
                    if ui.button("Open what was written").clicked() {
                        commands.push(Command::OpenPath(path.clone()));
                    }
                });
            }
            Some(Err(why)) => {
                let text = RichText::new(format!("Not written: {why}")).color(theme::lighten(theme::DOWN));
                ui.add(egui::Label::new(text).wrap());
            }
            None => {}
        }
    }

    /// How the file is read, and its first rows.
    fn reading(&mut self, ui: &mut egui::Ui, data: &DataView, commands: &mut Commands) {
        let open = matches!(data.report, Loadable::Failed(_));
        let header = egui::CollapsingHeader::new("How the file is read").default_open(open).id_salt(("reading", open));
        header.show(ui, |ui| {
            self.choices(ui, data, commands);
            let Some(guess) = &data.guess else { return };
            let mut format = guess.format.clone();
            if let Some(delimiter) = &guess.delimiter {
                format = format!("{format}, fields separated by {delimiter:?}");
            }
            let time = &guess.time;
            let text = format!(
                "{format} · times: {} ({}), clock {} ({})",
                time.form, time.reason, time.zone, time.zone_reason
            );
            ui.add(egui::Label::new(RichText::new(text).color(theme::WEAK)).wrap());
            egui::ScrollArea::horizontal().id_salt("columns").show(ui, |ui| {
                egui::Grid::new("columns").num_columns(3).min_row_height(22.0).spacing([12.0, 0.0]).show(ui, |ui| {
                    for name in ["column", "taken for", "why"] {
                        ui.label(RichText::new(name).color(theme::WEAK).size(11.5));
                    }
                    ui.end_row();
                    for column in &guess.columns {
                        Self::column(ui, data, column, commands);
                        ui.end_row();
                    }
                });
            });
            first_rows(ui, guess);
        });
    }

    fn choices(&mut self, ui: &mut egui::Ui, data: &DataView, commands: &mut Commands) {
        let mut asked = false;
        let mut field = |ui: &mut egui::Ui, name: &str, hint: &str, text: &mut String| {
            let label = ui.label(name);
            let field = egui::TextEdit::singleline(text).desired_width(110.0).hint_text(hint);
            let field = ui.add(field).labelled_by(label.id);
            asked |= field.lost_focus() && ui.input(|input| input.key_pressed(egui::Key::Enter));
        };
        ui.horizontal_wrapped(|ui| {
            field(ui, "Symbol", "guessed", &mut self.choices.symbol);
            field(ui, "Timeframe", "guessed", &mut self.choices.timeframe);
            field(ui, "Clock", "UTC", &mut self.choices.timezone);
            field(ui, "Price factor", "1", &mut self.choices.price_scale);
        });
        let symbols = data.guess.as_ref().map_or(&[][..], |guess| guess.symbols.as_slice());
        if symbols.len() > 1 {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new("The file holds").color(theme::WEAK));
                for symbol in symbols {
                    if ui.selectable_label(self.choices.symbol == *symbol, symbol).clicked() {
                        self.choices.symbol.clone_from(symbol);
                        asked = true;
                    }
                }
            });
        }
        ui.horizontal_wrapped(|ui| {
            let kept = &mut self.choices.keep_unadjusted;
            asked |= ui.checkbox(kept, "Keep prices as traded beside adjusted closes").changed();
            asked |= ui.button("Read it so").clicked();
        });
        if asked {
            self.choices.map.clone_from(&data.choices.map);
            commands.push(Command::ReadDataAs(Box::new(self.choices.clone())));
        }
    }

    /// A column and what it is taken for.
    fn column(ui: &mut egui::Ui, data: &DataView, column: &ColumnGuess, commands: &mut Commands) {
        ui.label(number(&column.column));
        let name = column.role.map_or("left out", Role::name);
        let mut chosen = None;
        let list = egui::ComboBox::from_id_salt(("role", &column.column)).selected_text(name).width(110.0);
        let response = list.show_ui(ui, |ui| {
            if ui.selectable_label(column.role.is_none(), "left out").clicked() {
                chosen = Some(None);
            }
            for role in Role::all() {
                if ui.selectable_label(column.role == Some(role), role.name()).clicked() {
                    chosen = Some(Some(role));
                }
            }
        });
        let label = format!("Column {}", column.column);
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, &label));
        let ink = if column.confidence == Confidence::Doubtful { theme::WARN } else { theme::WEAK };
        ui.label(RichText::new(&column.reason).color(ink));
        if let Some(role) = chosen.filter(|role| *role != column.role) {
            commands.push(Command::ReadDataAs(Box::new(data.mapped(&column.column, role))));
        }
    }
}

fn first_rows(ui: &mut egui::Ui, guess: &Guess) {
    if guess.preview.is_empty() {
        return;
    }
    ui.add_space(4.0);
    ui.label(RichText::new("First rows, as the file has them").color(theme::WEAK).size(11.5));
    egui::ScrollArea::horizontal().id_salt("first rows").show(ui, |ui| {
        egui::Grid::new("first rows").num_columns(guess.columns.len()).spacing([12.0, 2.0]).show(ui, |ui| {
            for column in &guess.columns {
                ui.label(number(&column.column).color(theme::WEAK));
            }
            ui.end_row();
            for row in guess.preview.iter().take(PREVIEW) {
                for cell in row {
                    ui.label(number(cell));
                }
                ui.end_row();
            }
        });
    });
}
