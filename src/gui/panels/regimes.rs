//! States of the market in the latent space: where the bars lie, what followed them, and how the states change.

mod scatter;
mod tables;

use std::sync::Arc;

use eframe::egui;
use serde::{Deserialize, Serialize};

use self::scatter::Points;
use super::{Header, Panel};
use crate::dataset::Slice;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{Cache, Zoom, part_missing, run_or_message};
use crate::runs::Stage;
use crate::tasks::RunView;

/// What the colour of a point says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Coloring {
    #[default]
    Regime,
    Return,
}

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct RegimesPanel {
    slice: Slice,
    coloring: Coloring,
    zoom: Zoom,
    #[serde(skip)]
    points: Cache<Slice, Points>,
}

impl Default for RegimesPanel {
    fn default() -> Self {
        Self { slice: Slice::Test, coloring: Coloring::default(), zoom: Zoom::default(), points: Cache::default() }
    }
}

/// Panels wider than this show plot and tables side by side.
const SIDE_BY_SIDE: f32 = 880.0;

impl Panel for RegimesPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let Some(view) = state.view.ready() else { return };
        let Some(regimes) = &run.regimes else {
            return part_missing(ui, state, run, Stage::Analyze, "regimes.json", commands);
        };
        let room = ui.available_size();
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            if room.x >= SIDE_BY_SIDE {
                ui.horizontal_top(|ui| {
                    let left = (0.5 * room.x).min(room.y * 1.5).max(360.0);
                    let layout = egui::Layout::top_down(egui::Align::Min);
                    ui.allocate_ui_with_layout(egui::vec2(left, room.y), layout, |ui| {
                        self.choices(ui);
                        let height = ui.available_height() - 8.0;
                        self.scatter(ui, view, height, state, commands);
                    });
                    ui.vertical(|ui| tables::ui(ui, run, regimes, state, commands));
                });
            } else {
                self.choices(ui);
                self.scatter(ui, view, (0.66 * room.y).max(150.0), state, commands);
                tables::ui(ui, run, regimes, state, commands);
            }
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(regimes) = state.run().and_then(|run| run.regimes.as_ref()) else { return Header::default() };
        let share = |i: usize| 100.0 * regimes.explained.get(i).copied().unwrap_or(0.0);
        Header {
            text: format!("PCA {:.0} % + {:.0} % of the variance", share(0), share(1)),
            badge: Some(slice_badge(self.slice)),
        }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Click a regime in legend or table: filters trades, equity, calibration and this map; click again to free it",
            "Hover a point: its bar shows in the other panels; click it to select the bar",
            "Ctrl+click a point: filters its regime",
            "Drag moves, Ctrl+scroll zooms, double click shows all",
            "A cross marks an outlier: a bar unlike all the training bars",
        ]
    }
}

/// Words for a slice and whether its figures are out of sample.
fn slice_badge(slice: Slice) -> (String, bool) {
    match slice {
        Slice::Test => ("test · out of sample".to_owned(), true),
        other => (format!("{other} · in sample"), false),
    }
}

impl RegimesPanel {
    fn choices(&mut self, ui: &mut egui::Ui) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            for slice in Slice::ALL.into_iter().rev() {
                let chosen = self.slice == slice;
                let text = egui::RichText::new(slice.to_string()).size(11.5);
                let text = if chosen { text.color(theme::lighten(theme::slice(slice))) } else { text };
                let response = ui.selectable_label(chosen, text);
                let why = if slice == Slice::Test { "Bars that judge" } else { "In sample: bars that taught or tuned" };
                if response.on_hover_text(why).clicked() {
                    self.slice = slice;
                    self.zoom = Zoom::default();
                }
            }
            ui.separator();
            for (coloring, text, why) in [
                (Coloring::Regime, "by regime", "Colour: most probable regime"),
                (Coloring::Return, "by return", "Colour: forward return over the label's horizon"),
            ] {
                let text = egui::RichText::new(text).size(11.5);
                if ui.selectable_label(self.coloring == coloring, text).on_hover_text(why).clicked() {
                    self.coloring = coloring;
                }
            }
        });
    }

    fn scatter(
        &mut self,
        ui: &mut egui::Ui,
        view: &Arc<RunView>,
        height: f32,
        state: &AppState,
        commands: &mut Commands,
    ) {
        let points = self.points.get(view, self.slice, |run, slice| Points::new(run, *slice));
        if points.is_empty() {
            ui.add_space(8.0);
            ui.weak(format!("No bar of the {} slice has a forecast", self.slice));
            return;
        }
        points.ui(ui, view, self.coloring, &mut self.zoom, height, state, commands);
    }
}

/// Pushes what a click on a regime's row asks for, and previews it under the pointer.
fn regime_gestures(response: &egui::Response, regime: usize, commands: &mut Commands) {
    if response.hovered() {
        commands.hover.regime = Some(regime);
    }
    if response.clicked() {
        commands.push(Command::ToggleRegime(regime));
    }
}
