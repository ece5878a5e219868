mod controls;
mod rows;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::config::SplitMethod;
use crate::dataset::{Fold, Slice};
use crate::gui::command::Commands;
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{Head, Look, Rows, Zoom, message, run_or_message, thousands};
use crate::tasks::FoldsView;

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct FoldsPanel {
    zoom: Zoom,
}

impl Panel for FoldsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            controls::ui(ui, state, commands);
            for error in state.config_errors.iter().filter(|error| error.field.starts_with("splits")) {
                ui.label(egui::RichText::new(error.to_string()).color(theme::lighten(theme::DOWN)));
            }
            let view = match &state.dataset.folds {
                Loadable::Ready(view) => view,
                Loadable::Empty | Loadable::Loading(_) => {
                    message(ui, "Cutting slices", None, commands);
                    return;
                }
                Loadable::Failed(why) => {
                    message(ui, why, None, commands);
                    return;
                }
            };
            rows::ui(ui, run, view, &mut self.zoom, state, commands);
            ui.add(egui::Label::new(egui::RichText::new(sentence(view)).color(theme::WEAK)).wrap());
            table(ui, view);
        });
    }

    fn header(&self, state: &AppState) -> Header {
        state.dataset.folds.ready().map_or_else(Header::default, |view| {
            let folds = view.folds.len();
            Header::text(format!("next run · {folds} fold{}", if folds == 1 { "" } else { "s" }))
        })
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Slices of the next run, cut from the bars of the open one",
            "Point at a bar: its slice, or why it is left out",
            "Click: goes there on the chart",
            "Ctrl and scroll: zooms; drag: pans; double click: all bars again",
        ]
    }
}

fn sentence(view: &FoldsView) -> String {
    let h = view.folds.first().map_or(0, |fold| fold.horizon);
    let gap = view.folds.first().map_or(0, |fold| fold.embargo);
    let purge = format!(
        "A bar whose label of {h} bars reaches into another slice is purged{}; every fold fits its own scaler on its \
         training rows",
        if gap > 0 { format!(", and {gap} more are left out as embargo") } else { String::new() }
    );
    match view.method {
        SplitMethod::Combinatorial => format!(
            "{purge}; training after a test block begins when no window and no warm-up reaches back into it. The folds \
             give {} backtest paths, each of which tests every bar once",
            view.paths.len()
        ),
        _ => purge,
    }
}

fn table(ui: &mut egui::Ui, view: &FoldsView) {
    let heads = [
        Head { title: "fold", width: 80.0, meaning: "" },
        Head { title: "train", width: 70.0, meaning: "Bars that teach" },
        Head { title: "validation", width: 70.0, meaning: "Bars that stop the training" },
        Head { title: "calibration", width: 76.0, meaning: "Bars that calibrate probabilities and sizes" },
        Head { title: "test", width: 70.0, meaning: "Bars that judge" },
        Head {
            title: "purged",
            width: 64.0,
            meaning: "Bars left out so that no label and no window meets another slice",
        },
    ];
    let rows = Rows::new(ui, &heads);
    for (i, fold) in view.folds.iter().enumerate() {
        let mut cells = vec![(name(fold, i), theme::TEXT)];
        for slice in Slice::ALL {
            cells.push((thousands(fold.bars(slice).count()), theme::lighten(theme::slice(slice))));
        }
        let out = fold.left_out.iter().filter(|(_, reason)| rows::is_boundary(*reason));
        cells.push((thousands(out.map(|(range, _)| range.len()).sum()), theme::WEAK));
        rows.row(ui, &cells, Look::default(), false);
    }
}

fn name(fold: &Fold, i: usize) -> String {
    match fold.test_groups.as_slice() {
        [] => format!("{}", i + 1),
        groups => {
            let blocks: Vec<String> = groups.iter().map(|group| (group + 1).to_string()).collect();
            format!("{} · tests {}", i + 1, blocks.join(", "))
        }
    }
}
