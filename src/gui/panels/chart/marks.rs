use eframe::egui;
use egui::{Color32, CornerRadius, Painter, Rect, Shape, Stroke, StrokeKind, pos2};

use super::scale::Scale;
use crate::backtest::Direction;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::market::Bar;

fn column(scale: &Scale, bar: usize, rect: Rect) -> Rect {
    let half = (0.5 * scale.step()).max(1.5);
    Rect::from_min_max(pos2(scale.x(bar) - half, rect.top()), pos2(scale.x(bar) + half, rect.bottom()))
}

/// The bars the network saw for the selected decision.
pub(super) fn window(painter: &Painter, scale: &Scale, plot: Rect, state: &AppState) {
    let Some(window) = state.window() else { return };
    let x = scale.x_of(window.start as f64)..=scale.x_of(window.end as f64);
    let rect = Rect::from_min_max(pos2(*x.start(), plot.top()), pos2(*x.end(), plot.bottom())).intersect(plot);
    if rect.width() > 0.0 {
        painter.rect_filled(rect, CornerRadius::ZERO, theme::ACCENT.gamma_multiply(0.07));
    }
}

/// Entries, exits and the bars held between; trades that do not pass the filters are not drawn.
pub(super) fn trades(painter: &Painter, scale: &Scale, plot: Rect, state: &AppState) {
    let shown = scale.shown();
    for (i, trade) in state.trades() {
        if trade.exit_bar < shown.start || trade.entry_bar >= shown.end {
            continue;
        }
        let chosen = state.selection.trade == Some(i) || state.hover.trade == Some(i);
        let color = theme::signed(trade.pnl);
        let (entry, exit) = (
            pos2(scale.x(trade.entry_bar), scale.y(trade.entry_price)),
            pos2(scale.x(trade.exit_bar), scale.y(trade.exit_price)),
        );
        if chosen {
            let held = Rect::from_x_y_ranges(entry.x..=exit.x, plot.y_range());
            painter.rect_filled(held, CornerRadius::ZERO, color.gamma_multiply(0.08));
        }
        if scale.step() > 0.4 || chosen {
            let width = if chosen { 2.0 } else { 1.0 };
            painter.extend(Shape::dashed_line(&[entry, exit], Stroke::new(width, color), 3.0, 3.0));
        }
        let up = trade.side == Direction::Long;
        let size = if chosen { 7.0 } else { 5.0 };
        let buy = theme::UP;
        let sign = if up { 1.0 } else { -1.0 };
        triangle(painter, entry, size, sign, if up { buy } else { theme::DOWN }, chosen);
        triangle(painter, exit, size, -sign, if up { theme::DOWN } else { buy }, chosen);
    }
}

/// Points up below its place, or down above it.
/// `sign`: 1 points up, -1 down.
fn triangle(painter: &Painter, at: egui::Pos2, size: f32, sign: f32, color: Color32, chosen: bool) {
    let tip = at + egui::vec2(0.0, 3.0 * sign);
    let points =
        vec![tip, tip + egui::vec2(0.8 * size, 1.4 * size * sign), tip + egui::vec2(-0.8 * size, 1.4 * size * sign)];
    let stroke = if chosen { Stroke::new(1.0, theme::STRONG) } else { Stroke::new(1.0, theme::PANEL) };
    painter.add(Shape::convex_polygon(points, color, stroke));
}

/// The two bars behind the attention cell.
pub(super) fn attended(painter: &Painter, scale: &Scale, plot: Rect, bars: &[Bar], state: &AppState) {
    let Some((query, key)) = state.cell_bars() else { return };
    let painter = painter.with_clip_rect(plot);
    for (bar, color) in [(key, theme::ACCENT), (query, theme::WARN)] {
        painter.rect_filled(column(scale, bar, plot), CornerRadius::ZERO, color.gamma_multiply(0.25));
        let half = (0.5 * scale.step()).max(2.0) + 1.5;
        let (top, bottom) = (scale.y(bars[bar].high) - 3.0, scale.y(bars[bar].low) + 3.0);
        let frame = Rect::from_min_max(pos2(scale.x(bar) - half, top), pos2(scale.x(bar) + half, bottom));
        painter.rect_stroke(frame, CornerRadius::same(1), Stroke::new(1.5, color), StrokeKind::Outside);
    }
}

/// The pinned bar dashed, the bar pointed at thin.
pub(super) fn cursor(painter: &Painter, scale: &Scale, rect: Rect, state: &AppState) {
    let painter = painter.with_clip_rect(rect);
    let line = |bar: usize, stroke: Stroke| {
        let x = scale.x(bar);
        painter.extend(Shape::dashed_line(&[pos2(x, rect.top()), pos2(x, rect.bottom())], stroke, 4.0, 3.0));
    };
    if let Some(bar) = state.selection.bar {
        line(bar, Stroke::new(1.0, theme::STRONG.gamma_multiply(0.7)));
    }
    if let Some(bar) = state.hover.bar {
        line(bar, Stroke::new(1.0, theme::WEAK.gamma_multiply(0.6)));
    }
}
