mod balance;
mod controls;
mod histogram;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::Commands;
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{Head, Look, PLOT_MIN, Rows, message, percent, run_or_message, short_time, thousands};
use crate::tasks::{LabelsView, RunView};

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct LabelsPanel {
    #[serde(skip)]
    dragged: Option<histogram::Threshold>,
}

impl Panel for LabelsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            controls::ui(ui, state, commands);
            for error in state.config_errors.iter().filter(|error| error.field.starts_with("labels")) {
                ui.label(egui::RichText::new(error.to_string()).color(theme::lighten(theme::DOWN)));
            }
            let view = match &state.dataset.labels {
                Loadable::Ready(view) => view,
                Loadable::Empty | Loadable::Loading(_) => {
                    message(ui, "Drawing labels", None, commands);
                    return;
                }
                Loadable::Failed(why) => {
                    message(ui, &format!("No labels: {why}"), None, commands);
                    return;
                }
            };
            counts(ui, view);
            at_cursor(ui, state, run, view);
            let room = egui::vec2(ui.available_width() - 8.0, ui.available_height());
            let height = (0.5 * (room.y - 110.0)).clamp(PLOT_MIN, 240.0);
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing.x = 8.0;
                let wide = room.x > 620.0;
                let width = if wide { 0.5 * room.x - 4.0 } else { room.x };
                let tall = if wide { (room.y - 108.0).clamp(132.0, 320.0) } else { height };
                ui.vertical(|ui| {
                    histogram::ui(ui, view, egui::vec2(width, tall), &mut self.dragged, state, commands);
                    if !wide {
                        balance::ui(ui, run, view, egui::vec2(width, tall), state, commands);
                    }
                });
                if wide {
                    balance::ui(ui, run, view, egui::vec2(width, tall), state, commands);
                }
            });
            by_slice(ui, view);
        });
    }

    fn header(&self, state: &AppState) -> Header {
        state.dataset.labels.ready().map_or_else(Header::default, |view| {
            Header::text(format!("next run · {} bars ahead", view.request.labels.prediction_horizon))
        })
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Labels of the next run, drawn on the bars of the open one",
            "Drag a threshold in the histogram: counts and chart follow",
            "Point at the time axis: class shares of that stretch; click: goes there on the chart",
            "On the chart: marks under the candles, and the selected bar's horizon with its thresholds",
        ]
    }
}

/// How many bars fall into each class.
fn counts(ui: &mut egui::Ui, view: &LabelsView) {
    let labelled = (view.labels.entry.len() - view.unlabelled).max(1) as f64;
    let share = |n: usize| format!("{} · {}", thousands(n), percent(n as f64 / labelled, 1));
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        for (name, text, color) in [
            ("entry", share(view.entries), theme::UP),
            ("exit", share(view.exits), theme::DOWN),
            ("neither", share(view.neither), theme::WEAK),
            ("no label", thousands(view.unlabelled), theme::WEAK),
        ] {
            let text = egui::RichText::new(format!("{name} {text}")).monospace().color(theme::lighten(color));
            ui.label(text);
        }
        let worth = format!("worth {} independent labels", thousands(view.n_eff.round() as usize));
        let hint = "Labels that overlap tell the same story: their summed average uniqueness";
        ui.label(egui::RichText::new(worth).color(theme::WEAK)).on_hover_text(hint);
    });
}

/// The label of the bar pointed at or selected.
fn at_cursor(ui: &mut egui::Ui, state: &AppState, run: &RunView, view: &LabelsView) {
    let labels = &view.labels;
    let Some(bar) = state.cursor().filter(|&bar| bar < labels.entry.len()) else { return };
    let time = short_time(run.collected.series.bars()[bar].timestamp, run.collected.series.timeframe.millis());
    let r = labels.forward_return[bar];
    let words = match (labels.entry[bar], labels.exit[bar]) {
        _ if bar >= labels.labelled_until() => "its horizon is not over yet: no label".to_owned(),
        (entry, exit) if entry.is_nan() || exit.is_nan() => "no volatility yet: no label".to_owned(),
        (entry, exit) => {
            let class = match (entry == 1.0, exit == 1.0) {
                (true, true) => "entry and exit",
                (true, false) => "entry",
                (false, true) => "exit",
                (false, false) => "neither",
            };
            let moves =
                labels.expected_move(bar).map_or_else(String::new, |m| format!(", {:+.2} expected moves", r / m));
            format!("{:+.2} % over {} bars{moves}: {class}", 100.0 * r, labels.horizon)
        }
    };
    ui.add(egui::Label::new(egui::RichText::new(format!("{time}  {words}")).monospace().color(theme::TEXT)).truncate());
}

fn by_slice(ui: &mut egui::Ui, view: &LabelsView) {
    if view.slices.is_empty() {
        return;
    }
    let heads = [
        Head { title: "slice of the open run", width: 150.0, meaning: "" },
        Head { title: "labelled", width: 70.0, meaning: "Bars with a label" },
        Head { title: "entries", width: 70.0, meaning: "Share of entries: the base rate a forecast must beat" },
        Head { title: "exits", width: 70.0, meaning: "Share of exits" },
    ];
    let rows = Rows::new(ui, &heads);
    for (slice, rate) in &view.slices {
        let color = theme::lighten(theme::slice(*slice));
        let cells = [
            (format!("{}  {slice}", slice.letter()), color),
            (thousands(rate.n), theme::TEXT),
            (percent(rate.entry, 1), theme::TEXT),
            (percent(rate.exit, 1), theme::TEXT),
        ];
        rows.row(ui, &cells, Look::default(), false);
    }
}
