use eframe::egui::epaint::TextShape;
use eframe::egui::{
    self, Align2, Color32, Painter, Pos2, Rect, Response, Role, Sense, Stroke, StrokeKind, Vec2, WidgetInfo, pos2, vec2,
};

use super::maps::Maps;
use super::{Shown, honesty, pooling_words, small};
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, Cell};
use crate::gui::theme;
use crate::gui::widgets::{Heat, price_text, short_time};
use crate::tasks::RunView;

/// Right of the map: the colour scale and the names of the strips.
const GUTTER: f32 = 64.0;
/// Left of the small maps: their layer.
const LAYER: f32 = 20.0;
const STRIP: f32 = 12.0;
const GAP: f32 = 4.0;

/// Sizes for the room there is.
struct Layout {
    side: f32,
    small: f32,
    beside: bool,
    caption: bool,
}

impl Layout {
    fn new(room: Vec2, shown: Shown) -> Self {
        let (layers, columns) = (shown.layers as f32, shown.heads as f32 + 1.0);
        let caption = if room.y > 420.0 { 20.0 } else { 0.0 };
        let below = 2.0 * (STRIP + GAP) + caption;
        let wide = ((room.x - LAYER) / columns - GAP).min(0.25 * room.y / layers - GAP).clamp(12.0, 56.0);
        let rest = below + layers * (wide + GAP) + 28.0;
        let stacked = (room.y - rest).min(room.x - GUTTER);
        // Beside the map: the small maps, or at least lines of words.
        let least = (LAYER + columns * (16.0 + GAP)).max(184.0);
        let beside = (room.y - below).min(room.x - GUTTER - 16.0 - least);
        let least_side = 140.0_f32.min(room.x - GUTTER);
        let side = stacked.max(beside).max(least_side).floor();
        let beside = beside > stacked.max(least_side);
        let narrow = ((room.x - side - GUTTER - 16.0 - LAYER) / columns - GAP).clamp(12.0, 88.0);
        Self { side, small: if beside { narrow } else { wide }.floor(), beside, caption: caption > 0.0 }
    }
}

/// The large map with its strips, all heads, and what supports them.
pub(super) fn ui(
    ui: &mut egui::Ui,
    maps: &Maps,
    state: &AppState,
    run: &RunView,
    shown: Shown,
    commands: &mut Commands,
) {
    let layout = Layout::new(ui.available_size(), shown);
    egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
        if layout.beside {
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| large(ui, maps, &layout, state, run, shown, commands));
                ui.add_space(8.0);
                ui.vertical(|ui| {
                    heads(ui, maps, &layout, shown, commands);
                    ui.add_space(GAP);
                    honesty(ui, run.attention.as_ref(), shown);
                    pinned(ui, maps, state, run);
                });
            });
        } else {
            large(ui, maps, &layout, state, run, shown, commands);
            heads(ui, maps, &layout, shown, commands);
            honesty(ui, run.attention.as_ref(), shown);
            pinned(ui, maps, state, run);
        }
    });
}

fn large(
    ui: &mut egui::Ui,
    maps: &Maps,
    layout: &Layout,
    state: &AppState,
    run: &RunView,
    shown: Shown,
    commands: &mut Commands,
) {
    ui.spacing_mut().item_spacing.y = GAP;
    let (full, _) = ui.allocate_exact_size(vec2(layout.side + GUTTER, layout.side), Sense::hover());
    let rect = Rect::from_min_size(full.min, Vec2::splat(layout.side));
    let response = ui.interact(rect, ui.scope_id().with("map"), Sense::click());
    let name = format!("Attention map, {}", shown.words());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    let painter = ui.painter().with_clip_rect(ui.clip_rect().intersect(full.expand(2.0)));
    let used = run.attention.as_ref().is_none_or(|report| report.used);
    maps.large.paint(&painter, rect, if used { Color32::WHITE } else { Color32::WHITE.gamma_multiply(0.6) });
    if !used {
        unused(&painter, rect);
    }
    scale(&painter, maps, rect);
    if let Some(cell) = state.cell().filter(|cell| cell.query.max(cell.key) < maps.size) {
        outline(&painter, rect, maps.size, cell);
    }
    if response.hovered()
        && let Some(cell) = response.hover_pos().map(|at| cell_at(rect, maps.size, at))
    {
        commands.hover.cell = Some(cell);
        egui::Tooltip::for_widget(&response)
            .at_pointer()
            .gap(16.0)
            .width(420.0)
            .show(|ui| readout(ui, maps, state, run, cell));
        if response.clicked() {
            commands.push(Command::SelectCell((state.selection.cell != Some(cell)).then_some(cell)));
        }
    }
    strip(ui, "received", &maps.received, layout, state, run, commands).on_hover_text(format!(
        "Weight each bar receives, {}: {}",
        shown.words(),
        pooling_words(run)
    ));
    strip(ui, "rollout", &maps.rollout, layout, state, run, commands)
        .on_hover_text("How much each bar reaches the pooled vector through all layers with their residuals");
    if layout.caption {
        ui.add(
            egui::Label::new(small("across: bars looked at · down: bars that look · now: right, bottom")).truncate(),
        );
    }
}

/// The cell under a place of the map.
fn cell_at(rect: Rect, size: usize, at: Pos2) -> Cell {
    let share = (at - rect.min) / rect.size();
    let place = |share: f32| ((share * size as f32).max(0.0) as usize).min(size.saturating_sub(1));
    Cell { query: place(share.y), key: place(share.x) }
}

fn outline(painter: &Painter, rect: Rect, size: usize, cell: Cell) {
    let step = rect.width() / size as f32;
    let min = rect.min + vec2(cell.key as f32, cell.query as f32) * step;
    let place = Rect::from_min_size(min, Vec2::splat(step)).expand(1.0);
    let guide = Stroke::new(1.0, theme::ACCENT.gamma_multiply(0.5));
    painter.hline(rect.left()..=place.left(), place.center().y, guide);
    painter.vline(place.center().x, place.bottom()..=rect.bottom(), guide);
    painter.rect_stroke(place, 0.0, Stroke::new(1.5, theme::ACCENT), StrokeKind::Outside);
}

/// Across the map, so that nobody reads it as an explanation.
fn unused(painter: &Painter, rect: Rect) {
    let font = egui::FontId::new((rect.width() / 9.0).clamp(12.0, 34.0), theme::mono().family);
    let galley = painter.layout_no_wrap("NOT USED".to_owned(), font, theme::WARN);
    let angle = -0.42_f32;
    let half = egui::emath::Rot2::from_angle(angle) * (galley.size() / 2.0);
    let band = egui::epaint::PathShape::convex_polygon(
        [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
            .map(|(x, y)| {
                let corner = vec2(x * (galley.size().x / 2.0 + 12.0), y * (galley.size().y / 2.0 + 4.0));
                rect.center() + egui::emath::Rot2::from_angle(angle) * corner
            })
            .to_vec(),
        theme::BACKGROUND.gamma_multiply(0.8),
        Stroke::new(1.5, theme::WARN),
    );
    painter.add(band);
    painter.add(TextShape::new(rect.center() - half, galley, theme::WARN).with_angle(angle));
}

fn scale(painter: &Painter, maps: &Maps, rect: Rect) {
    let bar = Rect::from_min_size(pos2(rect.right() + 8.0, rect.top()), vec2(8.0, rect.height()));
    maps.scale.paint(painter, bar, Color32::WHITE);
    let at = |y: f32, align: Align2, text: String| {
        painter.text(pos2(bar.right() + 4.0, y), align, text, theme::small(), theme::WEAK);
    };
    at(bar.top(), Align2::LEFT_TOP, weight(maps.top));
    at(bar.bottom(), Align2::LEFT_BOTTOM, "0".to_owned());
    let uniform = 1.0 / maps.size.max(1) as f64;
    if maps.top > 1.6 * uniform {
        let y = bar.bottom() - bar.height() * (uniform / maps.top) as f32;
        painter.hline(bar.left() - 2.0..=bar.right() + 2.0, y, Stroke::new(1.0, theme::STRONG));
        if bar.bottom() - y > 24.0 && y - bar.top() > 24.0 {
            at(y, Align2::LEFT_CENTER, "1/T".to_owned());
        }
    }
}

fn weight(value: f64) -> String {
    format!("{value:.3}").trim_start_matches('0').to_owned()
}

/// Time and close of both bars, weight and multiple of uniform.
fn readout(ui: &mut egui::Ui, maps: &Maps, state: &AppState, run: &RunView, cell: Cell) {
    let Some(weight) = maps.cells.get(cell.query * maps.size + cell.key) else { return };
    for (word, place) in [("bar that looks ", cell.query), ("bar looked at  ", cell.key)] {
        ui.monospace(bar_words(word, maps, state, run, place));
    }
    let uniform = 1.0 / maps.size as f64;
    ui.monospace(format!("weight {weight:.4} · {:.1}× uniform {uniform:.4}", weight / uniform));
}

fn bar_words(word: &str, maps: &Maps, state: &AppState, run: &RunView, place: usize) -> String {
    let series = &run.collected.series;
    let bar = state.window().and_then(|window| series.bars().get(window.start + place));
    let (time, close) = bar.map_or(("-".to_owned(), "-".to_owned()), |bar| {
        (short_time(bar.timestamp, series.timeframe.millis()), price_text(bar.close))
    });
    format!("{word}lag {:<3} {time}  close {close}", maps.size - 1 - place)
}

/// The pinned cell in words.
fn pinned(ui: &mut egui::Ui, maps: &Maps, state: &AppState, run: &RunView) {
    let Some(cell) = state.selection.cell.filter(|cell| cell.query.max(cell.key) < maps.size) else { return };
    ui.add_space(GAP);
    ui.label(small("pinned"));
    readout(ui, maps, state, run, cell);
}

fn strip(
    ui: &mut egui::Ui,
    name: &str,
    (values, picture): &(Vec<f64>, Heat),
    layout: &Layout,
    state: &AppState,
    run: &RunView,
    commands: &mut Commands,
) -> Response {
    let (full, _) = ui.allocate_exact_size(vec2(layout.side + GUTTER, STRIP), Sense::hover());
    let rect = Rect::from_min_size(full.min, vec2(layout.side, STRIP));
    let response = ui.interact(rect, ui.scope_id().with(name), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, format!("Strip of weight {name} by each bar")));
    let painter = ui.painter();
    picture.paint(painter, rect, Color32::WHITE);
    painter.text(pos2(rect.right() + 8.0, rect.center().y), Align2::LEFT_CENTER, name, theme::small(), theme::WEAK);
    let Some(window) = state.window() else { return response };
    let step = rect.width() / values.len().max(1) as f32;
    if let Some(bar) = state.hover.bar.filter(|bar| window.contains(bar)) {
        let x = rect.left() + (bar - window.start) as f32 * step;
        let place = Rect::from_min_size(pos2(x, rect.top()), vec2(step, STRIP));
        painter.rect_stroke(place, 0.0, Stroke::new(1.5, theme::ACCENT), StrokeKind::Outside);
    }
    if response.hovered()
        && let Some(at) = response.hover_pos()
    {
        let place = (((at.x - rect.left()) / step).max(0.0) as usize).min(values.len().saturating_sub(1));
        let bar = window.start + place;
        commands.hover.bar = Some(bar);
        if response.clicked() {
            commands.push(Command::SelectBar { bar, center: false });
        }
        if let (Some(value), Some(shown)) = (values.get(place), run.collected.series.bars().get(bar)) {
            let time = short_time(shown.timestamp, run.collected.series.timeframe.millis());
            let times = value * values.len() as f64;
            egui::Tooltip::for_widget(&response).at_pointer().gap(16.0).width(420.0).show(|ui| {
                ui.monospace(format!("lag {} · {time} · close {}", values.len() - 1 - place, price_text(shown.close)));
                ui.monospace(format!("{name} {value:.4} · {times:.1}× uniform"));
            });
        }
    }
    response
}

/// Every head as a small map; a click shows it large.
fn heads(ui: &mut egui::Ui, maps: &Maps, layout: &Layout, shown: Shown, commands: &mut Commands) {
    let columns = shown.heads + 1;
    let step = layout.small + GAP;
    let size = vec2(LAYER + columns as f32 * step, shown.layers as f32 * step);
    let (full, _) = ui.allocate_exact_size(size, Sense::hover());
    for layer in 0..shown.layers {
        let y = full.top() + layer as f32 * step;
        let middle = pos2(full.left(), y + layout.small / 2.0);
        ui.painter().text(middle, Align2::LEFT_CENTER, format!("L{layer}"), theme::small(), theme::WEAK);
        for column in 0..columns {
            let head = column.checked_sub(1);
            let min = pos2(full.left() + LAYER + column as f32 * step, y);
            let rect = Rect::from_min_size(min, Vec2::splat(layout.small));
            let response = ui.interact(rect, ui.scope_id().with(("head", layer, column)), Sense::click());
            let name = match head {
                Some(head) => format!("Layer {layer} head {head}"),
                None => format!("Layer {layer} mean of heads"),
            };
            let selected = layer == shown.layer && head == shown.head;
            response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &name));
            let part = vec2(1.0 / columns as f32, 1.0 / shown.layers as f32);
            let uv = Rect::from_min_size(pos2(column as f32 * part.x, layer as f32 * part.y), part);
            maps.small.paint_part(ui.painter(), rect, uv, Color32::WHITE);
            let stroke = match (selected, response.hovered()) {
                (true, _) => Stroke::new(2.0, theme::ACCENT),
                (false, true) => Stroke::new(1.0, theme::STRONG),
                (false, false) => Stroke::new(1.0, theme::LINE),
            };
            ui.painter().rect_stroke(rect, 0.0, stroke, StrokeKind::Outside);
            if response.clicked() {
                commands.push(Command::SelectLayer(Some(layer)));
                commands.push(Command::SelectHead(head));
            }
            response.on_hover_text(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_on_the_map() {
        let rect = Rect::from_min_size(pos2(10.0, 20.0), Vec2::splat(100.0));
        assert_eq!(cell_at(rect, 10, pos2(10.0, 20.0)), Cell { query: 0, key: 0 });
        assert_eq!(cell_at(rect, 10, pos2(109.9, 25.0)), Cell { query: 0, key: 9 });
        assert_eq!(cell_at(rect, 10, pos2(300.0, 300.0)), Cell { query: 9, key: 9 });
        assert_eq!(weight(0.314), ".314");
    }
}
