//! Why the network decided as it did at the selected bar, or why it did not.

mod card;
mod parts;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::attention::stamp;
use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{badge, explained, run_or_message, section, slice_badge, slice_words};
use crate::tasks::RunView;
use card::Card;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct WhyPanel {
    #[serde(skip)]
    card: Card,
}

impl Panel for WhyPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let Some(why) = explained(ui, state, run, commands) else { return };
        self.card.set(why, run, &state.selection);
        let card = &self.card;
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            // Room for the scroll bar.
            ui.set_max_width((ui.available_width() - 6.0).min(560.0));
            ui.spacing_mut().item_spacing.y = 0.0;
            title(ui, card, commands);
            if let Some(problem) = &card.problem {
                ui.add_space(8.0);
                ui.label(egui::RichText::new(problem).color(theme::WARN));
            }
            for item in &card.forecast {
                parts::item(ui, item);
            }
            if !card.regimes.is_empty() {
                section(ui, "Regime, filtered up to this bar", None);
                parts::regimes(ui, &card.regimes, state, commands);
            }
            if !card.gates.is_empty() {
                let passed = card.gates.iter().filter(|gate| gate.passed).count();
                let text = format!("{passed} of {} passed", card.gates.len());
                section(ui, "Gates", Some((&text, passed == card.gates.len())));
                card.gates.iter().for_each(|gate| parts::gate(ui, gate));
            }
            evidence(ui, card, state, run, commands);
            section(ui, "Baseline's opinion", None);
            for item in &card.baseline {
                parts::item(ui, item);
            }
            later(ui, card);
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(why) = state.explanation() else { return Header::default() };
        let decision = if why.prediction.is_some() { why.decision } else { "no prediction" };
        Header { text: decision.to_owned(), badge: Some(slice_words(&why.slice)) }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Click any bar or trade on the chart: why, or why not",
            "Click a feature: pins it; hover shows its line on the chart",
            "Click a bar it looked at: makes it the selected bar",
            "Click a regime: filters by it",
            "What came of it was not known when the network decided",
        ]
    }
}

fn title(ui: &mut egui::Ui, card: &Card, commands: &mut Commands) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 4.0);
        let enters = card.decision.starts_with("enter");
        badge(ui, &card.decision, if enters { theme::ACCENT } else { theme::WEAK });
        slice_badge(ui, &card.slice);
        if ui.small_button("Copy").on_hover_text("Copies this card as text").clicked() {
            commands.push(Command::Copy(card.to_string()));
        }
    });
    ui.add_space(4.0);
    ui.label(egui::RichText::new(&card.when).font(theme::small()).color(theme::WEAK));
    ui.add_space(4.0);
}

/// Features that pushed and bars it looked at.
fn evidence(ui: &mut egui::Ui, card: &Card, state: &AppState, run: &RunView, commands: &mut Commands) {
    if !card.pushed.is_empty() {
        let trust = run.importance.first().map(|importance| (importance.badge.as_str(), importance.badge == "trusted"));
        section(ui, "Features that pushed the entry logit", trust);
        for pushed in &card.pushed {
            parts::pushed(ui, pushed, card.pushed[0].value.abs(), state, commands);
        }
    }
    if !card.looked.is_empty() {
        let (words, good) = stamp(run.attention.as_ref());
        let word = words.split(':').next().unwrap_or_default();
        section(ui, "Bars it looked at", Some((word, good)));
        ui.label(egui::RichText::new(&card.looked_how).font(theme::small()).color(theme::WEAK));
        parts::looked_header(ui);
        for looked in &card.looked {
            parts::looked(ui, looked, state, commands);
        }
    }
}

fn later(ui: &mut egui::Ui, card: &Card) {
    ui.add_space(8.0);
    egui::Frame::new()
        .fill(theme::BACKGROUND)
        .stroke(egui::Stroke::new(1.0, theme::LINE))
        .corner_radius(4)
        .inner_margin(egui::Margin::symmetric(8, 0))
        .show(ui, |ui| {
            section(ui, "What came of it", Some(("known only later", false)));
            for item in &card.later {
                parts::item(ui, item);
            }
            ui.add_space(4.0);
        });
    ui.add_space(8.0);
}
