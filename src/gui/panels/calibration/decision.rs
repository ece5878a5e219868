use eframe::egui::{self, Align2, Color32, Stroke, vec2};

use crate::analysis::decision::{DecisionBoundary, DecisionGroup};
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{
    Axes, Head, Look, PLOT_MIN, PlotRoom, Rows, grouped, labelled, percent, percent_interval, plain_interval,
    signed_percent, signed_percent_interval, tip,
};
use crate::tasks::Filtered;
use crate::tasks::RunView;

pub(super) fn ui(
    ui: &mut egui::Ui,
    run: &RunView,
    filtered: Option<&Filtered>,
    room: egui::Vec2,
    state: &AppState,
    _commands: &mut Commands,
) {
    let decision = match filtered {
        Some(found) => found.decision.as_ref(),
        None => run.decision.as_ref(),
    };
    let Some(decision) = decision else {
        ui.add_space(8.0);
        ui.weak("The analysis left the decision boundary out");
        return;
    };
    summary(ui, decision, filtered.is_some(), state);
    let height = (0.3 * room.y).clamp(PLOT_MIN, 260.0);
    let horizon = run.labels.horizon;
    returns(ui, decision, vec2(room.x - 8.0, height), horizon);
    lift(ui, decision, vec2(room.x - 8.0, (0.26 * room.y).clamp(PLOT_MIN, 220.0)));
    table(ui, decision, filtered.is_some());
}

fn summary(ui: &mut egui::Ui, decision: &DecisionBoundary, filtered: bool, state: &AppState) {
    let ic = decision.rank_ic.map_or_else(|| "-".to_owned(), |ic| plain_interval(ic, 3));
    let told = decision.rank_ic.is_some_and(|ic| ic.low > 0.0);
    let known = decision.rank_ic.is_some_and(|ic| ic.low.is_finite());
    let meaning = match (known, told) {
        (true, true) => "higher probability went with higher returns",
        (true, false) => "no order that chance could not give",
        (false, _) => "interval only without a filter",
    };
    let bars = format!("n {}, worth {}", grouped(decision.n as f64, 0), grouped(decision.n_eff, 0));
    let of = if filtered { super::filter_words(&state.selection.regimes) } else { "test, out of sample".to_owned() };
    ui.label(format!("Rank correlation of probability and return {ic}: {meaning}"));
    ui.label(egui::RichText::new(format!("{of} · {bars} · cost {}", percent(decision.cost, 2))).color(theme::WEAK));
}

/// Mean forward return per decile with intervals.
fn returns(ui: &mut egui::Ui, decision: &DecisionBoundary, size: egui::Vec2, horizon: usize) {
    let bins = &decision.bins;
    let room = PlotRoom::new(ui, "Return by probability", size);
    let all = bins.iter().flat_map(|b| [b.mean_return.low, b.mean_return.high]).chain([0.0, decision.cost]);
    let (low, high) = finite_range(all);
    let pad = 0.06 * (high - low);
    let axes = room.axes((0.4, bins.len() as f64 + 0.6), (low - pad, high + pad));
    axes.grid_y(ui, &labelled(&axes.y_ticks(), 100.0));
    let every = if axes.rect.width() < 56.0 * bins.len() as f32 { 3 } else { 1 };
    let labels: Vec<(f64, String)> =
        bins.iter().enumerate().step_by(every).map(|(i, b)| (i as f64 + 1.0, format!("{:.3}", b.p_mean))).collect();
    axes.grid_x(ui, &labels);
    let painter = axes.painter(ui);
    painter.hline(axes.rect.x_range(), axes.y_at(0.0), Stroke::new(1.0, theme::WEAK));
    dashed(&axes, &painter, decision.all.mean_return.estimate, theme::ACCENT);
    dashed(&axes, &painter, decision.cost, theme::WARN);
    let step = axes.x_at(2.0) - axes.x_at(1.0);
    for (i, group) in bins.iter().enumerate() {
        let x = axes.x_at(i as f64 + 1.0);
        let r = group.mean_return;
        let color = theme::signed(r.estimate);
        let bar = egui::Rect::from_two_pos(
            egui::pos2(x - 0.32 * step, axes.y_at(0.0)),
            egui::pos2(x + 0.32 * step, axes.y_at(r.estimate)),
        );
        painter.rect_filled(bar, 1.0, color.gamma_multiply(0.45));
        let whisker = Stroke::new(1.5, color);
        painter.vline(x, axes.y_at(r.high)..=axes.y_at(r.low), whisker);
        painter.circle_filled(egui::pos2(x, axes.y_at(r.estimate)), 2.5, theme::lighten(color));
        if axes.response.hover_pos().is_some_and(|at| (at.x - x).abs() < 0.5 * step) {
            tip(&axes.response, &describe(&format!("decile {}", i + 1), group));
        }
    }
    axes.captions(ui, "mean probability of each tenth", &format!("return over {horizon} bars, %"));
    let place = axes.rect.right_top() + vec2(-4.0, 2.0);
    painter.text(place, Align2::RIGHT_TOP, "dashed: mean of all, cost", theme::small(), theme::WEAK);
}

/// Mean return of the most probable bars against the share taken.
fn lift(ui: &mut egui::Ui, decision: &DecisionBoundary, size: egui::Vec2) {
    let room = PlotRoom::new(ui, "Lift curve", size);
    let (low, high) = finite_range(decision.lift.iter().map(|p| p.mean_return).chain([0.0, decision.cost]));
    let pad = 0.06 * (high - low);
    let axes = room.axes((0.0, 1.0), (low - pad, high + pad));
    axes.grid(ui, 100.0, 100.0);
    let painter = axes.painter(ui);
    painter.hline(axes.rect.x_range(), axes.y_at(0.0), Stroke::new(1.0, theme::WEAK));
    dashed(&axes, &painter, decision.all.mean_return.estimate, theme::ACCENT);
    dashed(&axes, &painter, decision.cost, theme::WARN);
    let line: Vec<egui::Pos2> = decision.lift.iter().map(|p| axes.at(p.share, p.mean_return)).collect();
    painter.line(line, Stroke::new(1.5, theme::UP));
    axes.captions(ui, "share taken, most probable first, %", "lift: mean return, %");
    let Some(pointer) = axes.response.hover_pos() else { return };
    let share = axes.x_of(pointer.x);
    let found = decision.lift.partition_point(|p| p.share < share).min(decision.lift.len().saturating_sub(1));
    if let Some(point) = decision.lift.get(found) {
        painter.circle_stroke(axes.at(point.share, point.mean_return), 5.0, Stroke::new(1.5, theme::STRONG));
        let bars = (point.share * decision.n as f64).round();
        tip(
            &axes.response,
            &[
                (format!("top {}, {} bars", percent(point.share, 1), grouped(bars, 0)), theme::STRONG),
                (format!("mean return {}", signed_percent(point.mean_return, 3)), theme::signed(point.mean_return)),
            ],
        );
    }
}

fn finite_range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.filter(|v| v.is_finite()).fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)))
}

fn dashed(axes: &Axes, painter: &egui::Painter, y: f64, color: Color32) {
    let y = axes.y_at(y);
    let ends = [egui::pos2(axes.rect.left(), y), egui::pos2(axes.rect.right(), y)];
    painter.extend(egui::Shape::dashed_line(&ends, Stroke::new(1.0, color.gamma_multiply(0.7)), 4.0, 4.0));
}

fn describe(name: &str, group: &DecisionGroup) -> Vec<(String, Color32)> {
    vec![
        (format!("{name}: p {:.4} to {:.4}", group.p_low, group.p_high), theme::STRONG),
        (format!("n {}, worth {}", grouped(group.n as f64, 0), grouped(group.n_eff, 0)), theme::WEAK),
        (
            format!("mean return {}", signed_percent_interval(group.mean_return, 2)),
            theme::signed(group.mean_return.estimate),
        ),
        (format!("above cost {}", percent_interval(group.win_rate, 0)), theme::TEXT),
    ]
}

const HEADS: [Head<'static>; 6] = [
    Head { title: "group", width: 76.0, meaning: "Tenths by rising probability; equal probabilities share one" },
    Head { title: "p", width: 112.0, meaning: "Lowest to highest calibrated entry probability" },
    Head { title: "n", width: 52.0, meaning: "Bars" },
    Head { title: "n eff", width: 48.0, meaning: "What these bars are worth as independent ones" },
    Head { title: "mean return", width: 158.0, meaning: "Mean forward return with its 95 % interval" },
    Head { title: "win rate", width: 106.0, meaning: "Share of bars whose return is above the cost, 95 % interval" },
];

fn table(ui: &mut egui::Ui, decision: &DecisionBoundary, filtered: bool) {
    ui.add_space(4.0);
    egui::ScrollArea::horizontal().show(ui, |ui| {
        ui.vertical(|ui| {
            let rows = Rows::new(ui, &HEADS);
            let mut row = |name: String, group: Option<&DecisionGroup>| {
                let mut cells = vec![(name, theme::WEAK)];
                match group {
                    Some(group) => {
                        let r = group.mean_return;
                        let tint = if r.low > 0.0 || r.high < 0.0 { theme::signed(r.estimate) } else { theme::TEXT };
                        cells.extend([
                            (format!("{:.4} to {:.4}", group.p_low, group.p_high), theme::TEXT),
                            (grouped(group.n as f64, 0), theme::TEXT),
                            (grouped(group.n_eff, 0), theme::TEXT),
                            (signed_percent_interval(r, 2), tint),
                            (percent_interval(group.win_rate, 0), theme::TEXT),
                        ]);
                    }
                    None => cells.extend([("-".to_owned(), theme::WEAK), ("0".to_owned(), theme::WEAK)]),
                }
                rows.row(ui, &cells, Look::default(), false);
            };
            row("above 0.7".to_owned(), decision.high.as_ref());
            row("below 0.3".to_owned(), decision.low.as_ref());
            for (i, group) in decision.bins.iter().enumerate().rev() {
                row(format!("tenth {}", i + 1), Some(group));
            }
            row("all".to_owned(), Some(&decision.all));
        });
    });
    let method = if filtered { "normal and Wilson intervals with the effective n" } else { "block bootstrap" };
    ui.label(egui::RichText::new(format!("95 % intervals: {method}")).color(theme::WEAK));
}
