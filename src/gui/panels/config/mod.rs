mod edit;
mod estimate;
mod fields;

use eframe::egui;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Header, Panel};
use crate::config::{PRESETS, RunConfig, preset};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::number;
use crate::runs::Stage;
use edit::Edit;
use fields::SECTIONS;

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ConfigPanel {
    /// What differences are counted from.
    preset: String,
    /// Text of lists while it is typed, by path.
    #[serde(skip)]
    drafts: BTreeMap<String, String>,
    #[serde(skip)]
    known: Option<Known>,
}

impl Default for ConfigPanel {
    fn default() -> Self {
        Self { preset: "demo".to_owned(), drafts: BTreeMap::new(), known: None }
    }
}

/// The configuration as the form sees it.
#[derive(Debug)]
struct Known {
    config: RunConfig,
    preset: String,
    /// The configuration as JSON.
    value: Value,
    /// The preset as JSON.
    base: Value,
}

impl ConfigPanel {
    fn refresh(&mut self, state: &AppState) {
        let same = |known: &Known| known.config == state.config && known.preset == self.preset;
        if self.known.as_ref().is_some_and(same) {
            return;
        }
        // A preset loaded elsewhere is what differences are counted from.
        let equal = |name: &str| {
            preset(name).is_some_and(|preset| RunConfig { data: state.config.data.clone(), ..preset } == state.config)
        };
        if let Some((name, _)) = PRESETS.iter().find(|(name, _)| equal(name)) {
            (*name).clone_into(&mut self.preset);
        }
        let base = RunConfig { data: state.config.data.clone(), ..preset(&self.preset).unwrap_or_default() };
        let json = |config: &RunConfig| serde_json::to_value(config).unwrap_or_default();
        self.known = Some(Known {
            value: json(&state.config),
            base: json(&base),
            config: state.config.clone(),
            preset: self.preset.clone(),
        });
    }

    fn presets(&mut self, ui: &mut egui::Ui, differences: usize, commands: &mut Commands) {
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Preset");
            let chosen =
                egui::ComboBox::from_id_salt("preset").width(110.0).selected_text(&self.preset).show_ui(ui, |ui| {
                    for (name, meaning) in PRESETS {
                        if ui.selectable_label(self.preset == name, name).on_hover_text(meaning).clicked() {
                            name.clone_into(&mut self.preset);
                            commands.push(Command::LoadPreset(name));
                        }
                    }
                });
            chosen.response.labelled_by(label.id);
            let words = match differences {
                0 => "as in the preset".to_owned(),
                1 => "1 difference".to_owned(),
                n => format!("{n} differences"),
            };
            let color = if differences == 0 { theme::WEAK } else { theme::ACCENT };
            ui.label(egui::RichText::new(words).color(color));
        });
    }

    fn buttons(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let valid = state.config_errors.is_empty();
        ui.horizontal_wrapped(|ui| {
            let all = egui::Button::new(egui::RichText::new("Run all").color(theme::BACKGROUND)).fill(theme::ACCENT);
            let mut add = |ui: &mut egui::Ui, button: egui::Button<'_>, command: Command, new_run: bool, hint: &str| {
                let enabled = command.is_enabled(state) && (valid || !new_run);
                let why = if new_run && !valid {
                    "Mend the marked fields first"
                } else if state.busy() {
                    "A run is at work: there is one at a time"
                } else {
                    "Needs an open run of the workspace; the demo is read only"
                };
                if ui.add_enabled(enabled, button).on_hover_text(hint).on_disabled_hover_text(why).clicked() {
                    commands.push(command);
                }
            };
            add(ui, all, Command::RunAll, true, "A new run: collects, trains, analyzes and backtests");
            for (stage, new_run, hint) in [
                (Stage::Collect, true, "A new run that stops after the indicator lines"),
                (Stage::Train, true, "A new run that stops after the training"),
                (Stage::Analyze, false, "Analyzes the open run"),
                (Stage::Backtest, false, "Backtests the open run"),
            ] {
                let command = Command::RunStage(stage);
                add(ui, egui::Button::new(command.text()), command, new_run, hint);
            }
        });
        if let Some(words) = estimate::windows(state) {
            ui.add(egui::Label::new(number(words).color(theme::WEAK)).wrap());
        }
        ui.add(egui::Label::new(number(estimate::parameters(state)).color(theme::WEAK)).wrap());
        if state.config.data.file.trim().is_empty() {
            let words = if state.run().is_some() {
                "No file of bars is named: the next run uses those of the open run"
            } else {
                "No file of bars is named: choose one under Data"
            };
            ui.add(egui::Label::new(egui::RichText::new(words).color(theme::WARN)).wrap());
        }
    }

    fn form(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(known) = &self.known else { return };
        let mut edit = Edit {
            value: &known.value,
            base: &known.base,
            errors: &state.config_errors,
            drafts: &mut self.drafts,
            changed: None,
            browse: false,
        };
        for (section, title, fields) in SECTIONS {
            let bad = state.config_errors.iter().filter(|error| belongs(&error.field, section)).count();
            let heading = if bad > 0 { format!("{title}: {bad} to mend") } else { title.to_owned() };
            let color = if bad > 0 { theme::lighten(theme::DOWN) } else { theme::STRONG };
            let heading = egui::RichText::new(heading).color(color);
            egui::CollapsingHeader::new(heading).id_salt(section).default_open(true).show(ui, |ui| {
                for error in state.config_errors.iter().filter(|error| error.field == section) {
                    edit::problem(ui, &error.problem);
                }
                for field in fields {
                    edit.field(ui, section, field);
                }
            });
        }
        if edit.browse {
            commands.push(Command::AskData);
        }
        if let Some(config) = edit.changed.and_then(|value| serde_json::from_value::<RunConfig>(value).ok()) {
            commands.push(Command::EditConfig(Box::new(config)));
        }
    }
}

fn belongs(field: &str, section: &str) -> bool {
    field.split('.').next() == Some(section)
}

/// Fields that differ from the preset; the bars are no part of it.
fn differences(known: &Known) -> usize {
    SECTIONS
        .iter()
        .filter(|(section, ..)| *section != "data")
        .flat_map(|(section, _, fields)| fields.iter().map(move |field| (section, field.key)))
        .map(|(section, key)| format!("{section}.{key}"))
        .filter(|path| edit::lookup(&known.value, path) != edit::lookup(&known.base, path))
        .count()
}

impl Panel for ConfigPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        self.refresh(state);
        let count = self.known.as_ref().map_or(0, differences);
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            self.presets(ui, count, commands);
            Self::buttons(ui, state, commands);
            for error in state.config_errors.iter().filter(|e| SECTIONS.iter().all(|(s, ..)| !belongs(&e.field, s))) {
                edit::problem(ui, &error.to_string());
            }
            ui.add_space(4.0);
            self.form(ui, state, commands);
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let badge = match state.config_errors.len() {
            0 => None,
            1 => Some(("1 field to mend".to_owned(), false)),
            n => Some((format!("{n} fields to mend"), false)),
        };
        Header { text: format!("next run · {}", state.config.train.run_name), badge }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Edit a field: it is checked at once",
            "Drag a number sideways or click it to type",
            "was …: the preset's value; click it to go back",
            "Hover a name: what it means",
        ]
    }
}
