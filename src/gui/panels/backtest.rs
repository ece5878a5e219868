//! What the network would have earned, beside a rule, buying and holding, and chance.

mod curves;
mod figures;

use std::sync::Arc;

use eframe::egui;
use serde::{Deserialize, Serialize};

use self::curves::{Curves, Look, Strategy};
use super::{Header, Panel};
use crate::backtest::Statistics;
use crate::gui::command::Commands;
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{
    Cache, badge, grouped, part_missing, percent, percent_interval, plain_interval, run_or_message, short_time,
    signed_percent,
};
use crate::runs::Stage;
use crate::tasks::{BacktestSummary, Filter, FilteredRun, RunView};

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct BacktestPanel {
    look: Look,
    #[serde(skip)]
    curves: Cache<(), Curves>,
    #[serde(skip)]
    filtered: Cache<(), Option<Strategy>, FilteredRun>,
}

/// Panels wider than this show curves and figures side by side.
const SIDE_BY_SIDE: f32 = 1000.0;

impl Panel for BacktestPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let Some(view) = state.view.ready() else { return };
        let Some(report) = &run.backtest else {
            return part_missing(ui, state, run, Stage::Backtest, "report.json", commands);
        };
        let room = ui.available_size();
        if room.x >= SIDE_BY_SIDE {
            ui.horizontal_top(|ui| {
                let left = egui::vec2(0.56 * room.x, room.y);
                ui.allocate_ui(left, |ui| {
                    ui.vertical(|ui| {
                        ui.set_width(left.x);
                        conclusion(ui, report, false);
                        costs(ui, run, report);
                        filtered_figures(ui, run, state);
                        filtered_meaning(ui, state);
                        let height = ui.available_height() - 34.0;
                        self.plots(ui, view, height.max(200.0), state, commands);
                    });
                });
                egui::ScrollArea::vertical().id_salt("figures").auto_shrink(false).show(ui, |ui| {
                    // The scroll area would go on in the row's direction.
                    ui.vertical(|ui| figures::ui(ui, run, report, state, commands));
                });
            });
        } else {
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                // The curves are in view at once; what they stand on follows.
                let top = ui.cursor().top();
                conclusion(ui, report, true);
                filtered_figures(ui, run, state);
                let used = ui.cursor().top() - top;
                let height = (room.y - used - 34.0).clamp(200.0, 520.0);
                self.plots(ui, view, height, state, commands);
                ui.label(&report.verdict.sentence);
                costs(ui, run, report);
                filtered_meaning(ui, state);
                figures::ui(ui, run, report, state, commands);
            });
        }
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(report) = state.run().and_then(|run| run.backtest.as_ref()) else { return Header::default() };
        let ours = report.strategies.first();
        let trades = ours.map_or(0, |ours| ours.statistics.trades);
        let bars = grouped(report.bars as f64, 0);
        Header { text: format!("{trades} trades in {bars} bars"), badge: Some(slice_badge(report)) }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Hover a curve: all strategies at that bar, and the bar in the other panels; click selects the bar",
            "Click a name: hides or shows its curve",
            "Drag moves, Ctrl+scroll zooms in time, double click shows all",
            "Click a regime in the table: curves and figures called 'filtered' are of its trades alone, compounded",
        ]
    }
}

/// `test · out of sample`, or that the bars prove nothing.
pub(super) fn slice_badge(report: &BacktestSummary) -> (String, bool) {
    let sample = if report.in_sample { "in sample" } else { "out of sample" };
    (format!("{} · {sample}", report.slice), !report.in_sample)
}

/// Colour of a strategy by its place in the report.
fn strategy_color(place: usize) -> egui::Color32 {
    [theme::ACCENT, theme::LINES[0], theme::WEAK, theme::LINES[2]][place % 4]
}

impl BacktestPanel {
    fn plots(
        &mut self,
        ui: &mut egui::Ui,
        view: &Arc<RunView>,
        height: f32,
        state: &AppState,
        commands: &mut Commands,
    ) {
        let curves = self.curves.get(view, (), |run, ()| Curves::new(run));
        let filtered = state.filtered().and_then(|found| {
            let name = "filtered".to_owned();
            self.filtered
                .get(found, (), |found, ()| found.backtest.as_ref().map(|backtest| Strategy::filtered(name, backtest)))
                .as_ref()
        });
        if curves.is_empty() {
            ui.weak("The equity curves could not be read");
            for problem in &view.problems {
                ui.weak(problem);
            }
            return;
        }
        curves.legend(ui, filtered, &mut self.look, state);
        curves.ui(ui, view, filtered, &mut self.look, height - 26.0, state, commands);
    }
}

/// Edge or not, and the sentence that says why; `short` leaves only its beginning.
fn conclusion(ui: &mut egui::Ui, report: &BacktestSummary, short: bool) {
    let (words, color) = match (report.verdict.edge, report.in_sample) {
        (true, _) => ("edge", theme::UP),
        (false, true) => ("in sample", theme::WARN),
        (false, false) => ("no edge", theme::WARN),
    };
    if short {
        ui.horizontal(|ui| {
            badge(ui, words, color);
            ui.add(egui::Label::new(&report.verdict.sentence).truncate());
        });
    } else {
        ui.horizontal_wrapped(|ui| {
            badge(ui, words, color);
            ui.label(&report.verdict.sentence);
        });
    }
}

/// The bars, and what trading on them cost.
fn costs(ui: &mut egui::Ui, run: &RunView, report: &BacktestSummary) {
    let millis = run.collected.series.timeframe.millis();
    let (from, to) = (short_time(report.range.0, millis), short_time(report.range.1, millis));
    let paid = report.strategies.first().map_or_else(String::new, |ours| {
        let (fees, slippage) = (ours.statistics.fees, ours.statistics.slippage);
        format!("; the network paid {} in fees and {} in spread and slippage", grouped(fees, 0), grouped(slippage, 0))
    });
    let cost = percent(report.cost, 2);
    let text = format!("{}, {from} to {to} UTC · costs {cost} a round trip{paid}", report.slice);
    ui.label(egui::RichText::new(text).color(theme::WEAK));
}

/// What passes the filters, with n and intervals.
fn filtered_figures(ui: &mut egui::Ui, run: &RunView, state: &AppState) {
    if !state.selection.filters() {
        return;
    }
    let bright = |text: String| egui::RichText::new(text).color(theme::lighten(theme::ACCENT));
    let Some(found) = state.filtered() else {
        let text = match &state.filtered {
            Loadable::Failed(problem) => format!("The filter failed: {problem}"),
            _ => "Filtering the trades".to_owned(),
        };
        ui.label(bright(text));
        return;
    };
    let (n, all) = (found.trades.n, run.trades().len());
    let head = format!("Filtered, {}: n {n} of {all} trades", filter_words(&found.filter));
    let figures = found.backtest.as_ref().map_or_else(String::new, |backtest| figure_words(&backtest.statistics));
    ui.label(bright(format!("{head}{figures}")));
}

/// What the filtered curves and figures are.
fn filtered_meaning(ui: &mut egui::Ui, state: &AppState) {
    if state.filtered().is_none_or(|found| found.backtest.is_none()) {
        return;
    }
    let what = "As if only these trades had been taken: their net returns compounded from the starting cash at their own \
                sizes. Trades that do not pass are skipped and nothing takes their place. The other curves and columns are \
                not filtered";
    ui.label(egui::RichText::new(what).color(theme::WEAK));
}

/// ` · return +1.2 % · largest drawdown 3.0 % · Sharpe 0.40 [-1.2, 2.0] · win rate 50 % [9, 91]`; what is not known is left
/// out.
fn figure_words(s: &Statistics) -> String {
    let figures = [
        s.total_return.map(|r| format!("return {}", signed_percent(r, 1))),
        Some(format!("largest drawdown {}", percent(s.max_drawdown, 1))),
        s.sharpe_interval.map(|i| format!("Sharpe {}", plain_interval(i, 2))),
        s.win_rate.map(|i| format!("win rate {}", percent_interval(i, 0))),
    ];
    figures.into_iter().flatten().fold(String::new(), |words, figure| format!("{words} · {figure}"))
}

/// `regimes 0, 2, long side`.
fn filter_words(filter: &Filter) -> String {
    let regimes: Vec<String> = filter.regimes.iter().map(ToString::to_string).collect();
    let mut words = Vec::new();
    if !regimes.is_empty() {
        let noun = if regimes.len() == 1 { "regime" } else { "regimes" };
        words.push(format!("{noun} {}", regimes.join(", ")));
    }
    words.extend(filter.side.map(|side| format!("{} side", side.name())));
    words.join(", ")
}
