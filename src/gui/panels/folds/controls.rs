use eframe::egui;

use crate::config::{RunConfig, SplitMethod};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;

const METHODS: [(SplitMethod, &str, &str); 4] = [
    (SplitMethod::Chronological, "chronological", "Train, validation, calibration and test once, in time order"),
    (SplitMethod::Rolling, "rolling", "Walk-forward: a training slice of one length moves along"),
    (SplitMethod::Anchored, "anchored", "Walk-forward: the training slice grows from the first bar"),
    (SplitMethod::Combinatorial, "combinatorial", "Every choice of some blocks is tested once, the rest teaches"),
];

/// How bars are shared out; every edit is one of the next run's configuration.
pub(super) fn ui(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let now = &state.config.splits;
    let mut splits = now.clone();
    ui.horizontal_wrapped(|ui| {
        ui.label("Slices");
        let shown = METHODS.iter().find(|(method, ..)| *method == splits.method).map_or("", |(_, name, _)| name);
        let combo = egui::ComboBox::from_id_salt("method").width(120.0).selected_text(shown);
        let response = combo.show_ui(ui, |ui| {
            for (method, name, meaning) in METHODS {
                ui.selectable_value(&mut splits.method, method, name).on_hover_text(meaning);
            }
        });
        response.response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ComboBox, true, "Split method"));
        let mut count = |name: &str, value: &mut usize, range: std::ops::RangeInclusive<usize>| {
            let label = ui.label(name);
            ui.add(egui::DragValue::new(value).range(range).speed(0.1)).labelled_by(label.id);
        };
        match splits.method {
            SplitMethod::Chronological => {}
            SplitMethod::Rolling | SplitMethod::Anchored => count("Folds", &mut splits.folds, 1..=100),
            SplitMethod::Combinatorial => {
                count("Blocks", &mut splits.groups, 2..=16);
                let most = splits.groups - 1;
                count("Tested at once", &mut splits.test_groups, 1..=most);
            }
        }
        count("Embargo", &mut splits.embargo, 0..=10_000);
    });
    splits.test_groups = splits.test_groups.min(splits.groups.saturating_sub(1)).max(1);
    if splits != *now {
        let config = RunConfig { splits, ..state.config.clone() };
        commands.push(Command::EditConfig(Box::new(config)));
    }
}
