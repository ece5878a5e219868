use crate::gui::theme;
use eframe::egui;

/// Words on a tinted ground.
pub(in crate::gui) fn badge(ui: &mut egui::Ui, text: &str, color: egui::Color32) -> egui::Response {
    egui::Frame::new()
        .fill(color.gamma_multiply(0.22))
        .corner_radius(3)
        .inner_margin(egui::Margin::symmetric(5, 1))
        .show(ui, |ui| ui.label(egui::RichText::new(text).size(10.5).color(theme::lighten(color))))
        .inner
}

/// A filter that a click takes away; `name` is its accessible name.
pub(in crate::gui) fn chip(ui: &mut egui::Ui, text: &str, color: egui::Color32) -> bool {
    let text = egui::RichText::new(format!("{text}  ×")).size(11.5).color(theme::lighten(color));
    ui.add(egui::Button::new(text).fill(color.gamma_multiply(0.28)).corner_radius(9).min_size(egui::vec2(0.0, 20.0)))
        .on_hover_text("Remove this filter")
        .clicked()
}

/// Text in the font of numbers.
pub(in crate::gui) fn number(text: impl Into<String>) -> egui::RichText {
    egui::RichText::new(text).monospace()
}
