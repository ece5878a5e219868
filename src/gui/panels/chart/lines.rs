use eframe::egui;
use std::collections::BTreeMap;

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, pos2};

use super::axes::price;
use super::scale::Scale;
use crate::gui::indicators::{ChartLine, LineState, Place, Values, is_price};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{MinMax, figure, grouped};
use crate::indicators::{Kind, Unit};

pub(super) fn color(line: &ChartLine) -> Color32 {
    theme::LINES[line.color % theme::LINES.len()]
}

/// Search trees of the lines on the chart by name, each with the stamp of the values it was made of.
pub(super) type Trees = BTreeMap<String, (u64, MinMax)>;

/// A line with what is to be drawn of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shown<'a> {
    pub(super) line: &'a ChartLine,
    pub(super) state: LineState<'a>,
}

impl<'a> Shown<'a> {
    fn values(&self) -> Option<Values<'a>> {
        if let LineState::Ready(values, _) = self.state { Some(values) } else { None }
    }

    fn tree<'t>(&self, trees: &'t Trees) -> Option<(Values<'a>, &'t MinMax)> {
        Some((self.values()?, &trees.get(&self.line.name)?.1))
    }

    /// The value at a bar as text, or why there is none.
    pub(super) fn text(&self, bar: usize) -> String {
        match &self.state {
            LineState::Ready(values, waits) => {
                let value = values.bars.get(bar).copied().unwrap_or(f64::NAN);
                let text = if value.is_nan() {
                    "missing".to_owned()
                } else if is_price(values.unit) {
                    price(value)
                } else if value.fract() == 0.0 {
                    grouped(value, 0)
                } else {
                    figure(value)
                };
                if *waits { format!("{text} …") } else { text }
            }
            LineState::Computing => "computing".to_owned(),
            LineState::Failed(_) => "not drawn".to_owned(),
        }
    }
}

/// All lines by where they are drawn.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    /// On the axis of prices, and lines that are not there yet.
    pub(super) over: Vec<Shown<'a>>,
    /// Over the candles, scaled to the height.
    pub(super) scaled: Vec<Shown<'a>>,
    /// Below the candles.
    pub(super) panes: Vec<Vec<Shown<'a>>>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(lines: impl Iterator<Item = &'a ChartLine>, state: &'a AppState) -> Self {
        let mut plan = Self::default();
        let mut keys: Vec<Option<(&str, Unit)>> = Vec::new();
        for line in lines {
            let shown = Shown { line, state: state.line_state(line) };
            let unit = shown.values().map(|values| values.unit).or_else(|| declared(line));
            match (unit, line.place) {
                (None, _) => plan.over.push(shown),
                (Some(unit), Place::Auto | Place::Over) if is_price(unit) => plan.over.push(shown),
                (_, Place::Over) => plan.scaled.push(shown),
                (Some(unit), Place::Auto) => {
                    let key = Some((line.indicator(), unit));
                    if let Some(pane) = keys.iter().position(|known| *known == key) {
                        plan.panes[pane].push(shown);
                    } else {
                        keys.push(key);
                        plan.panes.push(vec![shown]);
                    }
                }
                (_, Place::Own) => {
                    keys.push(None);
                    plan.panes.push(vec![shown]);
                }
            }
        }
        plan
    }

    fn all(&self) -> impl Iterator<Item = &Shown<'a>> {
        self.over.iter().chain(&self.scaled).chain(self.panes.iter().flatten())
    }

    /// Makes the search trees that are missing and drops those of lines that are gone.
    pub(super) fn trees(&self, trees: &mut Trees) {
        trees.retain(|name, _| self.all().any(|shown| shown.line.name == *name));
        for shown in self.all() {
            let Some(values) = shown.values() else { continue };
            if trees.get(&shown.line.name).is_none_or(|(stamp, _)| *stamp != values.stamp) {
                let tree = MinMax::new(values.bars.len(), |i| (values.bars[i], values.bars[i]));
                trees.insert(shown.line.name.clone(), (values.stamp, tree));
            }
        }
    }

    /// Lines over the candles.
    pub(super) fn draw_over(&self, painter: &Painter, scale: &Scale, plot: Rect, trees: &Trees) {
        for shown in &self.scaled {
            let Some((values, tree)) = shown.tree(trees) else { continue };
            let Some((low, high)) = range(scale, values, tree) else { continue };
            let own = scale.with_range(plot.shrink2(egui::vec2(0.0, 0.06 * plot.height())), low, high);
            draw(painter, &own, values.bars, tree, color(shown.line));
        }
        for shown in &self.over {
            if let Some((values, tree)) = shown.tree(trees) {
                draw(painter, scale, values.bars, tree, color(shown.line));
            }
        }
    }
}

fn declared(line: &ChartLine) -> Option<Unit> {
    let instance = line.instance.as_ref()?;
    instance.definition().lines.iter().find(|spec| spec.name == line.line()).map(|spec| spec.unit)
}

/// Bounds of the unit, else of the values in view.
fn range(scale: &Scale, values: Values<'_>, tree: &MinMax) -> Option<(f64, f64)> {
    match values.unit.kind {
        Kind::Bounded { lo, hi } => Some((lo, hi)),
        Kind::Flag => Some((-1.0, 1.0)),
        _ => {
            let (low, high) = tree.range(scale.shown(), |i| (values.bars[i], values.bars[i]))?;
            let margin = if high > low { 0.0 } else { high.abs().max(1e-9) * 0.1 };
            Some((low - margin, high + margin))
        }
    }
}

/// One pane with guides: the bounds of bounded lines, else least and largest value in view, and 0 between them.
pub(super) fn pane(painter: &Painter, scale: &Scale, rect: Rect, lines: &[Shown<'_>], trees: &Trees) {
    painter.hline(rect.x_range(), rect.top(), Stroke::new(1.0, theme::LINE));
    let ranges = lines.iter().filter_map(|shown| {
        let (values, tree) = shown.tree(trees)?;
        range(scale, values, tree)
    });
    let Some((low, high)) = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else { return };
    // The legend stands above the lines where there is room for it.
    let top = if rect.height() > 56.0 { super::legend::ROW } else { 7.0 };
    let inner = Rect::from_min_max(rect.min + egui::vec2(0.0, top), rect.max - egui::vec2(0.0, 7.0));
    let scale = scale.with_range(inner, low, high);
    let clipped = painter.with_clip_rect(rect);
    let zero = (low < 0.0 && high > 0.0).then_some(0.0);
    for value in [Some(low), zero, Some(high)].into_iter().flatten() {
        let y = scale.y(value);
        let between = value == 0.0 && value != low && value != high;
        if between && (y - inner.top() < 11.0 || inner.bottom() - y < 11.0) {
            continue;
        }
        clipped.extend(Shape::dashed_line(
            &[pos2(rect.left(), y), pos2(rect.right(), y)],
            Stroke::new(1.0, theme::LINE),
            4.0,
            4.0,
        ));
        let text = if value.abs() >= 1e6 { super::axes::compact(value) } else { short(value) };
        let right = rect.right() + super::AXIS_WIDTH - 4.0;
        painter.text(pos2(right, y), Align2::RIGHT_CENTER, text, theme::small(), theme::WEAK);
    }
    for shown in lines {
        if let Some((values, tree)) = shown.tree(trees) {
            draw(&clipped, &scale, values.bars, tree, color(shown.line));
        }
    }
}

/// A round number as it is, any other with four digits.
fn short(value: f64) -> String {
    if value.fract() == 0.0 { grouped(value, 0) } else { figure(value) }
}

/// Values joined by lines, least and largest of each column when bars are narrower than a point; missing values break it.
fn draw(painter: &Painter, scale: &Scale, values: &[f64], tree: &MinMax, color: Color32) {
    let stroke = Stroke::new(1.3, color);
    let mut run: Vec<Pos2> = Vec::new();
    let flush = |run: &mut Vec<Pos2>| {
        if run.len() > 1 {
            painter.add(Shape::line(std::mem::take(run), stroke));
        }
        run.clear();
    };
    let at = |i: usize| (values[i], values[i]);
    for (x, group) in scale.columns() {
        match tree.range(group, at) {
            Some((low, high)) if low == high => run.push(pos2(x, scale.y(low))),
            Some((low, high)) => run.extend([pos2(x, scale.y(low)), pos2(x, scale.y(high))]),
            None => flush(&mut run),
        }
    }
    flush(&mut run);
}
