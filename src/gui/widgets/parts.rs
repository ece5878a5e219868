use crate::gui::theme;
use eframe::egui;

/// Words on a tinted ground.
pub(in crate::gui) fn badge(ui: &mut egui::Ui, text: &str, color: egui::Color32) -> egui::Response {
    let ink = theme::lighten(color);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), egui::FontId::proportional(10.5), ink);
    let (rect, response) = ui.allocate_exact_size(galley.size() + egui::vec2(10.0, 4.0), egui::Sense::hover());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, text));
    ui.painter().rect_filled(rect, 3.0, color.gamma_multiply(0.22));
    ui.painter().galley(rect.min + egui::vec2(5.0, 2.0), galley, ink);
    response
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
