use eframe::egui::{self, Align2, Color32, Response, Sense, Stroke, vec2};

use crate::gui::theme;

/// A column of a small table.
#[derive(Debug, Clone, Copy)]
pub(in crate::gui) struct Head<'a> {
    /// Over the column.
    pub(in crate::gui) title: &'a str,
    /// Least width in points.
    pub(in crate::gui) width: f32,
    /// What the figure means, shown when the pointer rests on the title.
    pub(in crate::gui) meaning: &'a str,
}

/// How a row stands out.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::gui) struct Look {
    /// Colour of the square before the first cell.
    pub(in crate::gui) swatch: Option<Color32>,
    /// Pinned.
    pub(in crate::gui) selected: bool,
    /// Previewed from elsewhere.
    pub(in crate::gui) hovered: bool,
}

const ROW: f32 = 22.0;

/// A table of few rows: first column left, the others right aligned; as wide as the room, at least the columns' sum. A
/// row's accessible name is the text of its cells with the titles.
#[derive(Debug)]
pub(in crate::gui) struct Rows<'a> {
    heads: &'a [Head<'a>],
    widths: Vec<f32>,
}

impl<'a> Rows<'a> {
    /// Draws the titles.
    pub(in crate::gui) fn new(ui: &mut egui::Ui, heads: &'a [Head<'a>]) -> Self {
        ui.spacing_mut().item_spacing.y = 0.0;
        let least: f32 = heads.iter().map(|head| head.width).sum();
        let extra = ((ui.available_width() - least) / heads.len() as f32).clamp(0.0, 40.0);
        let rows = Self { heads, widths: heads.iter().map(|head| head.width + extra).collect() };
        let (rect, _) = ui.allocate_exact_size(vec2(rows.widths.iter().sum(), ROW), Sense::hover());
        rows.cells(rect, |i, cell| {
            let (anchor, place) = side(i, cell);
            ui.painter().text(place, anchor, heads[i].title, theme::small(), theme::WEAK);
            if !heads[i].meaning.is_empty() {
                ui.interact(cell, ui.scope_id().with((rect.top() as i32, i)), Sense::hover())
                    .on_hover_text(heads[i].meaning);
            }
        });
        ui.painter().hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme::LINE));
        rows
    }

    fn cells(&self, rect: egui::Rect, mut each: impl FnMut(usize, egui::Rect)) {
        let mut left = rect.left();
        for (i, width) in self.widths.iter().enumerate() {
            let cell = egui::Rect::from_min_size(egui::pos2(left, rect.top()), vec2(*width, rect.height()));
            each(i, cell);
            left += width;
        }
    }

    /// Draws one row; clickable rows light up under the pointer.
    pub(in crate::gui) fn row(
        &self,
        ui: &mut egui::Ui,
        cells: &[(String, Color32)],
        look: Look,
        clickable: bool,
    ) -> Response {
        let sense = if clickable { Sense::click() } else { Sense::hover() };
        let (rect, response) = ui.allocate_exact_size(vec2(self.widths.iter().sum(), ROW), sense);
        let role = if clickable { egui::Role::Button } else { egui::Role::Label };
        response.widget_info(|| {
            let words = cells.iter().zip(self.heads).enumerate().map(|(i, ((text, _), head))| match i {
                0 => text.clone(),
                _ => format!("{} {text}", head.title),
            });
            egui::WidgetInfo::selected(role, true, look.selected, words.collect::<Vec<_>>().join(", "))
        });
        if !ui.is_rect_visible(rect) {
            return response;
        }
        if look.selected {
            ui.painter().rect_filled(rect, 2.0, theme::ACCENT.gamma_multiply(0.22));
        } else if look.hovered || (clickable && response.hovered()) {
            ui.painter().rect_filled(rect, 2.0, theme::RAISED);
        }
        self.cells(rect, |i, cell| {
            let Some((text, color)) = cells.get(i) else { return };
            let (anchor, mut place) = side(i, cell);
            if let Some(swatch) = look.swatch.filter(|_| i == 0) {
                let square = egui::Rect::from_center_size(egui::pos2(place.x + 5.0, place.y), vec2(8.0, 8.0));
                ui.painter().rect_filled(square, 2.0, swatch);
                place.x += 16.0;
            }
            let font = if i == 0 { egui::FontId::proportional(12.0) } else { theme::mono() };
            ui.painter().text(place, anchor, text, font, *color);
        });
        response
    }
}

fn side(column: usize, cell: egui::Rect) -> (Align2, egui::Pos2) {
    if column == 0 {
        (Align2::LEFT_CENTER, cell.left_center() + vec2(4.0, 0.0))
    } else {
        (Align2::RIGHT_CENTER, cell.right_center() - vec2(4.0, 0.0))
    }
}
