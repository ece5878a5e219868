use eframe::egui::{self, Align2, Pos2, Rect, Response, Sense, Stroke, Vec2, vec2};
use serde::{Deserialize, Serialize};

use super::format::tick_decimals;
use super::time_axis::price_ticks;
use crate::gui::theme;

/// A part of a plot that the user chose to see; `None` follows the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::gui) struct Zoom {
    /// From and to on the horizontal axis.
    pub(in crate::gui) x: Option<(f64, f64)>,
    /// From and to on the vertical axis.
    pub(in crate::gui) y: Option<(f64, f64)>,
}

/// Room for a plot: its data area and the pointer over it.
#[derive(Debug)]
pub(in crate::gui) struct PlotRoom {
    response: Response,
}

/// A data area with its scales.
#[derive(Debug)]
pub(in crate::gui) struct Axes {
    /// Data area on the screen.
    pub(in crate::gui) rect: Rect,
    /// The pointer over it.
    pub(in crate::gui) response: Response,
    x: (f64, f64),
    y: (f64, f64),
}

/// Least room for a plot that can still be read.
pub(in crate::gui) const PLOT_MIN: f32 = 96.0;

impl PlotRoom {
    /// Takes `size` from `ui`, labels of the axes included; `name` is what screen readers and tests call the data area.
    pub(in crate::gui) fn new(ui: &mut egui::Ui, name: &str, size: Vec2) -> Self {
        let (outer, _) = ui.allocate_exact_size(size, Sense::hover());
        let inner = Rect::from_min_max(outer.min + vec2(48.0, 6.0), outer.max - vec2(8.0, 18.0));
        let response = ui.interact(inner, ui.scope_id().with(name), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
        Self { response }
    }

    /// Bounds of the horizontal axis after dragging, Ctrl+scrolling and double clicking.
    pub(in crate::gui) fn x(&self, zoom: &mut Option<(f64, f64)>, data: (f64, f64)) -> (f64, f64) {
        let rect = self.response.rect;
        let pointer = self.response.hover_pos().map(|at| f64::from((at.x - rect.left()) / rect.width()));
        self.bounds(zoom, data, f64::from(self.response.drag_delta().x / rect.width()), pointer)
    }

    /// The same for the vertical axis.
    pub(in crate::gui) fn y(&self, zoom: &mut Option<(f64, f64)>, data: (f64, f64)) -> (f64, f64) {
        let rect = self.response.rect;
        let pointer = self.response.hover_pos().map(|at| f64::from((rect.bottom() - at.y) / rect.height()));
        self.bounds(zoom, data, -f64::from(self.response.drag_delta().y / rect.height()), pointer)
    }

    fn bounds(
        &self,
        zoom: &mut Option<(f64, f64)>,
        data: (f64, f64),
        dragged: f64,
        pointer: Option<f64>,
    ) -> (f64, f64) {
        let (mut from, mut to) = zoom.unwrap_or(data);
        if self.response.double_clicked() {
            *zoom = None;
            return data;
        }
        if self.response.dragged() && dragged != 0.0 {
            let by = dragged * (to - from);
            (from, to) = (from - by, to - by);
            *zoom = Some((from, to));
        }
        let factor = f64::from(self.response.ctx.input(|input| input.zoom_delta()));
        if let Some(share) = pointer
            && factor != 1.0
        {
            let center = from + share * (to - from);
            (from, to) = (center + (from - center) / factor, center + (to - center) / factor);
            *zoom = Some((from, to));
        }
        (from, to)
    }

    /// The data area with scales; empty ranges are widened.
    pub(in crate::gui) fn axes(self, x: (f64, f64), y: (f64, f64)) -> Axes {
        let widened = |(low, high): (f64, f64)| match high - low {
            span if span > 0.0 && span.is_finite() => (low, high),
            _ if low.is_finite() => (low - 0.5, low + 0.5),
            _ => (0.0, 1.0),
        };
        Axes { rect: self.response.rect, response: self.response, x: widened(x), y: widened(y) }
    }
}

impl Axes {
    /// Place of a value on the screen; may lie outside of the data area.
    pub(in crate::gui) fn at(&self, x: f64, y: f64) -> Pos2 {
        egui::pos2(self.x_at(x), self.y_at(y))
    }

    /// Horizontal place of a value.
    pub(in crate::gui) fn x_at(&self, x: f64) -> f32 {
        self.rect.left() + ((x - self.x.0) / (self.x.1 - self.x.0)) as f32 * self.rect.width()
    }

    /// Vertical place of a value.
    pub(in crate::gui) fn y_at(&self, y: f64) -> f32 {
        self.rect.bottom() - ((y - self.y.0) / (self.y.1 - self.y.0)) as f32 * self.rect.height()
    }

    /// Horizontal value at a place.
    pub(in crate::gui) fn x_of(&self, place: f32) -> f64 {
        self.x.0 + f64::from((place - self.rect.left()) / self.rect.width()) * (self.x.1 - self.x.0)
    }

    /// Paints inside of the data area only.
    pub(in crate::gui) fn painter(&self, ui: &egui::Ui) -> egui::Painter {
        ui.painter_at(self.rect.expand(1.0))
    }

    /// Round values along the horizontal axis.
    pub(in crate::gui) fn x_ticks(&self) -> Vec<f64> {
        price_ticks(self.x.0, self.x.1, ((self.rect.width() / 80.0) as usize).clamp(2, 10))
    }

    /// Round values along the vertical axis.
    pub(in crate::gui) fn y_ticks(&self) -> Vec<f64> {
        price_ticks(self.y.0, self.y.1, ((self.rect.height() / 36.0) as usize).clamp(2, 8))
    }

    /// Vertical grid lines with labels below.
    pub(in crate::gui) fn grid_x(&self, ui: &egui::Ui, ticks: &[(f64, String)]) {
        let mut free = f32::NEG_INFINITY;
        for (value, label) in ticks {
            let x = self.x_at(*value);
            if !self.rect.x_range().contains(x) {
                continue;
            }
            ui.painter().vline(x, self.rect.y_range(), Stroke::new(1.0, theme::LINE));
            let galley = ui.painter().layout_no_wrap(label.clone(), theme::small(), theme::WEAK);
            let left = (x - 0.5 * galley.size().x).min(self.rect.right() + 8.0 - galley.size().x);
            if left > free {
                free = left + galley.size().x + 8.0;
                ui.painter().galley(egui::pos2(left, self.rect.bottom() + 4.0), galley, theme::WEAK);
            }
        }
    }

    /// Horizontal grid lines with labels on the left.
    pub(in crate::gui) fn grid_y(&self, ui: &egui::Ui, ticks: &[(f64, String)]) {
        for (value, label) in ticks {
            let y = self.y_at(*value);
            if self.rect.y_range().contains(y) {
                ui.painter().hline(self.rect.x_range(), y, Stroke::new(1.0, theme::LINE));
                let place = egui::pos2(self.rect.left() - 6.0, y);
                ui.painter().text(place, Align2::RIGHT_CENTER, label, theme::small(), theme::WEAK);
            }
        }
    }

    /// Both grids at round values; `scale` is what a value is multiplied by for its label (100 for percent).
    pub(in crate::gui) fn grid(&self, ui: &egui::Ui, x_scale: f64, y_scale: f64) {
        self.grid_x(ui, &labelled(&self.x_ticks(), x_scale));
        self.grid_y(ui, &labelled(&self.y_ticks(), y_scale));
    }

    /// What the axes mean: `x` in the lower right corner, `y` in the upper left one.
    pub(in crate::gui) fn captions(&self, ui: &egui::Ui, x: &str, y: &str) {
        let painter = self.painter(ui);
        let write = |place: Pos2, align: Align2, text: &str| {
            let galley = painter.layout_no_wrap(text.to_owned(), theme::small(), theme::WEAK);
            let rect = align.anchor_size(place, galley.size());
            painter.rect_filled(rect.expand2(vec2(2.0, 0.0)), 2.0, theme::PANEL.gamma_multiply(0.85));
            painter.galley(rect.min, galley, theme::WEAK);
        };
        write(self.rect.left_top() + vec2(4.0, 2.0), Align2::LEFT_TOP, y);
        write(self.rect.right_bottom() - vec2(4.0, 2.0), Align2::RIGHT_BOTTOM, x);
    }

    /// A vertical mark at the shared time cursor.
    pub(in crate::gui) fn cursor(&self, ui: &egui::Ui, x: f64) {
        let place = self.x_at(x);
        if self.rect.x_range().contains(place) {
            let ends = [egui::pos2(place, self.rect.top()), egui::pos2(place, self.rect.bottom())];
            ui.painter().extend(egui::Shape::dashed_line(&ends, Stroke::new(1.0, theme::WEAK), 3.0, 3.0));
        }
    }
}

/// Round values with their labels.
pub(in crate::gui) fn labelled(ticks: &[f64], scale: f64) -> Vec<(f64, String)> {
    let shown: Vec<f64> = ticks.iter().map(|tick| tick * scale).collect();
    let decimals = tick_decimals(&shown);
    // Adding 0 turns -0 into 0.
    ticks.iter().zip(shown).map(|(tick, value)| (*tick, format!("{:.decimals$}", value + 0.0))).collect()
}

/// A box beside the pointer, at once; one line of text and its colour per entry.
pub(in crate::gui) fn tip(response: &Response, lines: &[(String, egui::Color32)]) {
    egui::Tooltip::always_open(
        response.ctx.clone(),
        response.layer_id,
        response.id.with("tip"),
        egui::PopupAnchor::Pointer,
    )
    .gap(14.0)
    .show(|ui| {
        ui.style_mut().wrap_mode = Some(egui::TextWrapMode::Extend);
        ui.spacing_mut().item_spacing.y = 2.0;
        for (line, color) in lines {
            ui.label(egui::RichText::new(line).monospace().color(*color));
        }
    });
}
