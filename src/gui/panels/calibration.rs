//! Are the probabilities true, and are they worth anything? Both follow the regime filter.

mod decision;
mod reliability;

use std::collections::BTreeSet;
use std::sync::Arc;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::Commands;
use crate::gui::state::{AppState, Loadable};
use crate::gui::widgets::{message, part_missing, run_or_message};
use crate::runs::Stage;
use crate::tasks::RunView;

/// Which half is in front when there is no room for both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Tab {
    #[default]
    Reliability,
    Decision,
}

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CalibrationPanel {
    tab: Tab,
    raw: bool,
    unit: bool,
}

/// Panels wider than this show both halves.
const SIDE_BY_SIDE: f32 = 800.0;

impl Panel for CalibrationPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let Some(view) = state.view.ready().map(Arc::clone) else { return };
        let calibration = &run.calibration;
        if calibration.calibrated.is_none() && calibration.problem.is_none() && run.decision.is_none() {
            return part_missing(ui, state, run, Stage::Analyze, "calibration.json", commands);
        }
        let room = ui.available_size();
        if room.x >= SIDE_BY_SIDE {
            ui.horizontal_top(|ui| {
                let half = egui::vec2(0.5 * room.x - 8.0, room.y);
                for tab in [Tab::Reliability, Tab::Decision] {
                    ui.allocate_ui_with_layout(half, egui::Layout::top_down(egui::Align::Min), |ui| {
                        ui.set_width(half.x);
                        self.half(ui, tab, &view, state, commands);
                    });
                }
            });
        } else {
            ui.horizontal(|ui| {
                for (tab, text) in [(Tab::Reliability, "Reliability"), (Tab::Decision, "Decision boundary")] {
                    if ui.selectable_label(self.tab == tab, egui::RichText::new(text).size(11.5)).clicked() {
                        self.tab = tab;
                    }
                }
            });
            self.half(ui, self.tab, &view, state, commands);
        }
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(run) = state.run() else { return Header::default() };
        let text = match &run.calibration.calibrated {
            Some(report) if state.selection.regimes.is_empty() => {
                format!("ECE {:.3} · chance {:.3}", report.ece, report.ece_null95)
            }
            Some(_) => filter_words(&state.selection.regimes),
            None => String::new(),
        };
        let badge = run.decision.is_some().then(|| ("test · out of sample".to_owned(), true));
        Header { text, badge }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Reliability: how often an entry was right at each stated probability; on the dashed line it is as often as stated",
            "The band holds all points of a calibrated forecaster in 95 of 100 cases",
            "Decision boundary: what followed bars of low and high probability",
            "Hover a point: its figures. A regime filter recomputes everything from the filtered test bars",
        ]
    }
}

/// `regimes 0, 2 only`.
fn filter_words(regimes: &BTreeSet<usize>) -> String {
    let names: Vec<String> = regimes.iter().map(ToString::to_string).collect();
    format!("{} {} only", if names.len() == 1 { "regime" } else { "regimes" }, names.join(", "))
}

impl CalibrationPanel {
    fn half(&mut self, ui: &mut egui::Ui, tab: Tab, view: &Arc<RunView>, state: &AppState, commands: &mut Commands) {
        let regimes = &state.selection.regimes;
        let filtered = state.filtered().and_then(|found| found.calibration.as_ref());
        if filtered.is_none() && !regimes.is_empty() {
            let text = match &state.filtered {
                Loadable::Failed(problem) => format!("The filter failed: {problem}"),
                _ => format!("Calibrating {}", filter_words(regimes)),
            };
            return message(ui, &text, None, commands);
        }
        let room = ui.available_size();
        let (raw, unit) = (&mut self.raw, &mut self.unit);
        egui::ScrollArea::vertical().id_salt(tab == Tab::Decision).auto_shrink(false).show(ui, |ui| {
            ui.set_max_width(room.x);
            if let Some(filtered) = filtered {
                let words = filter_words(regimes);
                if filtered.n == 0 {
                    ui.add_space(8.0);
                    ui.weak(format!("No labelled test bar has a forecast in {words}"));
                    return;
                }
            }
            match tab {
                Tab::Reliability => reliability::ui(ui, view, filtered, raw, unit, room, state, commands),
                Tab::Decision => decision::ui(ui, view, filtered, room, state, commands),
            }
        });
    }
}
