use eframe::egui;

use crate::gui::command::{Command, Commands, Teach};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::figure;
use crate::jobs::Order;

/// What was typed and not asked for yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    rate: Option<f64>,
    patience: Option<usize>,
}

/// Buttons and fields that act on the training at work, at its next step.
pub(super) fn ui(ui: &mut egui::Ui, state: &AppState, draft: &mut Draft, commands: &mut Commands) {
    ui.horizontal_wrapped(|ui| {
        let mut button = |ui: &mut egui::Ui, text: &str, hint: &str, teach: Teach| {
            if ui.button(text).on_hover_text(hint).clicked() {
                commands.push(Command::Teach(teach));
            }
        };
        if state.live.paused {
            button(ui, "Continue", "Goes on where it stands", Teach::Continue);
        } else {
            button(ui, "Pause", "Holds the training before its next step; nothing is lost", Teach::Pause);
        }
        let hint = "Ends the training and goes on with its best weights: analysis and backtest follow";
        button(ui, "Stop, keep the best", hint, Teach::Order(Order::Stop));
        button(ui, "Save now", "Writes a checkpoint at the next step", Teach::Order(Order::Save));
        ui.separator();
        let label = ui.label("Peak rate").on_hover_text("Of the learning rate's schedule, from the next step on");
        let mut rate = draft.rate.unwrap_or(state.config.train.learning_rate);
        let speed = rate * 0.01;
        let field = egui::DragValue::new(&mut rate)
            .range(1e-8..=1.0)
            .speed(speed)
            .custom_formatter(|value, _| figure(value))
            .custom_parser(|text| text.trim().parse().ok());
        let response = ui.add(field).labelled_by(label.id);
        if response.changed() {
            draft.rate = Some(rate);
        }
        let label = ui.label("Patience").on_hover_text("Epochs without improvement before it stops");
        let mut patience = draft.patience.unwrap_or(state.config.train.patience);
        let response = ui.add(egui::DragValue::new(&mut patience).range(1..=1000).speed(0.1)).labelled_by(label.id);
        if response.changed() {
            draft.patience = Some(patience);
        }
        if draft.rate.is_some() || draft.patience.is_some() {
            let apply = egui::Button::new(egui::RichText::new("Apply").color(theme::ACCENT));
            if ui.add(apply).on_hover_text("Takes effect at the next step and is kept in the run's events").clicked() {
                let rate = draft.rate.take().map(Order::LearningRate);
                for order in rate.into_iter().chain(draft.patience.take().map(Order::Patience)) {
                    commands.push(Command::Teach(Teach::Order(order)));
                }
            }
        }
    });
}
