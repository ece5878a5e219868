use eframe::egui;
use egui_extras::{Column, TableBuilder};
use serde::{Deserialize, Serialize};

use super::training::{Compared, run_color};
use super::{Header, Panel};
use crate::backtest::StrategyReport;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{clock, figure, message, number};
use crate::runs::{Manifest, RunEntry, RunStatus, Stage};
use crate::tasks::Comparison;

const ROW: f32 = 22.0;
const STAGES: [Stage; 4] = [Stage::Collect, Stage::Train, Stage::Analyze, Stage::Backtest];

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct RunsPanel {
    #[serde(skip)]
    compared: Compared,
}

/// Status in a word; a run that says it is running although nothing in this window works on it was interrupted or
/// belongs to another process.
fn status(state: &AppState, manifest: &Manifest) -> (&'static str, egui::Color32) {
    match manifest.status {
        RunStatus::Running if works_on(state, manifest) => ("running", theme::ACCENT),
        RunStatus::Running => ("interrupted", theme::WARN),
        RunStatus::Finished => ("finished", theme::UP),
        RunStatus::Cancelled => ("cancelled", theme::WARN),
        RunStatus::Failed => ("failed", theme::DOWN),
    }
}

fn works_on(state: &AppState, manifest: &Manifest) -> bool {
    state.busy() && state.live.run.as_ref() == Some(&manifest.id)
}

fn can_resume(state: &AppState, manifest: &Manifest) -> bool {
    manifest.status != RunStatus::Finished && !works_on(state, manifest)
}

fn stages(manifest: &Manifest) -> String {
    match STAGES.iter().filter(|stage| manifest.has(**stage)).count() {
        4 => "all 4".to_owned(),
        0 => "none".to_owned(),
        _ => manifest.done.last().map(|last| format!("{last} ({} of 4)", manifest.done.len())).unwrap_or_default(),
    }
}

fn started(manifest: &Manifest) -> String {
    crate::gui::widgets::short_time(manifest.started, 1)
}

fn duration(manifest: &Manifest) -> String {
    manifest.ended.map_or_else(|| "–".to_owned(), |ended| clock((ended - manifest.started) as f64 / 1000.0))
}

fn runs_table(ui: &mut egui::Ui, state: &AppState, compared: &Comparison, height: f32, commands: &mut Commands) {
    let open = state.run().filter(|_| !state.demo).map(|run| run.manifest.id.as_str());
    let resumable = state.runs.iter().any(|run| can_resume(state, &run.manifest));
    let mut table = TableBuilder::new(ui)
        .id_salt("runs")
        .striped(false)
        .sense(egui::Sense::click())
        .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
        .auto_shrink([false, true])
        .min_scrolled_height(66.0)
        .max_scroll_height(height)
        .column(Column::exact(24.0));
    if resumable {
        table = table.column(Column::exact(64.0));
    }
    let names = ["name", "status", "symbol", "bars", "stages done", "best score", "epochs", "started (UTC)", "took"];
    let widths = [150.0, 76.0, 70.0, 40.0, 104.0, 72.0, 50.0, 118.0, 54.0];
    for (i, width) in widths.into_iter().enumerate() {
        table = table.column(if i == 0 {
            Column::initial(width).at_least(80.0).clip(true).resizable(true)
        } else {
            Column::exact(width).clip(true)
        });
    }
    table
        .header(ROW, |mut header| {
            header.col(|_| {});
            if resumable {
                header.col(|_| {});
            }
            for name in names {
                header.col(|ui| {
                    ui.label(egui::RichText::new(name).color(theme::WEAK).size(11.5));
                });
            }
        })
        .body(|body| {
            body.rows(ROW, state.runs.len(), |mut row| {
                let run = &state.runs[row.index()];
                row.set_selected(open == Some(run.manifest.id.as_str()));
                row.col(|ui| tick(ui, state, run, compared, commands));
                if resumable {
                    row.col(|ui| resume(ui, state, run, commands));
                }
                cells(&mut row, state, run);
                let name = format!("Open {}", run.manifest.id);
                let response = row.response();
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                let response = match &run.manifest.error {
                    Some(error) => response.on_hover_text(format!("{}\nfailed: {error}", run.manifest.id)),
                    None => response.on_hover_text(&run.manifest.id),
                };
                if response.clicked() {
                    commands.push(Command::OpenPath(run.dir.path().to_owned()));
                }
            });
        });
}

fn tick(ui: &mut egui::Ui, state: &AppState, run: &RunEntry, compared: &Comparison, commands: &mut Commands) {
    let id = &run.manifest.id;
    if let Some(color) = run_color(compared, id) {
        let rect = ui.max_rect();
        ui.painter().vline(rect.left() - 2.0, rect.y_range(), egui::Stroke::new(3.0, color));
    }
    let mut ticked = state.compared.contains_key(id);
    let response = ui.checkbox(&mut ticked, "").on_hover_text("Compare: adds its curves to Training and its row below");
    let name = format!("Compare {id}");
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::CheckBox, true, ticked, &name));
    if response.clicked() {
        commands.push(Command::ToggleCompare(id.clone()));
    }
}

fn resume(ui: &mut egui::Ui, state: &AppState, run: &RunEntry, commands: &mut Commands) {
    if !can_resume(state, &run.manifest) {
        return;
    }
    let command = Command::ResumeRun(run.dir.path().to_owned());
    let enabled = command.is_enabled(state);
    let color = if enabled { theme::TEXT } else { theme::WEAK };
    // Stays a button while disabled: else the click would open the row below it.
    let response = ui.add(egui::Button::new(egui::RichText::new("Resume").color(color)).small());
    let name = format!("Resume {}", run.manifest.id);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, &name));
    let hint =
        if enabled { "Continues after its last whole epoch" } else { "A run is at work: there is one at a time" };
    if response.on_hover_text(hint).clicked() && enabled {
        commands.push(command);
    }
}

fn cells(row: &mut egui_extras::TableRow<'_, '_>, state: &AppState, run: &RunEntry) {
    let manifest = &run.manifest;
    let (word, color) = status(state, manifest);
    row.col(|ui| plain(ui, egui::RichText::new(&manifest.config.train.run_name).color(theme::TEXT)));
    row.col(|ui| plain(ui, egui::RichText::new(word).color(theme::lighten(color))));
    row.col(|ui| plain(ui, egui::RichText::new(&manifest.symbol)));
    row.col(|ui| plain(ui, number(&manifest.timeframe)));
    row.col(|ui| plain(ui, egui::RichText::new(stages(manifest)).color(theme::WEAK)));
    let known = state.run_scores.get(&manifest.id);
    row.col(|ui| {
        let score = known.and_then(|known| known.best);
        plain(ui, score.map_or_else(|| number("–"), |(_, score)| number(figure(score)).color(score_color(score))));
    });
    row.col(|ui| plain(ui, number(known.map_or_else(|| "–".to_owned(), |known| known.epochs.to_string()))));
    row.col(|ui| plain(ui, number(started(manifest))));
    row.col(|ui| plain(ui, number(duration(manifest))));
}

/// Text that leaves clicks to its row.
fn plain(ui: &mut egui::Ui, text: egui::RichText) {
    ui.add(egui::Label::new(text).selectable(false).truncate());
}

fn score_color(score: f64) -> egui::Color32 {
    if score < 1.0 { theme::UP } else { theme::WARN }
}

/// One compared run's final figures: words per column, and the value that decides which run is best there.
struct Final {
    id: String,
    cells: Vec<(String, Option<f64>)>,
}

/// Columns of the comparison; true where more is better.
const COLUMNS: [(&str, Option<bool>); 15] = [
    ("test return", Some(true)),
    ("test Sharpe, 95 %", Some(true)),
    ("test drawdown", None),
    ("test trades", None),
    ("bars seen", None),
    ("horizon", None),
    ("epochs", None),
    ("best", None),
    ("score", Some(false)),
    ("entry loss", Some(false)),
    ("exit loss", Some(false)),
    ("entry AUC", Some(true)),
    ("Brier", Some(false)),
    ("return IC", Some(true)),
    ("vol. corr.", Some(true)),
];

fn finals(state: &AppState) -> Vec<Final> {
    state
        .compared
        .iter()
        .map(|(id, curves)| {
            let config = state.runs.iter().find(|run| run.manifest.id == *id).map(|run| &run.manifest.config);
            let test = state.compared_tests.get(id);
            let mut cells = test_cells(test);
            let count = |n: Option<usize>| (n.map_or_else(|| "–".to_owned(), |n| n.to_string()), None);
            let value = |v: Option<f64>| (v.map_or_else(|| "–".to_owned(), figure), v);
            let best = curves.best();
            cells.extend([
                count(config.map(|config| config.model.seq_len)),
                count(config.map(|config| config.labels.prediction_horizon)),
                count(Some(curves.epochs.len())),
                count(best.map(|best| best.epoch)),
                value(best.map(|best| best.score)),
                value(best.map(|best| best.validation.entry)),
                value(best.map(|best| best.validation.exit)),
                value(best.and_then(|best| best.learned.entry_auc)),
                value(best.map(|best| best.learned.entry_brier)),
                value(best.and_then(|best| best.learned.return_ic)),
                value(best.and_then(|best| best.learned.volatility_correlation)),
            ]);
            Final { id: id.clone(), cells }
        })
        .collect()
}

/// Paper trading on bars that taught nothing; dashes if the run was not backtested there.
fn test_cells(test: Option<&StrategyReport>) -> Vec<(String, Option<f64>)> {
    let dash = || ("–".to_owned(), None);
    let Some(test) = test.filter(|test| test.in_sample == Some(false)) else {
        return vec![dash(), dash(), dash(), dash()];
    };
    let s = &test.statistics;
    let percent = |share: f64| format!("{:+.1} %", 100.0 * share);
    let sharpe = match (s.sharpe, s.sharpe_interval) {
        (Some(sharpe), Some(i)) => (format!("{sharpe:.2} [{:.1}, {:.1}]", i.low, i.high), Some(sharpe)),
        (Some(sharpe), None) => (format!("{sharpe:.2}"), Some(sharpe)),
        (None, _) => dash(),
    };
    vec![
        s.total_return.map_or_else(dash, |share| (percent(share), Some(share))),
        sharpe,
        (format!("{:.1} %", 100.0 * s.max_drawdown), None),
        (s.trades.to_string(), None),
    ]
}

/// The row that is best in column `c`, if there is a choice.
fn winner(rows: &[Final], c: usize) -> Option<usize> {
    let more = COLUMNS[c].1?;
    let known = rows.iter().enumerate().filter_map(|(i, row)| Some((i, row.cells.get(c)?.1?)));
    let sign = if more { 1.0 } else { -1.0 };
    let best = known.clone().max_by(|a, b| (sign * a.1).total_cmp(&(sign * b.1)))?;
    (known.count() > 1).then_some(best.0)
}

fn comparison(ui: &mut egui::Ui, state: &AppState, compared: &Comparison) {
    let rows = finals(state);
    ui.add_space(4.0);
    ui.separator();
    ui.label(
        egui::RichText::new("Compared: test figures out of sample, the others on validation at the best epoch")
            .color(theme::WEAK),
    );
    egui::Grid::new("comparison").num_columns(COLUMNS.len() + 1).min_row_height(ROW).spacing([14.0, 0.0]).show(
        ui,
        |ui| {
            ui.label(egui::RichText::new("run").color(theme::WEAK).size(11.5));
            for (name, _) in COLUMNS {
                ui.label(egui::RichText::new(name).color(theme::WEAK).size(11.5));
            }
            ui.end_row();
            for (i, row) in rows.iter().enumerate() {
                ui.label(egui::RichText::new(&row.id).color(run_color(compared, &row.id).unwrap_or(theme::TEXT)));
                for (c, (text, _)) in row.cells.iter().enumerate() {
                    let best = winner(&rows, c) == Some(i);
                    ui.label(number(text).color(if best { theme::UP } else { theme::TEXT }));
                }
                ui.end_row();
            }
        },
    );
}

impl Panel for RunsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if state.runs.is_empty() && state.broken_runs.is_empty() {
            if state.listing {
                message(ui, "Reading the runs of the workspace", None, commands);
            } else {
                message(ui, "The workspace has no runs yet", Some(&Command::RunAll), commands);
            }
            return;
        }
        let compared = self.compared.get(state);
        egui::ScrollArea::both().auto_shrink(false).show(ui, |ui| {
            let below = if state.compared.is_empty() { 0.0 } else { 60.0 + ROW * state.compared.len() as f32 };
            let broken = 24.0 * state.broken_runs.len() as f32;
            let room = (ui.available_height() - below - broken - ROW - 12.0).max(110.0);
            if !state.runs.is_empty() {
                runs_table(ui, state, compared, room, commands);
            }
            for sentence in &state.broken_runs {
                ui.label(egui::RichText::new(format!("Left out: {sentence}")).color(theme::WARN));
            }
            if !state.compared.is_empty() {
                comparison(ui, state, compared);
            }
        });
    }

    fn header(&self, state: &AppState) -> Header {
        if state.runs.is_empty() {
            return Header::default();
        }
        let open = state.runs.iter().filter(|run| can_resume(state, &run.manifest)).count();
        let badge = (open > 0).then(|| (format!("{open} can be resumed"), false));
        Header { text: format!("{} in the workspace", state.runs.len()), badge }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Click a run: opens it in every panel",
            "Tick: adds its curves to Training and its final figures below",
            "Resume: continues a run that was cancelled, failed or was interrupted",
            "F5: reads the list again",
        ]
    }
}
