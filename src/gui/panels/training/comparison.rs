use eframe::egui;
use serde_json::Value;

use super::figures::{Foreign, compare_color};
use super::swatch;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{figure, number};
use crate::tasks::{ComparedRun, Comparison, RunGroup, Spread};

/// Runs the picker lists at most.
const LISTED: usize = 200;
/// Columns of differing settings at most; the others stand in a tooltip.
const SETTINGS: usize = 6;

/// The comparison of the ticked runs, made anew when these change.
#[derive(Debug, Default)]
pub(in crate::gui::panels) struct Compared {
    key: Vec<(String, usize)>,
    made: Comparison,
}

impl Compared {
    pub(in crate::gui::panels) fn get(&mut self, state: &AppState) -> &Comparison {
        let manifest = |id: &str| state.runs.iter().find(|run| run.manifest.id == id).map(|run| &run.manifest);
        let known = || state.compared.iter().filter_map(|(id, curves)| Some((manifest(id)?, curves)));
        let key: Vec<_> = known().map(|(manifest, curves)| (manifest.id.clone(), curves.epochs.len())).collect();
        if key != self.key {
            self.made = Comparison::new(known());
            self.key = key;
        }
        &self.made
    }
}

/// Colour of a compared run; its whole group shares it.
pub(in crate::gui::panels) fn run_color(comparison: &Comparison, id: &str) -> Option<egui::Color32> {
    comparison.runs.iter().find(|run| run.run == id).map(|run| compare_color(run.group))
}

/// Lines of the compared runs beside the shown one `own`, one per group.
pub(super) fn foreign<'a>(state: &'a AppState, comparison: &Comparison, own: &str) -> Vec<Foreign<'a>> {
    let shown = |group: &&RunGroup| group.runs.len() > 1 || group.runs[0] != own;
    let line = |group: &RunGroup| Foreign {
        name: short_name(group),
        color: compare_color(group.group),
        runs: group.runs.iter().filter_map(|id| state.compared.get(id)).collect(),
    };
    comparison.groups.iter().filter(shown).map(line).collect()
}

fn short_name(group: &RunGroup) -> String {
    match &group.runs[..] {
        [run] => run.clone(),
        [first, ..] => format!("mean of {} like {first}", group.runs.len()),
        [] => String::new(),
    }
}

fn legend_name(group: &RunGroup) -> String {
    match &group.runs[..] {
        [run] => run.clone(),
        runs => {
            let seeds: Vec<String> = group.seeds.iter().map(u64::to_string).collect();
            let (n, first, seeds) = (runs.len(), &runs[0], seeds.join(", "));
            format!("mean of n = {n} like {first} (seeds {seeds}), band from least to largest")
        }
    }
}

/// What the lines of other runs are.
pub(super) fn legend(ui: &mut egui::Ui, comparison: &Comparison, own: &str) {
    let shown: Vec<&RunGroup> =
        comparison.groups.iter().filter(|group| group.runs.len() > 1 || group.runs[0] != own).collect();
    if shown.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        ui.label(egui::RichText::new("compared with (validation)").color(theme::WEAK));
        for group in shown {
            swatch(ui, &legend_name(group), compare_color(group.group));
        }
    });
}

/// A button that opens the list of runs to tick.
pub(super) fn picker(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let config =
        egui::containers::menu::MenuConfig::new().close_behavior(egui::PopupCloseBehavior::CloseOnClickOutside);
    let words = match state.compared.len() {
        0 => "Compare…".to_owned(),
        n => format!("Compare… ({n})"),
    };
    let (response, _) = egui::containers::menu::MenuButton::new(words).config(config).ui(ui, |ui| {
        // A menu draws no frames, without which a box to tick cannot be seen.
        ui.reset_style();
        ui.set_min_width(260.0);
        if state.runs.is_empty() {
            ui.label(egui::RichText::new("The workspace has no runs yet").color(theme::WEAK));
            return;
        }
        // Always there, so that the first tick moves no row away from the pointer.
        if ui.add_enabled(!state.compared.is_empty(), egui::Button::new("Compare with none")).clicked() {
            for id in state.compared.keys() {
                commands.push(Command::ToggleCompare(id.clone()));
            }
        }
        egui::ScrollArea::vertical().max_height(280.0).show(ui, |ui| {
            for run in state.runs.iter().take(LISTED) {
                let id = &run.manifest.id;
                let mut ticked = state.compared.contains_key(id);
                let best = state.run_scores.get(id).and_then(|known| known.best);
                let score = best.map_or_else(|| "no epoch yet".to_owned(), |(_, score)| figure(score));
                let seed = run.manifest.config.train.seed;
                if ui.checkbox(&mut ticked, format!("{id}  · score {score} · seed {seed}")).clicked() {
                    commands.push(Command::ToggleCompare(id.clone()));
                }
            }
            if state.runs.len() > LISTED {
                ui.label(egui::RichText::new("Older ones: in the Runs panel").color(theme::WEAK));
            }
        });
    });
    response.on_hover_text(
        "Adds the validation curves of other runs; runs that differ in the seed become one mean with a band",
    );
}

/// Best epochs and what differs between the settings; a row per run, and one per group of several.
pub(super) fn table(ui: &mut egui::Ui, comparison: &Comparison) {
    if comparison.runs.len() < 2 {
        return;
    }
    let settings = &comparison.differing[..comparison.differing.len().min(SETTINGS)];
    let rest = &comparison.differing[settings.len()..];
    let weak = |ui: &mut egui::Ui, text: &str| ui.label(egui::RichText::new(text).color(theme::WEAK).size(11.5));
    egui::ScrollArea::horizontal().id_salt("comparison").auto_shrink([false, true]).show(ui, |ui| {
        egui::Grid::new("compared").min_row_height(18.0).spacing([14.0, 0.0]).show(ui, |ui| {
            for name in ["compared run", "epochs", "best epoch", "score", "entry AUC", "return IC"] {
                weak(ui, name);
            }
            for name in settings {
                weak(ui, name);
            }
            if !rest.is_empty() {
                let names = rest.join("\n");
                weak(ui, &format!("and {} more settings", rest.len())).on_hover_text(names);
            }
            ui.end_row();
            for group in &comparison.groups {
                for run in comparison.runs.iter().filter(|run| run.group == group.group) {
                    row(ui, run, settings);
                }
                if group.runs.len() > 1 {
                    mean_row(ui, group);
                }
            }
        });
    });
}

fn row(ui: &mut egui::Ui, run: &ComparedRun, settings: &[String]) {
    let count = |n: Option<usize>| n.map_or_else(|| "–".to_owned(), |n| n.to_string());
    let value = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), figure);
    ui.label(egui::RichText::new(&run.run).color(compare_color(run.group)));
    for text in
        [count(Some(run.epochs)), count(run.best_epoch), value(run.score), value(run.entry_auc), value(run.return_ic)]
    {
        ui.label(number(text));
    }
    for name in settings {
        ui.label(number(setting(run.differs.get(name))));
    }
    ui.end_row();
}

fn mean_row(ui: &mut egui::Ui, group: &RunGroup) {
    let color = compare_color(group.group);
    ui.label(egui::RichText::new(format!("mean of n = {} ± std", group.runs.len())).color(color).italics());
    ui.label("");
    ui.label("");
    for spread in [group.score, group.entry_auc, group.return_ic] {
        ui.label(number(spread.map_or_else(|| "–".to_owned(), spread_words)).color(theme::STRONG));
    }
    ui.end_row();
}

fn spread_words(spread: Spread) -> String {
    match spread.std {
        Some(std) => format!("{} ± {}", figure(spread.mean), figure(std)),
        None => figure(spread.mean),
    }
}

/// A setting's value as a configuration file has it.
fn setting(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "–".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "\"\"".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(value) => {
            let text = value.to_string();
            if text.chars().count() > 40 { text.chars().take(39).chain(['…']).collect() } else { text }
        }
    }
}
