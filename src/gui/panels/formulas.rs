//! Formula files: written here, checked while typing, drawn on the chart.

mod code;

use eframe::egui::{self, RichText};
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::formulas::Editor;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{message, number};
use crate::tasks::EXAMPLES;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FormulasPanel {
    #[serde(skip)]
    code: code::Code,
}

impl Panel for FormulasPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let height = ui.available_height();
        let left = (0.24 * ui.available_width()).clamp(120.0, 210.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            ui.allocate_ui(egui::vec2(left, height), |ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.vertical(|ui| {
                    ui.set_width(left);
                    files(ui, state, commands);
                });
            });
            ui.add_space(6.0);
            let x = ui.cursor().left();
            ui.painter().vline(x, ui.max_rect().y_range(), egui::Stroke::new(1.0, theme::LINE));
            ui.add_space(8.0);
            let room = egui::vec2(ui.available_width(), height);
            ui.allocate_ui(room, |ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                ui.vertical(|ui| {
                    ui.set_width(room.x);
                    if let Some(editor) = &state.formulas.open {
                        self.editor(ui, state, editor, commands);
                    } else {
                        super::indicators::about_run(ui, state, commands);
                        let text = "A formula is an indicator of your own: every name it assigns is a line";
                        message(ui, text, Some(&Command::NewFormula(None)), commands);
                    }
                });
            });
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let formulas = &state.formulas;
        let bad = formulas.files.iter().filter(|file| !formulas.faults_of(&file.id).is_empty()).count();
        let text = match formulas.files.len() {
            1 => "1 formula in the workspace".to_owned(),
            n => format!("{n} formulas in the workspace"),
        };
        let badge =
            (bad > 0).then(|| (if bad == 1 { "1 has errors".to_owned() } else { format!("{bad} have errors") }, false));
        Header { text, badge }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Type: the formula is checked at once; while it has errors the last sound result stays on the chart",
            "Click an error: goes to its line and column",
            "Ctrl S: saves to formulas/ of the workspace; runs compute every formula there",
            "A file that another program changes is read again; your own unsaved text asks first",
        ]
    }
}

fn files(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let formulas = &state.formulas;
    let new = Command::NewFormula(None);
    if ui.button(new.text()).clicked() {
        commands.push(new);
    }
    egui::ScrollArea::vertical().id_salt("files").auto_shrink(false).show(ui, |ui| {
        let heading = |ui: &mut egui::Ui, text: &str| {
            ui.add_space(4.0);
            ui.label(RichText::new(text).size(11.0).color(theme::WEAK));
        };
        heading(ui, "In the workspace");
        if formulas.files.is_empty() {
            ui.label(RichText::new("none yet").color(theme::WEAK).italics());
        }
        let open = formulas.open.as_ref();
        for file in &formulas.files {
            let faults = formulas.faults_of(&file.id).len();
            let selected = open.is_some_and(|open| open.path.as_ref() == Some(&file.path));
            let changed = selected && open.is_some_and(Editor::is_changed);
            let mark = if changed { " ●" } else { "" };
            let errors = if faults > 0 { format!("  {faults} ×") } else { String::new() };
            let ink = if faults > 0 { theme::lighten(theme::DOWN) } else { theme::TEXT };
            let text = RichText::new(format!("{}{mark}{errors}", file.id)).monospace().color(ink);
            let button = egui::Button::new(text).selected(selected).frame_when_inactive(false).truncate();
            let response = ui.add(button.min_size(egui::vec2(ui.available_width(), 22.0)));
            let label = format!("Formula {}", file.id);
            response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, selected, &label));
            if response.on_hover_text(file.path.display().to_string()).clicked() && !selected {
                commands.push(Command::OpenFormula(file.id.clone()));
            }
        }
        heading(ui, "Begin from an example");
        for (id, _) in EXAMPLES {
            let command = Command::NewFormula(Some(id));
            let text = RichText::new(*id).monospace().color(theme::WEAK);
            let button = egui::Button::new(text).frame_when_inactive(false).truncate();
            let response = ui.add(button.min_size(egui::vec2(ui.available_width(), 22.0)));
            let label = command.text();
            response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
            if response.on_hover_text(&label).clicked() {
                commands.push(command);
            }
        }
    });
}

impl FormulasPanel {
    fn editor(&mut self, ui: &mut egui::Ui, state: &AppState, editor: &Editor, commands: &mut Commands) {
        bar(ui, state, editor, commands);
        super::indicators::about_run(ui, state, commands);
        if let Some(problem) = &editor.problem {
            let text = RichText::new(format!("Not saved: {problem}")).color(theme::lighten(theme::DOWN));
            ui.add(egui::Label::new(text).wrap());
        }
        if editor.disk.is_some() {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new("Another program changed this file").color(theme::WARN));
                if ui.button("Take the file").clicked() {
                    commands.push(Command::ReloadFormula);
                }
                if ui.button("Keep my text").clicked() {
                    commands.push(Command::KeepFormula);
                }
            });
        }
        let faults = state.formulas.faults_of(&editor.id);
        let foot = 22.0 * (faults.len().clamp(1, 4) as f32) + 6.0;
        let height = (ui.available_height() - foot).max(60.0);
        if let Some(text) = self.code.ui(ui, &editor.text, faults, height) {
            commands.push(Command::EditFormula(text));
        }
        egui::ScrollArea::vertical().id_salt("faults").auto_shrink(false).show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            if faults.is_empty() {
                ui.label(RichText::new(sound(state, editor)).color(theme::lighten(theme::UP)));
            }
            for fault in faults {
                let text = RichText::new(fault.to_string()).color(theme::lighten(theme::DOWN)).size(12.0);
                let button = egui::Button::new(text).frame_when_inactive(false).wrap();
                if ui.add(button).on_hover_text("Goes there").clicked() {
                    self.code.go(fault.line, fault.column);
                }
            }
        });
    }
}

/// What a sound formula gives.
fn sound(state: &AppState, editor: &Editor) -> String {
    let Some(instance) = state.indicators.formula(&editor.id) else { return "Checking…".to_owned() };
    let lines = instance.definition().lines;
    let outputs: Vec<&str> = lines.iter().filter(|line| !line.internal).map(|line| line.name.as_ref()).collect();
    let plural = if lines.len() == 1 { "line" } else { "lines" };
    format!("Sound: {} {plural}, output {}; warm-up {} bars", lines.len(), outputs.join(", "), instance.warm_up())
}

fn bar(ui: &mut egui::Ui, state: &AppState, editor: &Editor, commands: &mut Commands) {
    ui.horizontal_wrapped(|ui| {
        let label = ui.label("Name");
        let mut id = editor.id.clone();
        let field = egui::TextEdit::singleline(&mut id).desired_width(150.0).font(egui::TextStyle::Monospace);
        if ui.add(field).labelled_by(label.id).changed() {
            commands.push(Command::NameFormula(id));
        }
        let save = Command::SaveFormula;
        let enabled = save.is_enabled(state) && editor.disk.is_none();
        if ui.add_enabled(enabled, egui::Button::new("Save")).on_hover_text("Ctrl S").clicked() {
            commands.push(save);
        }
        let back = editor.path.is_some() && editor.is_changed();
        if ui.add_enabled(back, egui::Button::new("Revert")).on_hover_text("Back to the text on disk").clicked() {
            commands.push(Command::ReloadFormula);
        }
        let mut preview = state.formulas.preview;
        if ui.checkbox(&mut preview, "On chart").on_hover_text("Draws the outputs while you type").changed() {
            commands.push(Command::PreviewFormula(preview));
        }
        if state.indicators.formula(&editor.id).is_some() {
            let show = Command::ChooseIndicator(editor.id.clone());
            if ui.button("Lines…").on_hover_text("Shows its parameters and lines in the browser").clicked() {
                commands.push(show);
            }
        }
        if ui.button("Close").clicked() {
            commands.push(Command::CloseFormula);
        }
        let words = match (&editor.path, editor.is_changed()) {
            (None, _) => "not saved yet",
            (Some(_), true) => "changed",
            (Some(_), false) => "saved",
        };
        ui.label(number(words).color(theme::WEAK));
        if editor.path.is_some() && !editor.is_changed() && !state.formulas.faults_of(&editor.id).is_empty() {
            ui.label(RichText::new("runs in this workspace refuse it until it is sound").color(theme::WARN));
        }
    });
}
