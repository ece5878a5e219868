use std::collections::BTreeSet;
use std::ops::Range;

use eframe::egui::{self, Align2, Color32, Pos2, Stroke, vec2};
use serde::{Deserialize, Serialize};

use super::strategy_color;
use crate::backtest::underwater;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{
    Axes, MinMax, PlotRoom, Zoom, grouped, labelled, percent, price_ticks, short_time, signed_percent, time_ticks, tip,
};
use crate::tasks::{FilteredBacktest, RunView};

/// How the curves are looked at.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Look {
    log: bool,
    zoom: Zoom,
    /// Strategies whose curves are hidden.
    hidden: BTreeSet<String>,
}

/// A series over the backtested bars that can be drawn at any zoom.
#[derive(Debug, Default)]
struct Line {
    values: Vec<f64>,
    tree: MinMax,
}

impl Line {
    fn new(values: Vec<f64>) -> Self {
        Self { tree: MinMax::new(values.len(), |i| (values[i], values[i])), values }
    }

    fn range(&self, range: Range<usize>) -> Option<(f64, f64)> {
        self.tree.range(range, |i| (self.values[i], self.values[i]))
    }

    /// Points on the screen: every value where there is room, else the least and largest per column.
    fn points(&self, axes: &Axes, seen: Range<usize>, first: usize, scale: impl Fn(f64) -> f64) -> Vec<Pos2> {
        let columns = (axes.rect.width() as usize).max(1);
        let x = |i: usize| (first + i) as f64;
        if seen.len() <= 2 * columns {
            return seen.map(|i| axes.at(x(i), scale(self.values[i]))).collect();
        }
        let mut points = Vec::with_capacity(2 * columns);
        for column in 0..columns {
            let cut = |c: usize| seen.start + c * seen.len() / columns;
            let Some((low, high)) = self.range(cut(column)..cut(column + 1)) else { continue };
            let at = x(cut(column));
            let (a, b) = if column % 2 == 0 { (low, high) } else { (high, low) };
            points.extend([axes.at(at, scale(a)), axes.at(at, scale(b))]);
        }
        points
    }
}

#[derive(Debug)]
pub(super) struct Strategy {
    name: String,
    equity: Line,
    /// Fall from the peak so far, 0 and below; the starting cash is the first peak.
    drawdown: Line,
}

impl Strategy {
    /// The network's account with the trades that pass the filters alone.
    pub(super) fn filtered(name: String, backtest: &FilteredBacktest) -> Self {
        let equity = backtest.equity.iter().map(|point| point.equity).collect();
        Self { name, equity: Line::new(equity), drawdown: Line::new(backtest.drawdown.clone()) }
    }
}

/// Equity and drawdown of every strategy.
#[derive(Debug)]
pub(super) struct Curves {
    strategies: Vec<Strategy>,
    /// Bar of the first point.
    first: usize,
    len: usize,
    cash: f64,
}

impl Curves {
    pub(super) fn new(run: &RunView) -> Self {
        let cash = run.manifest.config.backtest.initial_cash;
        let start =
            run.simulations.iter().find_map(|simulation| simulation.equity.first()).map(|point| point.timestamp);
        let bars = run.collected.series.bars();
        let first = start.map_or(0, |start| bars.partition_point(|bar| bar.timestamp < start));
        let strategies: Vec<Strategy> = run
            .simulations
            .iter()
            .map(|simulation| {
                let equity: Vec<f64> = simulation.equity.iter().map(|point| point.equity).collect();
                let drawdown = underwater(cash, equity.iter().copied());
                Strategy { name: simulation.name.clone(), drawdown: Line::new(drawdown), equity: Line::new(equity) }
            })
            .collect();
        let len = strategies.iter().map(|strategy| strategy.equity.values.len()).max().unwrap_or(0);
        Self { strategies, first, len, cash }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Names with their growth at the cursor, else at the end; a click hides or shows a curve.
    pub(super) fn legend(&self, ui: &mut egui::Ui, filtered: Option<&Strategy>, look: &mut Look, state: &AppState) {
        let Look { log, hidden, .. } = look;
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 4.0;
            let at = state.cursor().and_then(|bar| bar.checked_sub(self.first)).filter(|i| *i < self.len);
            for (ink, strategy) in self.all(filtered) {
                let values = &strategy.equity.values;
                let value = at.map_or_else(|| values.last(), |i| values.get(i)).copied().unwrap_or(f64::NAN);
                let shown = !hidden.contains(&strategy.name);
                let color = if shown { ink } else { theme::LINE };
                let text = format!("{} {}", strategy.name, signed_percent(value / self.cash - 1.0, 1));
                let text = egui::RichText::new(text).font(theme::small()).color(theme::lighten(color));
                let button = egui::Button::new(text).frame(false);
                if ui.add(button).on_hover_text("Hide or show this curve").clicked() && !hidden.remove(&strategy.name) {
                    hidden.insert(strategy.name.clone());
                }
            }
            ui.toggle_value(log, egui::RichText::new("log").size(11.0)).on_hover_text("Logarithmic scale of equity");
        });
    }

    pub(super) fn ui(
        &self,
        ui: &mut egui::Ui,
        run: &RunView,
        filtered: Option<&Strategy>,
        look: &mut Look,
        height: f32,
        state: &AppState,
        commands: &mut Commands,
    ) {
        let Look { log, zoom, hidden } = look;
        let log = *log;
        let width = ui.available_width();
        let shown: Vec<(Color32, &Strategy)> =
            self.all(filtered).filter(|(_, strategy)| !hidden.contains(&strategy.name)).collect();
        let data = (self.first as f64, (self.first + self.len - 1) as f64);
        let equity = PlotRoom::new(ui, "Equity", vec2(width, (0.66 * height).max(110.0)));
        let drawdown = PlotRoom::new(ui, "Drawdown", vec2(width, (0.34 * height).max(80.0)));
        equity.x(&mut zoom.x, data);
        let x = drawdown.x(&mut zoom.x, data);
        let seen = self.seen(x);
        let scale = |value: f64| if log { value.max(1e-9).ln() } else { value };
        let range = bounds(&shown, &seen, |strategy| &strategy.equity, (self.cash, self.cash));
        let pad = 0.05 * (scale(range.1) - scale(range.0));
        let equity = equity.axes(x, (scale(range.0) - pad, scale(range.1) + pad));
        let ticks = price_ticks(range.0, range.1, ((equity.rect.height() / 36.0) as usize).clamp(2, 8));
        let marks: Vec<(f64, String)> =
            labelled(&ticks, 1.0).iter().map(|(tick, _)| (scale(*tick), grouped(*tick, 0))).collect();
        equity.grid_y(ui, &marks);
        let times = self.times(run, &equity, x);
        equity.grid_x(ui, &times);
        let painter = equity.painter(ui);
        trade_span(run, &equity, &painter, state);
        for (place, (color, strategy)) in shown.iter().enumerate().rev() {
            let points = strategy.equity.points(&equity, seen.clone(), self.first, scale);
            painter.line(points, Stroke::new(if place == 0 { 1.8 } else { 1.2 }, *color));
        }
        equity.captions(ui, "UTC", if log { "equity, log" } else { "equity" });
        let deepest = bounds(&shown, &seen, |strategy| &strategy.drawdown, (-0.01, 0.0));
        let drawdown = drawdown.axes(x, (1.08 * deepest.0, 0.0));
        drawdown.grid_y(ui, &labelled(&drawdown.y_ticks(), 100.0));
        drawdown.grid_x(ui, &times);
        let painter = drawdown.painter(ui);
        for (place, (color, strategy)) in shown.iter().enumerate().rev() {
            let points = strategy.drawdown.points(&drawdown, seen.clone(), self.first, |value| value);
            painter.line(points, Stroke::new(if place == 0 { 1.5 } else { 1.0 }, *color));
        }
        drawdown.captions(ui, "", "drawdown, % of the peak");
        for axes in [&equity, &drawdown] {
            if let Some(bar) = state.cursor() {
                axes.cursor(ui, bar as f64);
            }
            self.pointer(run, axes, &shown, commands);
        }
    }

    /// The filtered account first, then every strategy, faded beside it.
    fn all<'a>(&'a self, filtered: Option<&'a Strategy>) -> impl Iterator<Item = (Color32, &'a Strategy)> {
        let fade = if filtered.is_some() { 0.45 } else { 1.0 };
        let whole = self.strategies.iter().enumerate();
        let whole = whole.map(move |(place, strategy)| (strategy_color(place).gamma_multiply(fade), strategy));
        filtered.map(|strategy| (theme::lighten(theme::ACCENT), strategy)).into_iter().chain(whole)
    }

    /// Points within the horizontal bounds.
    fn seen(&self, x: (f64, f64)) -> Range<usize> {
        let place = |x: f64| ((x - self.first as f64).max(0.0) as usize).min(self.len);
        let from = place(x.0.floor());
        from..place(x.1.ceil() + 1.0).max(from)
    }

    fn times(&self, run: &RunView, axes: &Axes, x: (f64, f64)) -> Vec<(f64, String)> {
        let bars = run.collected.series.bars();
        let seen = self.seen(x);
        let (from, to) = ((self.first + seen.start).min(bars.len()), (self.first + seen.end).min(bars.len()));
        let spacing = (x.1 - x.0) / f64::from((axes.rect.width() / 92.0).max(1.0));
        time_ticks(&|i| bars[i].timestamp, from, to, spacing.max(1.0))
            .into_iter()
            .map(|(bar, label)| (bar as f64, label))
            .collect()
    }

    fn pointer(&self, run: &RunView, axes: &Axes, shown: &[(Color32, &Strategy)], commands: &mut Commands) {
        let Some(pointer) = axes.response.hover_pos() else { return };
        let last = self.first + self.len - 1;
        let bar = (axes.x_of(pointer.x).round().max(0.0) as usize).clamp(self.first, last);
        commands.hover.bar = Some(bar);
        if axes.response.clicked() {
            commands.push(Command::SelectBar { bar, center: true });
        }
        let time = run.collected.series.bars().get(bar).map_or(0, |bar| bar.timestamp);
        let mut lines: Vec<(String, Color32)> =
            vec![(short_time(time, run.collected.series.timeframe.millis()), theme::STRONG)];
        for &(color, strategy) in shown {
            let i = bar - self.first;
            let value = |line: &Line| line.values.get(i).copied().unwrap_or(f64::NAN);
            let (equity, fall) = (value(&strategy.equity), value(&strategy.drawdown));
            let text = format!("{:<13}{:>11}  down {:>7}", strategy.name, grouped(equity, 0), percent(-fall, 1));
            lines.push((text, color));
        }
        tip(&axes.response, &lines);
    }
}

/// Least and largest value seen, at least `least`.
fn bounds(
    shown: &[(Color32, &Strategy)],
    seen: &Range<usize>,
    line: impl Fn(&Strategy) -> &Line,
    least: (f64, f64),
) -> (f64, f64) {
    shown
        .iter()
        .filter_map(|(_, strategy)| {
            let line = line(strategy);
            line.range(seen.start.min(line.values.len())..seen.end.min(line.values.len()))
        })
        .fold(least, |(low, high), (l, h)| (low.min(l), high.max(h)))
}

/// The trade pointed at or selected, as a band from entry to exit.
fn trade_span(run: &RunView, axes: &Axes, painter: &egui::Painter, state: &AppState) {
    let Some(trade) = state.hover.trade.or(state.selection.trade).and_then(|i| run.trades().get(i)) else { return };
    let color = theme::signed(trade.pnl).gamma_multiply(0.25);
    let right = axes.x_at(trade.exit_bar as f64).max(axes.x_at(trade.entry_bar as f64) + 2.0);
    let band = egui::Rect::from_x_y_ranges(axes.x_at(trade.entry_bar as f64)..=right, axes.rect.y_range());
    painter.rect_filled(band, 0.0, color);
    let text = signed_percent(trade.net_return, 2);
    let place = egui::pos2(band.center().x, axes.rect.bottom() - 2.0);
    painter.text(place, Align2::CENTER_BOTTOM, text, theme::small(), theme::signed(trade.pnl));
}
