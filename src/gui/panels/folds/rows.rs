use std::ops::Range;

use eframe::egui::{self, Align2, Color32, Painter, Rect, Stroke, vec2};

use super::name;
use crate::dataset::{Fold, LeftOut, Slice};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{PlotRoom, Zoom, short_time, thousands, time_ticks, tip};
use crate::tasks::{FoldsView, RunView};

const ROW: f32 = 22.0;
/// Least width of a stretch left out at a boundary, however few its bars.
const TICK: f32 = 2.0;
/// Points between the lines of a hatch.
const HATCH: f32 = 5.0;

/// Left out because of another slice, not because of where the series begins and ends.
pub(super) fn is_boundary(reason: LeftOut) -> bool {
    matches!(reason, LeftOut::Purged { .. } | LeftOut::Embargo { .. } | LeftOut::ReadsTest { .. })
}

/// One row per fold over a common axis of time.
pub(super) fn ui(
    ui: &mut egui::Ui,
    run: &RunView,
    view: &FoldsView,
    zoom: &mut Zoom,
    state: &AppState,
    commands: &mut Commands,
) {
    let (bars, frame) = (run.collected.series.bars(), run.collected.series.timeframe.millis());
    let size = vec2(ui.available_width() - 8.0, ROW * view.folds.len() as f32 + 26.0);
    let room = PlotRoom::new(ui, "Slices over time", size);
    let x = room.x(&mut zoom.x, (0.0, view.bars as f64));
    let axes = room.axes(x, (0.0, 1.0));
    let (first, last) = (x.0.max(0.0) as usize, (x.1.max(0.0) as usize).min(bars.len()));
    let spacing = 90.0 * (x.1 - x.0) / f64::from(axes.rect.width());
    let ticks = time_ticks(&|bar| bars[bar].timestamp, first.min(last), last, spacing.max(1.0));
    axes.grid_x(ui, &ticks.into_iter().map(|(bar, text)| (bar as f64, text)).collect::<Vec<_>>());
    let painter = axes.painter(ui);
    let row = |i: usize| {
        let top = axes.rect.top() + ROW * i as f32;
        Rect::from_min_max(egui::pos2(axes.rect.left(), top + 2.0), egui::pos2(axes.rect.right(), top + ROW - 2.0))
    };
    for (i, fold) in view.folds.iter().enumerate() {
        let place = |range: &Range<usize>| {
            Rect::from_x_y_ranges(axes.x_at(range.start as f64)..=axes.x_at(range.end as f64), row(i).y_range())
        };
        draw(&painter, fold, &place);
        let at = row(i).left_center() - vec2(6.0, 0.0);
        ui.painter().text(at, Align2::RIGHT_CENTER, short(fold, i), theme::small(), theme::WEAK);
    }
    if let Some(bar) = state.cursor() {
        painter.vline(axes.x_at(bar as f64 + 0.5), axes.rect.y_range(), Stroke::new(1.0, theme::STRONG));
    }
    let Some(at) = axes.response.hover_pos() else { return };
    let bar = axes.x_of(at.x).max(0.0) as usize;
    let number = ((at.y - axes.rect.top()) / ROW).max(0.0) as usize;
    let Some((fold, found)) = view.folds.get(number).zip(bars.get(bar)) else { return };
    commands.hover.bar = Some(bar);
    let title =
        format!("fold {} · {} · bar {}", name(fold, number), short_time(found.timestamp, frame), thousands(bar));
    tip(&axes.response, &[(title, theme::STRONG), words(fold, bar)]);
    if axes.response.clicked() {
        commands.push(Command::SelectBar { bar, center: true });
    }
}

fn short(fold: &Fold, i: usize) -> String {
    match fold.test_groups.as_slice() {
        [] => (i + 1).to_string(),
        groups => groups.iter().map(|group| (group + 1).to_string()).collect::<Vec<_>>().join("·"),
    }
}

fn words(fold: &Fold, bar: usize) -> (String, Color32) {
    match (fold.slice_of(bar), fold.why_left_out(bar)) {
        (Some(slice), _) => (format!("{}  {slice}", slice.letter()), theme::lighten(theme::slice(slice))),
        (None, Some(why)) => (why, theme::WARN),
        (None, None) => ("in no slice".to_owned(), theme::WEAK),
    }
}

fn draw(painter: &Painter, fold: &Fold, place: &dyn Fn(&Range<usize>) -> Rect) {
    for slice in Slice::ALL {
        let color = theme::slice(slice);
        for range in fold.ranges(slice) {
            let rect = place(range);
            painter.rect_filled(rect, 2.0, color.gamma_multiply(0.75));
            if rect.intersect(painter.clip_rect()).width() > 16.0 {
                let at = rect.intersect(painter.clip_rect()).left_center() + vec2(4.0, 0.0);
                painter.text(at, Align2::LEFT_CENTER, slice.letter(), theme::small(), theme::STRONG);
            }
        }
    }
    for (range, reason) in &fold.left_out {
        let mut rect = place(range);
        if !is_boundary(*reason) {
            painter.rect_filled(rect, 0.0, theme::RAISED);
            continue;
        }
        rect.set_width(rect.width().max(TICK));
        painter.rect_filled(rect, 0.0, theme::BACKGROUND);
        hatch(painter, rect);
    }
}

/// Slanted lines over `rect`.
fn hatch(painter: &Painter, rect: Rect) {
    let rect = rect.intersect(painter.clip_rect());
    if rect.width() <= 0.0 {
        return;
    }
    let painter = painter.with_clip_rect(rect);
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        let ends = [egui::pos2(x, rect.bottom()), egui::pos2(x + rect.height(), rect.top())];
        painter.line_segment(ends, Stroke::new(1.0, theme::WARN.gamma_multiply(0.8)));
        x += HATCH;
    }
    painter.rect_stroke(rect, 0.0, Stroke::new(1.0, theme::WARN.gamma_multiply(0.5)), egui::StrokeKind::Inside);
}
