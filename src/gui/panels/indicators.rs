//! Every indicator: found by its words, described, tuned, and put on the chart.

mod card;
mod list;
mod table;

pub(super) use card::about_run;
use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::message;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct IndicatorsPanel {
    list: list::List,
}

impl Panel for IndicatorsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let whole = ui.available_size();
        let left = (0.36 * whole.x).clamp(150.0, 320.0);
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let height = ui.available_height();
            ui.allocate_ui(egui::vec2(left, height), |ui| {
                ui.spacing_mut().item_spacing.x = 6.0;
                ui.vertical(|ui| {
                    ui.set_width(left);
                    self.list.ui(ui, state, commands);
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
                    right(ui, state, commands);
                });
            });
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let indicators = &state.indicators;
        let lines: usize = indicators.known.iter().map(|instance| instance.definition().lines.len()).sum();
        Header::text(format!(
            "{} indicators · {lines} lines · {} on the chart",
            indicators.known.len(),
            indicators.on_chart.len()
        ))
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Type: finds ids, titles, names of lines and their meanings",
            "Up and down arrow: next and previous indicator of the list",
            "Add: puts a line on the chart, prices over the candles, all else below them",
            "Edit a parameter: computes the lines anew and shows the first output on the chart",
            "Lines: also lists the lines of every indicator",
        ]
    }
}

fn right(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let Some(chosen) = &state.indicators.chosen else {
        let text = if state.indicators.known.is_empty() {
            "There is no indicator"
        } else {
            "Choose an indicator to see its formula, parameters and lines"
        };
        ui.scope(|ui| {
            card::about_run(ui, state, commands);
            let first = state.indicators.known.first();
            let first = first.map(|instance| Command::ChooseIndicator(instance.definition().id.to_owned()));
            message(ui, text, first.as_ref(), commands);
        });
        return;
    };
    egui::ScrollArea::vertical().id_salt("card").auto_shrink(false).show(ui, |ui| {
        card::card(ui, state, chosen, commands);
        table::table(ui, state, chosen, commands);
    });
}
