use eframe::egui;

use super::figures::Section;
use crate::gui::theme;
use crate::gui::widgets::{CurveView, Figure, curves};

/// What the pointer did to the charts of a frame.
#[derive(Default)]
pub(super) struct Touched {
    /// Place pointed at.
    pub(super) pointed: Option<f64>,
    /// Title of the chart clicked.
    pub(super) clicked: Option<String>,
}

impl Touched {
    pub(super) fn figure(&mut self, ui: &mut egui::Ui, size: egui::Vec2, figure: &Figure, view: CurveView) {
        let (place, response) = curves(ui, size, figure, view);
        self.pointed = self.pointed.or(place);
        if response.clicked() {
            self.clicked = Some(figure.title.clone());
        }
    }

    /// A heading and its charts in as many columns as there is room for.
    pub(super) fn section(&mut self, ui: &mut egui::Ui, section: &Section, view: CurveView) {
        ui.add_space(4.0);
        ui.label(egui::RichText::new(section.title).size(11.0).color(theme::WEAK));
        let width = ui.available_width();
        let columns = ((width / 250.0) as usize).clamp(1, section.figures.len().max(1));
        let height = if section.figures.len() == 1 { 168.0 } else { 140.0 };
        let cell = ((width - 8.0 * (columns - 1) as f32) / columns as f32).floor();
        for row in section.figures.chunks(columns) {
            ui.horizontal(|ui| {
                for figure in row {
                    self.figure(ui, egui::vec2(cell, height), figure, view);
                }
            });
        }
    }
}
