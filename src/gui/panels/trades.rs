//! The network's trades: sorted, filtered, and the way into every one of them.

mod columns;
mod summary;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use eframe::egui;
use egui_extras::TableBuilder;
use serde::{Deserialize, Serialize};

use self::columns::{COLUMNS, Sort, csv};
use self::summary::summary_words;
use super::{Header, Panel};
use crate::backtest::Direction;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{Cache, message, part_missing, run_or_message};
use crate::runs::Stage;
use crate::tasks::RunView;

/// What the order of rows depends on.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    sort: Sort,
    descending: bool,
    regimes: BTreeSet<usize>,
    side: Option<Direction>,
}

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TradesPanel {
    sort: Sort,
    descending: bool,
    #[serde(skip)]
    listed: Cache<Key, Vec<usize>>,
    /// The trade that was last brought into view.
    #[serde(skip)]
    shown: Option<usize>,
}

const ROW: f32 = 22.0;

impl Panel for TradesPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let Some(view) = state.view.ready() else { return };
        if run.simulations.is_empty() {
            return part_missing(ui, state, run, Stage::Backtest, "trades.parquet", commands);
        }
        let all = run.trades().len();
        if all == 0 {
            return message(ui, "The network took no trade in this backtest", None, commands);
        }
        let selection = &state.selection;
        let key = Key {
            sort: self.sort,
            descending: self.descending,
            regimes: selection.regimes.clone(),
            side: selection.side,
        };
        let listed = self.listed.get(view, key, |_, key| list(state, key));
        summary(ui, run, listed, all, state, commands);
        if listed.is_empty() {
            return message(ui, "No trade passes the filters", Some(&Command::ClearFilters), commands);
        }
        let moved = selection.trade != self.shown;
        self.shown = selection.trade;
        let scroll =
            selection.trade.filter(|_| moved).and_then(|trade| listed.iter().position(|&place| place == trade));
        let clicked = table(ui, view, listed, (self.sort, self.descending), scroll, state, commands);
        if let Some(sort) = clicked {
            self.descending = self.sort == sort && !self.descending;
            self.sort = sort;
        }
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(run) = state.run() else { return Header::default() };
        let Some(report) = &run.backtest else { return Header::default() };
        let all = run.trades().len();
        let passing = state.trades().count();
        let text = if passing == all { format!("{all} trades") } else { format!("{passing} of {all} trades") };
        Header { text, badge: Some(super::backtest::slice_badge(report)) }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Click a row: selects the trade everywhere; its deciding bar becomes the shared window",
            "N and P: next and previous trade",
            "Click a column's title: sorts by it, again: the other way round",
            "Hover a row: its trade lights up in the other panels",
        ]
    }
}

/// Places of the trades that pass, in the order of the rows.
fn list(state: &AppState, key: &Key) -> Vec<usize> {
    let mut rows: Vec<(usize, &crate::backtest::Trade)> = state.trades().collect();
    rows.sort_by(|(i, a), (j, b)| {
        let order = key.sort.compare(a, b);
        let order = if key.descending { order.reverse() } else { order };
        order.then_with(|| if i < j { Ordering::Less } else { Ordering::Greater })
    });
    rows.into_iter().map(|(place, _)| place).collect()
}

fn summary(ui: &mut egui::Ui, run: &RunView, listed: &[usize], all: usize, state: &AppState, commands: &mut Commands) {
    ui.horizontal_wrapped(|ui| {
        let n = listed.len();
        let slice = run.backtest.as_ref().map_or_else(String::new, |report| format!("{} · ", report.slice));
        let of = if n == all { String::new() } else { format!(" of {all}") };
        let found = state.filtered().and_then(|found| summary_words(&found.trades));
        let words = found.map_or_else(String::new, |words| format!(" · {words}"));
        let text = format!("{slice}n {n}{of}{words}");
        ui.label(egui::RichText::new(text).font(theme::small()).color(theme::TEXT));
        let copy = egui::Button::new(egui::RichText::new("Copy CSV").size(11.0)).small();
        if ui.add(copy).on_hover_text("Puts the rows below into the clipboard, times in UTC").clicked() {
            commands.push(Command::Copy(csv(run, listed)));
        }
    });
}

/// Draws titles and rows; the column whose title was clicked.
fn table(
    ui: &mut egui::Ui,
    view: &Arc<RunView>,
    listed: &[usize],
    (sort, descending): (Sort, bool),
    scroll: Option<usize>,
    state: &AppState,
    commands: &mut Commands,
) -> Option<Sort> {
    let mut clicked = None;
    egui::ScrollArea::horizontal().auto_shrink(false).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        let mut builder = TableBuilder::new(ui)
            .striped(false)
            .resizable(true)
            .sense(egui::Sense::click())
            .animate_scrolling(false)
            .auto_shrink(false)
            .min_scrolled_height(0.0)
            .cell_layout(egui::Layout::right_to_left(egui::Align::Center));
        for column in &COLUMNS {
            builder = builder.column(egui_extras::Column::initial(column.width).at_least(28.0).clip(true));
        }
        if let Some(row) = scroll {
            builder = builder.scroll_to_row(row, None);
        }
        let table = builder.header(ROW, |mut header| {
            for column in &COLUMNS {
                header.col(|ui| {
                    let text = egui::RichText::new(column.title).font(theme::small());
                    let text = text.color(if sort == column.sort { theme::STRONG } else { theme::WEAK });
                    let button = egui::Button::new(text).frame(false).wrap_mode(egui::TextWrapMode::Extend);
                    let response = ui.add(button).on_hover_text(column.meaning);
                    if sort == column.sort {
                        arrow(ui, response.rect, descending);
                    }
                    if response.clicked() {
                        clicked = Some(column.sort);
                    }
                });
            }
        });
        table.body(|body| {
            body.rows(ROW, listed.len(), |mut row| {
                let place = listed[row.index()];
                let Some(trade) = view.trades().get(place) else { return };
                row.set_selected(state.selection.trade == Some(place));
                row.set_hovered(state.hover.trade == Some(place));
                for column in &COLUMNS {
                    row.col(|ui| {
                        let (text, color) = column.cell(view, trade);
                        let text = egui::RichText::new(text).font(theme::mono()).color(color);
                        ui.add(egui::Label::new(text).selectable(false).truncate());
                    });
                }
                let response = row.response();
                response.widget_info(|| {
                    let selected = state.selection.trade == Some(place);
                    egui::WidgetInfo::selected(egui::Role::Button, true, selected, format!("Trade {place}"))
                });
                if response.hovered() {
                    commands.hover.trade = Some(place);
                }
                if response.clicked() {
                    commands.push(Command::SelectTrade(place));
                }
            });
        });
    });
    clicked
}

/// A small triangle left of a title: the order of rows.
fn arrow(ui: &egui::Ui, title: egui::Rect, descending: bool) {
    let center = title.left_center() - egui::vec2(4.0, 0.0);
    let tip = if descending { 3.0 } else { -3.0 };
    let corners = vec![
        center + egui::vec2(-3.0, -0.5 * tip),
        center + egui::vec2(3.0, -0.5 * tip),
        center + egui::vec2(0.0, 0.9 * tip),
    ];
    ui.painter().add(egui::Shape::convex_polygon(corners, theme::ACCENT, egui::Stroke::NONE));
}
