use eframe::egui::{self, Align2, Color32, Sense, Stroke, vec2};

use super::{Coloring, regime_gestures};
use crate::dataset::Slice;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{Axes, PlotRoom, Zoom, grouped, percent, short_time, signed_percent, tip};
use crate::tasks::RunView;

/// More points than this are thinned evenly: nobody tells them apart, and each costs time in every frame.
const MOST: usize = 12_000;
/// How near the pointer must come, in points.
const REACH: f32 = 10.0;

/// One bar of the map.
#[derive(Debug, Clone, Copy)]
struct Point {
    bar: usize,
    at: [f64; 2],
    regime: Option<usize>,
    outlier: bool,
    forward_return: f64,
}

/// The bars of a slice in the latent plane.
#[derive(Debug)]
pub(super) struct Points {
    slice: Slice,
    /// In order of time.
    list: Vec<Point>,
    bounds: [(f64, f64); 2],
    /// Bars per regime, thinned or not.
    counts: Vec<usize>,
    bars: usize,
    outliers: usize,
    /// 95 % of the forward returns are smaller in size: the full colour.
    scale: f64,
}

impl Points {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(super) fn new(run: &RunView, slice: Slice) -> Self {
        let range = run.card.as_ref().map_or(0..0, |card| card.slices.range(slice));
        let first = run.latent.partition_point(|point| point.bar < range.start);
        let last = run.latent.partition_point(|point| point.bar < range.end);
        let all = &run.latent[first..last];
        let mut points = Self {
            slice,
            list: Vec::new(),
            bounds: [(0.0, 1.0); 2],
            counts: vec![0; run.regime_count()],
            bars: all.len(),
            outliers: 0,
            scale: 0.01,
        };
        let mut bounds = [(f64::INFINITY, f64::NEG_INFINITY); 2];
        for point in all {
            points.outliers += usize::from(point.outlier);
            if let Some(count) = point.regime.and_then(|regime| points.counts.get_mut(regime)) {
                *count += 1;
            }
            for (bound, value) in bounds.iter_mut().zip(point.at) {
                *bound = (bound.0.min(value), bound.1.max(value));
            }
        }
        points.bounds = bounds.map(|(low, high)| (low - 0.04 * (high - low), high + 0.04 * (high - low)));
        points.list = all
            .iter()
            .step_by(all.len().div_ceil(MOST).max(1))
            .map(|point| Point {
                bar: point.bar,
                at: point.at,
                regime: point.regime,
                outlier: point.outlier,
                forward_return: run.labels.forward_return.get(point.bar).copied().unwrap_or(f64::NAN),
            })
            .collect();
        let mut sizes: Vec<f64> =
            points.list.iter().map(|p| p.forward_return.abs()).filter(|size| size.is_finite()).collect();
        sizes.sort_by(f64::total_cmp);
        // The largest twentieth saturates.
        if let Some(size) = sizes.get(sizes.len() * 19 / 20) {
            points.scale = size.max(1e-6);
        }
        points
    }

    pub(super) fn ui(
        &self,
        ui: &mut egui::Ui,
        run: &RunView,
        coloring: Coloring,
        zoom: &mut Zoom,
        height: f32,
        state: &AppState,
        commands: &mut Commands,
    ) {
        let width = ui.available_width();
        let legend = if width >= 300.0 { 116.0 } else { 0.0 };
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = 0.0;
            let room = PlotRoom::new(ui, "Latent space", vec2(width - legend, height));
            let (x, y) = (room.x(&mut zoom.x, self.bounds[0]), room.y(&mut zoom.y, self.bounds[1]));
            let axes = room.axes(x, y);
            self.draw(ui, run, coloring, &axes, state, commands);
            if legend > 0.0 {
                ui.vertical(|ui| self.legend(ui, coloring, legend, state, commands));
            }
        });
    }

    fn draw(
        &self,
        ui: &egui::Ui,
        run: &RunView,
        coloring: Coloring,
        axes: &Axes,
        state: &AppState,
        commands: &mut Commands,
    ) {
        axes.grid(ui, 1.0, 1.0);
        let painter = axes.painter(ui);
        let pointer = axes.response.hover_pos();
        let mut nearest: Option<(f32, Point)> = None;
        for point in &self.list {
            let at = axes.at(point.at[0], point.at[1]);
            if !axes.rect.contains(at) {
                continue;
            }
            let passes = state.shows_regime(point.regime);
            let pointed = state.hover.regime.is_none_or(|regime| point.regime == Some(regime));
            let strength = if passes && pointed { 0.85 } else { 0.14 };
            let color = self.color(point, coloring).gamma_multiply(strength);
            painter.circle_filled(at, 2.0, color);
            if point.outlier {
                let stroke = Stroke::new(1.0, theme::WEAK.gamma_multiply(strength));
                for (dx, dy) in [(3.5, 3.5), (3.5, -3.5)] {
                    painter.line_segment([at - vec2(dx, dy), at + vec2(dx, dy)], stroke);
                }
            }
            let distance =
                pointer.map_or(f32::INFINITY, |pointer| at.distance(pointer) + if passes { 0.0 } else { 4.0 });
            if distance < REACH && nearest.is_none_or(|(best, _)| distance < best) {
                nearest = Some((distance, *point));
            }
        }
        let ring = |bar: usize, color: Color32| {
            if let Ok(found) = self.list.binary_search_by_key(&bar, |point| point.bar) {
                let [x, y] = self.list[found].at;
                painter.circle_stroke(axes.at(x, y), 5.5, Stroke::new(1.5, color));
            }
        };
        if let Some(bar) = state.selection.bar {
            ring(bar, theme::STRONG);
        }
        if let Some(bar) = state.hover.bar {
            ring(bar, theme::ACCENT);
        }
        let share = |i: usize| {
            let explained = run.regimes.as_ref().and_then(|r| r.explained.get(i)).copied().unwrap_or(f64::NAN);
            format!("component {} · {}", i + 1, percent(explained, 0))
        };
        axes.captions(ui, &share(0), &share(1));
        let thinned = if self.list.len() < self.bars {
            format!(", {} drawn", grouped(self.list.len() as f64, 0))
        } else {
            String::new()
        };
        let count =
            format!("{}: {} bars{thinned}, {} outliers", self.slice, grouped(self.bars as f64, 0), self.outliers);
        // Below the caption where both do not fit beside each other.
        let down = if axes.rect.width() < 320.0 { 16.0 } else { 2.0 };
        painter.text(axes.rect.right_top() + vec2(-4.0, down), Align2::RIGHT_TOP, count, theme::small(), theme::WEAK);
        if let Some((_, point)) = nearest {
            commands.hover.bar = Some(point.bar);
            commands.hover.regime = point.regime;
            tip(&axes.response, &describe(run, &point));
            if axes.response.clicked() {
                let filters = ui.input(|input| input.modifiers.command);
                match point.regime.filter(|_| filters) {
                    Some(regime) => commands.push(Command::ToggleRegime(regime)),
                    None => commands.push(Command::SelectBar { bar: point.bar, center: true }),
                }
            }
        }
    }

    fn color(&self, point: &Point, coloring: Coloring) -> Color32 {
        match (coloring, point.regime) {
            (Coloring::Regime, Some(regime)) => theme::regime(regime),
            (Coloring::Return, _) if point.forward_return.is_finite() => {
                let share = (point.forward_return / self.scale).clamp(-1.0, 1.0);
                // The middle stays visible on the panel.
                theme::WEAK.lerp_to_gamma(theme::signed(share), share.abs() as f32)
            }
            _ => theme::WEAK,
        }
    }

    fn legend(&self, ui: &mut egui::Ui, coloring: Coloring, width: f32, state: &AppState, commands: &mut Commands) {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.add_space(4.0);
        if coloring == Coloring::Return {
            let (rect, _) = ui.allocate_exact_size(vec2(width, 34.0), Sense::hover());
            let bar = egui::Rect::from_min_size(rect.min + vec2(4.0, 2.0), vec2(width - 8.0, 8.0));
            const STEPS: usize = 24;
            for i in 0..STEPS {
                let share = 2.0 * (i as f64 + 0.5) / STEPS as f64 - 1.0;
                let step = vec2(bar.width() / STEPS as f32, bar.height());
                let cell = egui::Rect::from_min_size(bar.min + vec2(i as f32 * step.x, 0.0), step);
                let color = theme::WEAK.lerp_to_gamma(theme::signed(share), share.abs() as f32);
                ui.painter().rect_filled(cell, 0.0, color);
            }
            for (anchor, x, text) in [
                (Align2::LEFT_TOP, bar.left(), signed_percent(-self.scale, 1)),
                (Align2::RIGHT_TOP, bar.right(), signed_percent(self.scale, 1)),
            ] {
                let place = egui::pos2(x, bar.bottom() + 3.0);
                ui.painter().text(place, anchor, text, theme::small(), theme::WEAK);
            }
        }
        let known: usize = self.counts.iter().sum();
        for (regime, &count) in self.counts.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(vec2(width, 20.0), Sense::click());
            let pinned = state.selection.regimes.contains(&regime);
            let share = if known == 0 { f64::NAN } else { count as f64 / known as f64 };
            let text = format!("{} n {}", percent(share, 0), grouped(count as f64, 0));
            response.widget_info(|| {
                let name = format!("Filter {}, {text}", theme::regime_name(regime));
                egui::WidgetInfo::selected(egui::Role::Button, true, pinned, name)
            });
            if pinned {
                ui.painter().rect_filled(rect, 2.0, theme::ACCENT.gamma_multiply(0.22));
            } else if response.hovered() || state.hover.regime == Some(regime) {
                ui.painter().rect_filled(rect, 2.0, theme::RAISED);
            }
            let dim = if state.shows_regime(Some(regime)) { 1.0 } else { 0.4 };
            let color = |color: Color32| color.gamma_multiply(dim);
            let middle = rect.left_center();
            let square = egui::Rect::from_center_size(middle + vec2(9.0, 0.0), vec2(8.0, 8.0));
            ui.painter().rect_filled(square, 2.0, color(theme::regime(regime)));
            let font = egui::FontId::proportional(11.5);
            ui.painter().text(
                middle + vec2(18.0, 0.0),
                Align2::LEFT_CENTER,
                regime.to_string(),
                font,
                color(theme::TEXT),
            );
            let place = rect.right_center() - vec2(4.0, 0.0);
            ui.painter().text(place, Align2::RIGHT_CENTER, &text, theme::small(), color(theme::WEAK));
            regime_gestures(&response, regime, commands);
        }
    }
}

fn describe(run: &RunView, point: &Point) -> Vec<(String, Color32)> {
    let bar = run.collected.series.bars().get(point.bar);
    let time = bar.map_or_else(String::new, |bar| short_time(bar.timestamp, run.collected.series.timeframe.millis()));
    let mut lines = vec![(time, theme::STRONG)];
    if let Some(regime) = point.regime {
        let p = run.forecast.as_ref().and_then(|f| f.regime_p.get(regime)?.get(point.bar).copied());
        let p = p.filter(|p| p.is_finite()).map_or_else(String::new, |p| format!("  p {p:.2}"));
        lines.push((format!("{}{p}", theme::regime_name(regime)), theme::regime(regime)));
    }
    let horizon = run.labels.horizon;
    let after = signed_percent(point.forward_return, 2);
    lines.push((format!("return over {horizon} bars {after}"), theme::signed(point.forward_return)));
    if point.outlier {
        lines.push(("outlier: unlike the training bars".to_owned(), theme::WARN));
    }
    lines
}
