mod bench;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, JobKind, JobState};
use crate::gui::theme;
use crate::gui::widgets::{badge, number};

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct HealthPanel {
    #[serde(skip)]
    speeds_shown: bool,
}

const DISCLAIMERS: [&str; 3] = [
    "Glassbox is for research and education. It is no advice, and trading risks the loss of your money.",
    "Backtests are simulations: fills, costs and slippage are assumed, and the past does not repeat itself.",
    "This version trades on paper only: it places no orders and reads no live streams.",
];

fn row(ui: &mut egui::Ui, name: &str, found: &str, ok: Option<bool>) {
    match ok {
        Some(true) => badge(ui, "ok", theme::UP),
        Some(false) => badge(ui, "problem", theme::DOWN),
        None => badge(ui, "info", theme::ACCENT),
    };
    ui.label(name);
    ui.add(egui::Label::new(number(found)).wrap());
    ui.end_row();
}

impl Panel for HealthPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let checking = state.jobs.iter().any(|job| job.kind == JobKind::Doctor && job.state == JobState::Running);
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            ui.horizontal_wrapped(|ui| {
                let check = egui::Button::new(Command::CheckHealth.text());
                if ui.add_enabled(!checking, check).clicked() {
                    commands.push(Command::CheckHealth);
                }
                let words = if checking {
                    "Looking at workspace, device, threads and runs".to_owned()
                } else if state.health.is_empty() {
                    "Nothing was checked yet".to_owned()
                } else {
                    match state.health.iter().filter(|check| !check.ok).count() {
                        0 => format!("All {} checks are fine", state.health.len()),
                        bad => format!("{bad} of {} checks found a problem", state.health.len()),
                    }
                };
                ui.label(egui::RichText::new(words).color(theme::WEAK));
            });
            ui.add_space(4.0);
            egui::Grid::new("checks").num_columns(3).min_row_height(22.0).spacing([8.0, 0.0]).show(ui, |ui| {
                row(ui, "program", concat!("Glassbox ", env!("CARGO_PKG_VERSION")), None);
                row(ui, "computes on", &format!("{}, {} threads", state.device, state.threads), None);
                row(ui, "runs and captures in", &state.workspace.display().to_string(), None);
                for check in &state.health {
                    row(ui, &check.name, &check.found, Some(check.ok));
                }
            });
            ui.add_space(8.0);
            bench::ui(ui, state, &mut self.speeds_shown, commands);
            ui.add_space(8.0);
            for sentence in DISCLAIMERS {
                ui.add(egui::Label::new(egui::RichText::new(sentence).color(theme::WEAK)).wrap());
            }
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let bad = state.health.iter().filter(|check| !check.ok).count();
        let badge = match (state.health.len(), bad) {
            (0, _) => None,
            (_, 0) => Some(("all fine".to_owned(), true)),
            (_, 1) => Some(("1 problem".to_owned(), false)),
            (_, bad) => Some((format!("{bad} problems"), false)),
        };
        Header { text: String::new(), badge }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Check health: looks at workspace, device, threads, indicators and runs again",
            "Measure the network's speed: training steps and single forecasts of the open run's network on CPU and GPU",
        ]
    }
}
