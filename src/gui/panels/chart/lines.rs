use eframe::egui;
use std::collections::BTreeMap;

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::axes::price;
use super::scale::Scale;
use crate::gui::theme;
use crate::gui::widgets::MinMax;
use crate::indicators::{Kind, Line};
use crate::tasks::RunView;

pub(super) fn color(i: usize) -> Color32 {
    theme::LINES[i % theme::LINES.len()]
}

/// True if the line has an axis of its own below the candles.
pub(super) fn is_lower(run: &RunView, name: &str) -> bool {
    run.collected.lines.get(name).is_some_and(|line| !(line.unit.kind == Kind::Level && line.unit.price == 1))
}

/// Lines on the price axis.
pub(super) fn over(
    painter: &Painter,
    scale: &Scale,
    run: &RunView,
    names: &[String],
    trees: &BTreeMap<String, MinMax>,
) {
    for (i, name) in names.iter().enumerate().filter(|(_, name)| !is_lower(run, name)) {
        if let (Some(line), Some(tree)) = (run.collected.lines.get(name), trees.get(name)) {
            draw(painter, scale, line, tree, color(i));
        }
    }
}

/// Lines on an axis of their own, with their names.
pub(super) fn below(
    painter: &Painter,
    scale: &Scale,
    rect: Rect,
    run: &RunView,
    names: &[String],
    trees: &BTreeMap<String, MinMax>,
) {
    painter.hline(rect.x_range(), rect.top(), Stroke::new(1.0, theme::LINE));
    let lower: Vec<(usize, &Line, &MinMax)> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| is_lower(run, name))
        .filter_map(|(i, name)| Some((i, run.collected.lines.get(name)?, trees.get(name)?)))
        .collect();
    let mut range: Option<(f64, f64)> = None;
    for (_, line, tree) in &lower {
        let own = match line.unit.kind {
            Kind::Bounded { lo, hi } => Some((lo, hi)),
            _ => tree.range(scale.shown(), |i| (line.values[i], line.values[i])),
        };
        range = match (range, own) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.max(b.1))),
            (a, b) => a.or(b),
        };
    }
    let Some((low, high)) = range.filter(|(low, high)| high > low) else { return };
    let inner = rect.shrink2(egui::vec2(0.0, 8.0));
    let scale = scale.with_range(inner, low, high);
    let clipped = painter.with_clip_rect(rect);
    for share in [0.3, 0.7] {
        let value = low + share * (high - low);
        let y = scale.y(value);
        clipped.extend(Shape::dashed_line(
            &[pos2(rect.left(), y), pos2(rect.right(), y)],
            Stroke::new(1.0, theme::LINE),
            4.0,
            4.0,
        ));
        painter.text(
            pos2(rect.right() + super::AXIS_WIDTH - 4.0, y),
            Align2::RIGHT_CENTER,
            price(value),
            theme::small(),
            theme::WEAK,
        );
    }
    let mut x = rect.left() + 4.0;
    for (i, line, tree) in lower {
        draw(&clipped, &scale, line, tree, color(i));
        let text = painter.text(pos2(x, rect.top() + 3.0), Align2::LEFT_TOP, &line.name, theme::small(), color(i));
        x = text.right() + 12.0;
    }
}

/// Values joined by lines, least and largest of each column when bars are narrower than a point; missing values break it.
fn draw(painter: &Painter, scale: &Scale, line: &Line, tree: &MinMax, color: Color32) {
    let stroke = Stroke::new(1.3, color);
    let mut run: Vec<Pos2> = Vec::new();
    let flush = |run: &mut Vec<Pos2>| {
        if run.len() > 1 {
            painter.add(Shape::line(std::mem::take(run), stroke));
        }
        run.clear();
    };
    let at = |i: usize| (line.values[i], line.values[i]);
    for (x, group) in scale.columns() {
        match tree.range(group, at) {
            Some((low, high)) if low == high => run.push(pos2(x, scale.y(low))),
            Some((low, high)) => run.extend([pos2(x, scale.y(low)), pos2(x, scale.y(high))]),
            None => flush(&mut run),
        }
    }
    flush(&mut run);
}
