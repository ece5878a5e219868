use eframe::egui;
use eframe::egui::{Align2, Pos2, Rect, Stroke, pos2, vec2};

use super::curve::{Curve, Figure, XAxis, nice};
use super::words::figure;
use crate::gui::theme;

/// How [`curves`] draws.
#[derive(Debug, Clone, Copy)]
pub(in crate::gui) struct CurveView {
    pub(in crate::gui) axis: XAxis,
    /// Logarithmic values.
    pub(in crate::gui) log: bool,
    /// Place marked as best.
    pub(in crate::gui) best: Option<f64>,
    /// Place of the shared cursor.
    pub(in crate::gui) cursor: Option<f64>,
    /// Place whose values stand in the title without a cursor.
    pub(in crate::gui) last: f64,
}

const GUTTER: f32 = 44.0;
const TITLE: f32 = 20.0;
const FOOT: f32 = 16.0;

/// Draws `figure`; gives the place under the pointer, that of some point, and the response for clicks.
pub(in crate::gui) fn curves(
    ui: &mut egui::Ui,
    size: egui::Vec2,
    fig: &Figure,
    view: CurveView,
) -> (Option<f64>, egui::Response) {
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::click());
    let shown = view.cursor.unwrap_or(view.last);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, fig.words(view.axis, shown)));
    if !ui.is_rect_visible(rect) {
        return (None, response);
    }
    let plot = Rect::from_min_max(rect.min + vec2(GUTTER, TITLE), rect.max - vec2(4.0, FOOT));
    let painter = ui.painter_at(rect);
    title(&painter, rect, fig, shown);
    painter.rect_filled(plot, 2.0, theme::BACKGROUND);
    let (Some((lo, hi)), Some(places)) = (fig.range(), fig.places()) else {
        painter.text(plot.center(), Align2::CENTER_CENTER, "no values", theme::small(), theme::WEAK);
        return (None, response);
    };
    let scale = Scale::new(plot, places, (lo, hi), view.log);
    axes(&painter, &scale, view);
    if let Some((level, name)) = fig.reference {
        let y = scale.y(level);
        painter.extend(egui::Shape::dashed_line(
            &[pos2(plot.left(), y), pos2(plot.right(), y)],
            Stroke::new(1.0, theme::WEAK),
            4.0,
            3.0,
        ));
        let (anchor, at) =
            if y - plot.top() > 14.0 { (Align2::RIGHT_BOTTOM, y - 1.0) } else { (Align2::RIGHT_TOP, y + 1.0) };
        painter.text(pos2(plot.right() - 3.0, at), anchor, name, theme::small(), theme::WEAK);
    }
    let clipped = painter.with_clip_rect(plot);
    for curve in &fig.curves {
        band(&clipped, &scale, curve);
        let width = if curve.foreign { 1.2 } else { 1.6 };
        if curve.smooth.is_empty() {
            line(&clipped, &scale, &curve.raw, Stroke::new(width, curve.color));
        } else {
            line(&clipped, &scale, &curve.raw, Stroke::new(1.0, curve.color.gamma_multiply(0.35)));
            line(&clipped, &scale, &curve.smooth, Stroke::new(width, curve.color));
        }
    }
    if let Some(best) = view.best {
        let ends = [plot.top(), plot.bottom()].map(|y| pos2(scale.x(best), y));
        clipped.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.0, theme::WEAK.gamma_multiply(0.6)), 2.0, 3.0));
        for curve in fig.curves.iter().filter(|curve| !curve.foreign && !curve.fine) {
            if let Some(at) = curve.at(best) {
                let at = pos2(scale.x(curve.raw[at][0]), scale.y(curve.raw[at][1]));
                clipped.circle(at, 3.5, theme::PANEL, Stroke::new(1.5, theme::STRONG));
            }
        }
    }
    if let Some(cursor) = view.cursor {
        clipped.vline(scale.x(cursor), plot.y_range(), Stroke::new(1.0, theme::WEAK));
        for curve in &fig.curves {
            if let Some(at) = curve.at(cursor) {
                let at = pos2(scale.x(curve.raw[at][0]), scale.y(curve.raw[at][1]));
                clipped.circle_filled(at, 2.5, curve.color);
            }
        }
    }
    let hovered = response.hover_pos().and_then(|pos| fig.nearest(scale.place(pos)));
    let response = match hovered {
        Some(x) => response.on_hover_ui_at_pointer(|ui| tooltip(ui, fig, view.axis, x)),
        None => response,
    };
    (hovered, response)
}

struct Scale {
    plot: Rect,
    x: (f64, f64),
    y: (f64, f64),
    log: bool,
}

impl Scale {
    /// A logarithmic axis needs values above 0 only, else it stays linear.
    fn new(plot: Rect, x: (f64, f64), y: (f64, f64), log: bool) -> Self {
        let log = log && y.0 > 0.0;
        let (lo, hi) = if log { (y.0.log10(), y.1.log10()) } else { y };
        let pad = if hi > lo { 0.06 * (hi - lo) } else { (0.05 * lo.abs()).max(1e-6) };
        let (first, last) = x;
        let x = if last > first { x } else { (0.0, (2.0 * last).max(f64::MIN_POSITIVE)) };
        Self { plot: plot.shrink2(vec2(5.0, 0.0)), x, y: (lo - pad, hi + pad), log }
    }

    fn x(&self, place: f64) -> f32 {
        let share = (place - self.x.0) / (self.x.1 - self.x.0);
        self.plot.left() + self.plot.width() * share as f32
    }

    fn y(&self, value: f64) -> f32 {
        let value = if self.log { value.max(f64::MIN_POSITIVE).log10() } else { value };
        let share = (value - self.y.0) / (self.y.1 - self.y.0);
        self.plot.bottom() - self.plot.height() * share as f32
    }

    fn place(&self, pos: Pos2) -> f64 {
        let share = f64::from((pos.x - self.plot.left()) / self.plot.width().max(1.0)).clamp(0.0, 1.0);
        self.x.0 + share * (self.x.1 - self.x.0)
    }

    /// Values with a grid line.
    fn ticks(&self) -> Vec<f64> {
        let wanted = f64::from(self.plot.height() / 22.0).clamp(1.0, 6.0);
        if self.log && self.y.1 - self.y.0 > 1.0 {
            let step = ((self.y.1 - self.y.0) / wanted).ceil().max(1.0);
            return multiples(self.y, step).into_iter().map(|power| 10_f64.powf(power)).collect();
        }
        let ends = if self.log { (10_f64.powf(self.y.0), 10_f64.powf(self.y.1)) } else { self.y };
        multiples(ends, nice((ends.1 - ends.0) / wanted))
    }
}

fn multiples((lo, hi): (f64, f64), step: f64) -> Vec<f64> {
    let first = (lo / step).ceil() as i64;
    (first..first + 64).map(|k| k as f64 * step).take_while(|v| *v <= hi).collect()
}

fn axes(painter: &egui::Painter, scale: &Scale, view: CurveView) {
    let plot = scale.plot;
    for tick in scale.ticks() {
        let y = scale.y(tick);
        painter.hline(plot.x_range(), y, Stroke::new(1.0, theme::LINE.gamma_multiply(0.7)));
        painter.text(pos2(plot.left() - 8.0, y), Align2::RIGHT_CENTER, short(tick), theme::small(), theme::WEAK);
    }
    let step = view.axis.round((scale.x.1 - scale.x.0) / f64::from(plot.width() / 52.0).max(1.0));
    for place in multiples(scale.x, step) {
        let anchor = if scale.x(place) > plot.right() - 8.0 { Align2::RIGHT_TOP } else { Align2::CENTER_TOP };
        let at = pos2(scale.x(place), plot.bottom() + 2.0);
        painter.text(at, anchor, view.axis.tick(place), theme::small(), theme::WEAK);
    }
    if view.log && !scale.log {
        let at = plot.left_top() + vec2(3.0, 2.0);
        painter.text(at, Align2::LEFT_TOP, "linear: not all above 0", theme::small(), theme::WEAK);
    }
}

/// Axis label: no more digits than a grid needs.
fn short(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-3..1e5).contains(&size) {
        format!("{value:.0e}")
    } else {
        format!("{}", (value * 1e6).round() / 1e6)
    }
}

fn title(painter: &egui::Painter, rect: Rect, fig: &Figure, x: f64) {
    let font = egui::FontId::proportional(12.0);
    let name = painter.text(rect.left_top() + vec2(2.0, 2.0), Align2::LEFT_TOP, &fig.title, font, theme::TEXT);
    let mut right = rect.right() - 4.0;
    let own: Vec<&Curve> = fig.curves.iter().filter(|curve| !curve.foreign).collect();
    if own.len() > 3 {
        return;
    }
    for curve in own.iter().rev() {
        let Some(value) = curve.at(x).map(|at| curve.raw[at][1]) else { continue };
        let galley = painter.layout_no_wrap(figure(value), theme::mono(), curve.color);
        let left = right - galley.size().x;
        if left < name.right() + 6.0 {
            return;
        }
        painter.galley(pos2(left, rect.top() + 3.0), galley, curve.color);
        right = left - 8.0;
    }
}

/// More points than pixels become their least and largest per pixel column, so that no spike is lost.
fn line(painter: &egui::Painter, scale: &Scale, points: &[[f64; 2]], stroke: Stroke) {
    let mut path: Vec<Pos2> = Vec::with_capacity(points.len().min(4096));
    let at = |point: &[f64; 2]| pos2(scale.x(point[0]), scale.y(point[1]));
    if points.len() as f32 <= 2.0 * scale.plot.width() {
        path.extend(points.iter().map(at));
    } else {
        for column in points.chunks(points.len() / (scale.plot.width() as usize).max(1) + 1) {
            let least = column.iter().min_by(|a, b| a[1].total_cmp(&b[1]));
            let largest = column.iter().max_by(|a, b| a[1].total_cmp(&b[1]));
            let mut pair: Vec<&[f64; 2]> = least.into_iter().chain(largest).collect();
            pair.sort_by(|a, b| a[0].total_cmp(&b[0]));
            path.extend(pair.into_iter().map(at));
        }
    }
    if let [only] = path[..] {
        painter.circle_filled(only, 2.0, stroke.color);
    } else {
        painter.add(egui::Shape::line(path, stroke));
    }
}

/// The runs' least and largest behind their mean.
fn band(painter: &egui::Painter, scale: &Scale, curve: &Curve) {
    let mut mesh = egui::Mesh::default();
    let color = curve.color.gamma_multiply(0.16);
    for ([x, _], [low, high]) in curve.raw.iter().zip(&curve.band) {
        let next = mesh.vertices.len() as u32;
        for value in [low, high] {
            mesh.colored_vertex(pos2(scale.x(*x), scale.y(*value)), color);
        }
        if next > 0 {
            mesh.add_triangle(next - 2, next - 1, next);
            mesh.add_triangle(next - 1, next, next + 1);
        }
    }
    painter.add(egui::Shape::mesh(mesh));
}

fn tooltip(ui: &mut egui::Ui, fig: &Figure, axis: XAxis, x: f64) {
    ui.set_max_width(420.0);
    let here = axis.words(x);
    ui.strong(format!("{} · {here}", fig.title));
    egui::Grid::new("values").num_columns(4).spacing([12.0, 2.0]).show(ui, |ui| {
        for curve in &fig.curves {
            let Some(at) = curve.at(x) else { continue };
            ui.label(egui::RichText::new(&curve.name).color(curve.color));
            ui.label(super::number(format!("{}", curve.raw[at][1])));
            let smooth = curve.smooth.get(at).map(|point| format!("smoothed {}", figure(point[1])));
            let band = curve.band.get(at).map(|[low, high]| format!("{} to {}", figure(*low), figure(*high)));
            ui.label(super::number(smooth.or(band).unwrap_or_default()).color(theme::WEAK));
            let there = axis.words(curve.raw[at][0]);
            ui.label(super::number(if there == here { String::new() } else { there }).color(theme::WEAK));
            ui.end_row();
        }
    });
    ui.label(egui::RichText::new(&fig.help).color(theme::WEAK));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_are_round_and_inside() {
        let lines = multiples((0.93, 1.06), nice(0.13 / 3.0));
        assert!(
            lines.len() == 3 && lines.iter().zip([0.95, 1.0, 1.05]).all(|(a, b)| (a - b).abs() < 1e-9),
            "{lines:?}"
        );
        let plot = Rect::from_min_max(pos2(0.0, 0.0), pos2(110.0, 60.0));
        let scale = Scale::new(plot, (1.0, 11.0), (1e-4, 1e-1), true);
        assert!((scale.place(pos2(scale.x(4.0), 0.0)) - 4.0).abs() < 1e-4);
        assert_eq!(scale.place(pos2(-50.0, 0.0)), 1.0);
        assert!(scale.ticks().iter().all(|t| (9e-5..0.2).contains(t)), "{:?}", scale.ticks());
        assert!(scale.y(1e-1) < scale.y(1e-2) && scale.y(1e-2) < scale.y(1e-4));
        assert!(!Scale::new(plot, (1.0, 2.0), (-0.1, 1.0), true).log, "a loss below 0 has no logarithm");
    }
}
