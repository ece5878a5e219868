use eframe::egui;

use crate::config::{LabelBase, LabelMode, LabelsConfig};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

const MODES: [(LabelMode, &str, &str); 4] = [
    (LabelMode::Volatility, "volatility", "Entry and exit beyond a share of the move that volatility lets expect"),
    (LabelMode::TripleBarrier, "triple barrier", "Which of two barriers the price touches first"),
    (LabelMode::Fixed, "fixed", "Entry above +1 %, exit below -0.5 %"),
    (LabelMode::Context, "context", "Take-profit and stop-loss by how the path ahead runs"),
];

fn name(mode: LabelMode) -> &'static str {
    MODES.iter().find(|(known, ..)| *known == mode).map_or("", |(_, name, _)| name)
}

/// How labels are drawn; every edit is one of the next run's configuration.
pub(super) fn ui(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let now = &state.config.labels;
    let mut labels = now.clone();
    ui.horizontal_wrapped(|ui| {
        ui.label("Labels");
        list(ui, "Label mode", name(labels.mode), |ui| {
            for (mode, name, meaning) in MODES {
                ui.selectable_value(&mut labels.mode, mode, name).on_hover_text(meaning);
            }
        });
        ui.label("from");
        let base = |base| match base {
            LabelBase::NextOpen => "next open",
            LabelBase::Close => "close",
        };
        list(ui, "Start of the return", base(labels.base), |ui| {
            ui.selectable_value(&mut labels.base, LabelBase::NextOpen, "next open")
                .on_hover_text("What a fill at the next open earns");
            ui.selectable_value(&mut labels.base, LabelBase::Close, "close").on_hover_text("From the bar's own close");
        });
        let label = ui.label("Bars ahead");
        ui.add(egui::DragValue::new(&mut labels.prediction_horizon).range(1..=500).speed(0.1)).labelled_by(label.id);
        for (text, value) in thresholds(&mut labels) {
            let label = ui.label(text);
            let drag = egui::DragValue::new(value).range(0.0..=10.0).speed(0.01).max_decimals(3);
            ui.add(drag).labelled_by(label.id);
        }
        let mut on = state.dataset.on_chart;
        if ui.checkbox(&mut on, "On the chart").clicked() {
            commands.push(Command::LabelsOnChart(on));
        }
    });
    if labels != *now {
        edit(state, labels, commands);
    }
}

fn list(ui: &mut egui::Ui, name: &str, shown: &str, choices: impl FnOnce(&mut egui::Ui)) {
    let combo = egui::ComboBox::from_id_salt(name).width(104.0).selected_text(shown);
    let response = combo.show_ui(ui, choices).response;
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, name));
}

/// The thresholds of the mode, in units of the expected move.
fn thresholds(labels: &mut LabelsConfig) -> Vec<(&'static str, &mut f64)> {
    match labels.mode {
        LabelMode::Volatility => vec![("Entry beyond", &mut labels.entry_k), ("Exit beyond", &mut labels.exit_k)],
        LabelMode::TripleBarrier => vec![("Barriers at", &mut labels.barrier_width)],
        LabelMode::Fixed | LabelMode::Context => Vec::new(),
    }
}

pub(super) fn edit(state: &AppState, labels: LabelsConfig, commands: &mut Commands) {
    let config = crate::config::RunConfig { labels, ..state.config.clone() };
    commands.push(Command::EditConfig(Box::new(config)));
}
