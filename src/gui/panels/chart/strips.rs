use eframe::egui;
use egui::{Align2, CornerRadius, Mesh, Painter, Rect, Stroke, pos2};

use super::scale::Scale;
use crate::dataset::Slice;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::tasks::RunView;

const ATTENTION: f32 = 12.0;
const REGIME: f32 = 8.0;
const GAP: f32 = 4.0;
/// Attention strip, regime strip and the gaps around them.
pub(super) const HEIGHT: f32 = ATTENTION + REGIME + 3.0 * GAP;

/// Slices as a tint with their letter at the top; purged and warm-up bars stay plain.
pub(super) fn slices(painter: &Painter, scale: &Scale, plot: Rect, run: &RunView) {
    let Some(card) = &run.card else { return };
    for slice in Slice::ALL {
        let range = card.slices.range(slice);
        let rect = Rect::from_x_y_ranges(scale.x_of(range.start as f64)..=scale.x_of(range.end as f64), plot.y_range());
        let rect = rect.intersect(plot);
        if rect.width() <= 0.0 {
            continue;
        }
        let color = theme::slice(slice);
        painter.rect_filled(rect, CornerRadius::ZERO, color.gamma_multiply(0.07));
        let bar = Rect::from_min_size(rect.min, egui::vec2(rect.width(), 3.0));
        painter.rect_filled(bar, CornerRadius::ZERO, color);
        if rect.width() > 40.0 {
            let text = format!("{} {slice}", slice.letter());
            painter.text(
                rect.left_top() + egui::vec2(5.0, 5.0),
                Align2::LEFT_TOP,
                text,
                theme::small(),
                theme::lighten(color),
            );
        }
    }
}

/// Attention of the selected window over regimes of all bars.
pub(super) fn strips(painter: &Painter, scale: &Scale, rect: Rect, run: &RunView, state: &AppState) {
    let attention = Rect::from_min_size(rect.min + egui::vec2(0.0, GAP), egui::vec2(rect.width(), ATTENTION));
    let regime = Rect::from_min_size(attention.left_bottom() + egui::vec2(0.0, GAP), egui::vec2(rect.width(), REGIME));
    painter.rect_filled(attention, CornerRadius::ZERO, theme::BACKGROUND);
    attention_strip(&painter.with_clip_rect(attention), scale, attention, state);
    regime_strip(&painter.with_clip_rect(regime), scale, regime, run, state);
    for (strip, name) in [(attention, "attention"), (regime, "regime")] {
        painter.text(
            pos2(strip.right() + super::AXIS_WIDTH - 4.0, strip.center().y),
            Align2::RIGHT_CENTER,
            name,
            egui::FontId::monospace(9.5),
            theme::WEAK,
        );
    }
}

fn attention_strip(painter: &Painter, scale: &Scale, rect: Rect, state: &AppState) {
    let Some((why, maps)) = state.explanation().and_then(|why| Some((why, why.attention.as_ref()?))) else { return };
    let layer = state.selection.layer.unwrap_or(maps.layers.saturating_sub(1));
    let shown = state.selection.head.map_or(0..maps.heads, |head| head..head + 1);
    let mut received = vec![0.0; maps.seq_len];
    for head in shown.clone() {
        for (sum, weight) in received.iter_mut().zip(maps.received(layer, head)) {
            *sum += weight / shown.len() as f64;
        }
    }
    // Uniform attention stays dark: only more than three times uniform reaches full brightness by itself.
    let most = received.iter().copied().fold(3.0 / maps.seq_len as f64, f64::max);
    for (bar, weight) in why.window.clone().zip(received) {
        let cell = Rect::from_x_y_ranges(scale.x_of(bar as f64)..=scale.x_of(bar as f64 + 1.0), rect.y_range());
        painter.rect_filled(cell, CornerRadius::ZERO, theme::magma(weight / most));
    }
    let frame =
        Rect::from_x_y_ranges(scale.x_of(why.window.start as f64)..=scale.x_of(why.window.end as f64), rect.y_range());
    painter.rect_stroke(frame, CornerRadius::ZERO, Stroke::new(1.0, theme::LINE), egui::StrokeKind::Inside);
}

fn regime_strip(painter: &Painter, scale: &Scale, rect: Rect, run: &RunView, state: &AppState) {
    let Some(forecast) = &run.forecast else { return };
    let mut mesh = Mesh::default();
    let half = 0.5 * scale.step().max(1.0) + 0.25;
    for (x, group) in scale.columns() {
        let Some(regime) = forecast.regime.get(group.start).copied().flatten() else { continue };
        let passes = state.shows_regime(Some(regime));
        let color = theme::regime(regime);
        let color = if passes { color } else { color.gamma_multiply(0.15) };
        mesh.add_colored_rect(Rect::from_x_y_ranges(x - half..=x + half, rect.y_range()), color);
    }
    painter.add(mesh);
}
