use eframe::egui;
use egui::{Color32, Mesh, Painter, Rect, pos2};

use super::scale::Scale;
use crate::gui::theme;
use crate::gui::widgets::MinMax;
use crate::market::Bar;

/// One mesh for all candles; when bars are narrower than a point, a column shows open, close and range of its bars.
pub(super) fn candles(painter: &Painter, scale: &Scale, bars: &[Bar], range: &MinMax) {
    let mut mesh = Mesh::default();
    let step = scale.step();
    let half = if step >= 1.0 { (0.36 * step).clamp(0.5, 14.0) } else { 0.5 };
    let wick = if step > 3.0 { 0.5 } else { 0.35 };
    for (x, group) in scale.columns() {
        let (open, close) = (bars[group.start].open, bars[group.end - 1].close);
        let Some((low, high)) = range.range(group, |i| (bars[i].low, bars[i].high)) else { continue };
        let color = if close >= open { theme::UP } else { theme::DOWN };
        mesh.add_colored_rect(Rect::from_min_max(pos2(x - wick, scale.y(high)), pos2(x + wick, scale.y(low))), color);
        let (top, bottom) = (scale.y(open.max(close)), scale.y(open.min(close)));
        let bottom = bottom.max(top + 1.0);
        mesh.add_colored_rect(Rect::from_min_max(pos2(x - half, top), pos2(x + half, bottom)), color);
    }
    painter.add(mesh);
}

/// Volume on the lowest sixth of the plot.
pub(super) fn volume(painter: &Painter, scale: &Scale, plot: Rect, bars: &[Bar], range: &MinMax) {
    let at = |i: usize| (0.0, bars[i].volume);
    let Some((_, most)) = range.range(scale.shown(), at).filter(|(_, most)| *most > 0.0) else { return };
    let height = plot.height() / 6.0;
    let half = (0.36 * scale.step()).clamp(0.5, 14.0);
    let mut mesh = Mesh::default();
    for (x, group) in scale.columns() {
        let rises = bars[group.end - 1].close >= bars[group.start].open;
        let Some((_, volume)) = range.range(group, at) else { continue };
        let color: Color32 = if rises { theme::UP } else { theme::DOWN };
        let top = plot.bottom() - height * (volume / most) as f32;
        mesh.add_colored_rect(
            Rect::from_min_max(pos2(x - half, top), pos2(x + half, plot.bottom())),
            color.gamma_multiply(0.22),
        );
    }
    painter.with_clip_rect(plot).add(mesh);
}
