use eframe::egui::{self, Align2, Color32, Stroke, vec2};

use super::controls::edit;
use crate::config::{LabelMode, LabelsConfig};
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{PlotRoom, labelled, thousands, tip};
use crate::tasks::LabelsView;

/// How near the pointer must be to take a threshold, in points.
const NEAR: f32 = 6.0;

/// A line that can be dragged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threshold {
    Entry,
    Exit,
}

/// Places of the thresholds on the axis of expected moves, as far as the mode has such.
fn places(labels: &LabelsConfig, cost: f64) -> Option<(f64, f64)> {
    match labels.mode {
        LabelMode::Volatility => Some((labels.entry_k + cost, -labels.exit_k)),
        LabelMode::TripleBarrier => Some((labels.barrier_width, -labels.barrier_width)),
        LabelMode::Fixed | LabelMode::Context => None,
    }
}

fn moved(labels: &LabelsConfig, which: Threshold, place: f64, cost: f64) -> LabelsConfig {
    let round = |x: f64| (x.max(0.0) * 100.0).round() / 100.0;
    let mut labels = labels.clone();
    match (labels.mode, which) {
        (LabelMode::TripleBarrier, _) => labels.barrier_width = round(place.abs()).max(0.01),
        (_, Threshold::Entry) => labels.entry_k = round(place - cost),
        (_, Threshold::Exit) => labels.exit_k = round(-place),
    }
    labels
}

/// Forward returns in expected moves, with the thresholds to drag.
pub(super) fn ui(
    ui: &mut egui::Ui,
    view: &LabelsView,
    size: egui::Vec2,
    dragged: &mut Option<Threshold>,
    state: &AppState,
    commands: &mut Commands,
) {
    let histogram = &view.histogram;
    let high = histogram.low + histogram.width * histogram.counts.len() as f64;
    let most = histogram.counts.iter().copied().max().unwrap_or(0);
    let room = PlotRoom::new(ui, "Forward returns", size);
    let axes = room.axes((histogram.low, high), (0.0, 1.08 * most as f64));
    axes.grid_y(ui, &labelled(&axes.y_ticks(), 1.0));
    axes.grid_x(ui, &labelled(&axes.x_ticks(), 1.0));
    let painter = axes.painter(ui);
    let now = &state.config.labels;
    let places = places(now, view.cost_moves);
    for (i, &count) in histogram.counts.iter().enumerate() {
        let (from, to) = (histogram.low + i as f64 * histogram.width, histogram.low + (i + 1) as f64 * histogram.width);
        let middle = f64::midpoint(from, to);
        let color = match places {
            Some((entry, _)) if middle > entry => theme::UP,
            Some((_, exit)) if middle < exit => theme::DOWN,
            _ => theme::WEAK,
        };
        let bar = egui::Rect::from_two_pos(axes.at(from, 0.0), axes.at(to, count as f64));
        painter.rect_filled(bar.shrink2(vec2(0.5, 0.0)), 0.0, color.gamma_multiply(0.6));
    }
    axes.captions(ui, "return in expected moves", "bars");
    let pointer = axes.response.interact_pointer_pos().or(axes.response.hover_pos());
    if let Some((entry, exit)) = places {
        let near = |at: f32| {
            [(Threshold::Entry, entry), (Threshold::Exit, exit)]
                .into_iter()
                .map(|(which, place)| (which, (axes.x_at(place) - at).abs()))
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .filter(|(_, away)| *away < NEAR)
                .map(|(which, _)| which)
        };
        let origin = ui.input(|input| input.pointer.press_origin());
        if axes.response.drag_started() {
            *dragged = origin.and_then(|at| near(at.x));
        }
        let hovered = axes.response.hover_pos().and_then(|at| near(at.x));
        if let (Some(which), Some(at), true) = (*dragged, pointer, axes.response.dragged()) {
            let labels = moved(now, which, axes.x_of(at.x), view.cost_moves);
            if labels != *now {
                edit(state, labels, commands);
            }
        }
        if !axes.response.dragged() {
            *dragged = None;
        }
        if dragged.or(hovered).is_some() {
            ui.ctx().set_cursor_icon(egui::CursorIcon::ResizeHorizontal);
        }
        for (which, place, color, word) in
            [(Threshold::Entry, entry, theme::UP, "entry"), (Threshold::Exit, exit, theme::DOWN, "exit")]
        {
            let strong = dragged.or(hovered) == Some(which);
            let x = axes.x_at(place);
            painter.vline(x, axes.rect.y_range(), Stroke::new(if strong { 2.5 } else { 1.5 }, theme::lighten(color)));
            let (anchor, side) =
                if which == Threshold::Entry { (Align2::LEFT_TOP, 4.0) } else { (Align2::RIGHT_TOP, -4.0) };
            let at = egui::pos2(x + side, axes.rect.top() + 2.0);
            painter.text(at, anchor, format!("{word} {place:+.2}"), theme::small(), theme::lighten(color));
        }
    }
    if dragged.is_none()
        && let Some(at) = axes.response.hover_pos()
    {
        let bin = ((axes.x_of(at.x) - histogram.low) / histogram.width).max(0.0) as usize;
        if let Some(count) = histogram.counts.get(bin) {
            tip(&axes.response, &bin_words(histogram.low + bin as f64 * histogram.width, histogram.width, *count));
        }
    }
}

fn bin_words(from: f64, width: f64, count: usize) -> Vec<(String, Color32)> {
    vec![
        (format!("{from:+.2} to {:+.2} expected moves", from + width), theme::STRONG),
        (format!("{} bars", thousands(count)), theme::TEXT),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dragged_threshold_ends_where_it_was_let_go() {
        let labels = LabelsConfig { mode: LabelMode::Volatility, ..LabelsConfig::default() };
        let entry = moved(&labels, Threshold::Entry, 0.81, 0.06);
        assert_eq!((entry.entry_k, entry.exit_k), (0.75, labels.exit_k));
        assert!((places(&entry, 0.06).unwrap().0 - 0.81).abs() < 1e-12);
        let exit = moved(&labels, Threshold::Exit, -1.3, 0.06);
        assert_eq!(places(&exit, 0.06).unwrap().1, -1.3);
        assert_eq!(moved(&labels, Threshold::Exit, 0.4, 0.06).exit_k, 0.0, "not beyond 0");
        let barrier = LabelsConfig { mode: LabelMode::TripleBarrier, ..labels };
        assert_eq!(places(&moved(&barrier, Threshold::Exit, -2.0, 0.0), 0.0), Some((2.0, -2.0)));
        assert_eq!(places(&LabelsConfig { mode: LabelMode::Fixed, ..barrier }, 0.0), None);
    }
}
