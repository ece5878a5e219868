use eframe::egui;
use egui::{Align2, Color32, CornerRadius, Mesh, Painter, Rect, Shape, Stroke, pos2};

use super::scale::Scale;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::tasks::LabelsView;

/// Height of the row of marks at the bottom of the candles.
const MARKS: f32 = 5.0;

fn shown(state: &AppState) -> Option<&LabelsView> {
    state.dataset.labels.ready().filter(|_| state.dataset.on_chart).map(AsRef::as_ref)
}

fn color(view: &LabelsView, bar: usize) -> Option<Color32> {
    match (view.labels.entry.get(bar)? == &1.0, view.labels.exit.get(bar)? == &1.0) {
        (true, false) => Some(theme::UP),
        (false, true) => Some(theme::DOWN),
        (true, true) => Some(theme::WARN),
        (false, false) => None,
    }
}

/// A mark per bar whose label is an entry or an exit.
pub(super) fn marks(painter: &Painter, scale: &Scale, plot: Rect, state: &AppState) {
    let Some(view) = shown(state) else { return };
    let mut mesh = Mesh::default();
    let half = (0.4 * scale.step()).max(0.5);
    let row = plot.bottom() - MARKS..=plot.bottom();
    for (x, group) in scale.columns() {
        // Of bars that share a point the last one speaks.
        let Some(color) = group.rev().find_map(|bar| color(view, bar)) else { continue };
        mesh.add_colored_rect(Rect::from_x_y_ranges(x - half..=x + half, row.clone()), color);
    }
    painter.add(mesh);
}

/// The bars the label of the bar pointed at or selected looks at, with its thresholds.
pub(super) fn horizon(painter: &Painter, scale: &Scale, plot: Rect, state: &AppState) {
    let Some((view, bar)) = shown(state).zip(state.cursor()) else { return };
    let last = bar + view.labels.horizon;
    if bar >= view.labels.labelled_until() {
        return;
    }
    let x = scale.x_of(bar as f64 + 1.0)..=scale.x_of(last as f64 + 1.0);
    let area = Rect::from_x_y_ranges(x.clone(), plot.y_range());
    let painter = painter.with_clip_rect(plot);
    let color = color(view, bar).unwrap_or(theme::WEAK);
    painter.rect_filled(area, CornerRadius::ZERO, color.gamma_multiply(0.12));
    let word = format!("label: t+1 to t+{}", view.labels.horizon);
    painter.text(
        pos2(*x.start() + 3.0, plot.top() + 18.0),
        Align2::LEFT_TOP,
        word,
        theme::small(),
        theme::lighten(color),
    );
    let labels = &view.labels;
    if let Some(end) = labels.end[bar].filter(|end| *end < last) {
        // A barrier decides before the horizon is over.
        painter.vline(scale.x(end), plot.y_range(), Stroke::new(1.5, theme::lighten(color)));
    }
    for (price, color, word) in [(labels.upper[bar], theme::UP, "entry"), (labels.lower[bar], theme::DOWN, "exit")] {
        if price.is_nan() {
            continue;
        }
        let y = scale.y(price);
        let ends = [pos2(*x.start(), y), pos2(*x.end(), y)];
        painter.extend(Shape::dashed_line(&ends, Stroke::new(1.5, theme::lighten(color)), 5.0, 3.0));
        painter.text(pos2(*x.end() + 3.0, y), Align2::LEFT_CENTER, word, theme::small(), theme::lighten(color));
    }
}
