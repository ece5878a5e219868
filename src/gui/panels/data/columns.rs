use std::cmp::Ordering;
use std::sync::Arc;

use eframe::egui;
use egui_extras::{Column, TableBuilder};
use serde::{Deserialize, Serialize};

use super::lines::{cell, spark};
use crate::dataset::causality::CausalVerdict;
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{figure, number, thousands};
use crate::tasks::{ColumnView, ColumnsView, SPARK};

const ROW: f32 = 22.0;
/// Above this a distribution is commonly read as moved.
const MOVED: f64 = 0.25;
/// Above this it is worth a look.
const MOVING: f64 = 0.1;

/// What the rows are ordered by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Order {
    #[default]
    AsTheyAre,
    Name,
    MissingTrain,
    MissingTest,
    Psi,
    Smd,
    Causality,
}

/// Table of features: what they look like, what is missing, how they drift, whether they may be trusted.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ColumnTable {
    order: Order,
    /// Features the network does not see are listed too.
    all: bool,
    #[serde(skip)]
    shown: Vec<usize>,
    #[serde(skip)]
    made: Option<(usize, String, Order, bool)>,
}

impl ColumnTable {
    pub(super) fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, filter: &mut String, commands: &mut Commands) {
        let view = match &state.dataset.columns {
            Loadable::Ready(view) => view,
            Loadable::Empty => {
                commands.push(Command::ExamineColumns);
                return;
            }
            Loadable::Loading(what) => {
                ui.horizontal(|ui| {
                    ui.spinner();
                    ui.label(egui::RichText::new(what).color(theme::WEAK));
                });
                return;
            }
            Loadable::Failed(why) => {
                let text = format!("The features could not be made: {why}");
                ui.add(egui::Label::new(egui::RichText::new(text).color(theme::lighten(theme::DOWN))).wrap());
                if ui.button("Try again").clicked() {
                    commands.push(Command::ExamineColumns);
                }
                return;
            }
        };
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Filter features");
            let field = egui::TextEdit::singleline(filter).desired_width(160.0).hint_text("name or formula");
            ui.add(field).labelled_by(label.id);
            ui.checkbox(&mut self.all, "With those left out");
            let seen = view.columns.iter().filter(|column| column.dropped.is_none()).count();
            let text = format!(
                "{} of {} features shown, {seen} seen by the network",
                self.shown.len(),
                thousands(view.columns.len())
            );
            ui.label(egui::RichText::new(text).color(theme::WEAK));
        });
        self.refresh(view, filter);
        if self.shown.is_empty() {
            ui.label(egui::RichText::new("No feature has these words").color(theme::WEAK));
            return;
        }
        let height = (ROW * (self.shown.len() as f32 + 1.5)).min(ui.available_height().max(300.0));
        egui::ScrollArea::horizontal().id_salt("features").show(ui, |ui| self.table(ui, state, view, height, commands));
    }

    fn refresh(&mut self, view: &Arc<ColumnsView>, filter: &str) {
        let key = (Arc::as_ptr(view) as usize, filter.to_lowercase(), self.order, self.all);
        if self.made.as_ref() == Some(&key) {
            return;
        }
        let words = &key.1;
        let fits = |column: &ColumnView| {
            (self.all || column.dropped.is_none())
                && (column.name.to_lowercase().contains(words) || column.formula.to_lowercase().contains(words))
        };
        let columns = &view.columns;
        self.shown = (0..columns.len()).filter(|&i| fits(&columns[i])).collect();
        let largest = |x: Option<f64>, y: Option<f64>| y.map(f64::abs).partial_cmp(&x.map(f64::abs));
        self.shown.sort_by(|&a, &b| {
            let (a, b) = (&columns[a], &columns[b]);
            match self.order {
                Order::AsTheyAre => Some(Ordering::Equal),
                Order::Name => Some(a.name.cmp(&b.name)),
                Order::MissingTrain => largest(Some(a.missing_train), Some(b.missing_train)),
                Order::MissingTest => largest(Some(a.missing_test), Some(b.missing_test)),
                Order::Psi => largest(a.psi, b.psi),
                Order::Smd => largest(a.smd, b.smd),
                Order::Causality => Some(concern(b).cmp(&concern(a))),
            }
            .unwrap_or(Ordering::Equal)
        });
        self.made = Some(key);
    }

    fn table(&mut self, ui: &mut egui::Ui, state: &AppState, view: &ColumnsView, height: f32, commands: &mut Commands) {
        let pinned = state.selection.feature.as_deref();
        let rest = (ui.available_width() - 644.0).max(120.0);
        let Self { shown, order, .. } = self;
        TableBuilder::new(ui)
            .id_salt("features")
            .sense(egui::Sense::click())
            .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
            .auto_shrink([true, true])
            .min_scrolled_height(120.0)
            .max_scroll_height(height)
            .column(Column::initial(190.0).at_least(80.0).clip(true).resizable(true))
            .column(Column::exact(SPARK as f32 + 24.0))
            .columns(Column::exact(64.0), 4)
            .column(Column::exact(84.0))
            .column(Column::exact(rest).clip(true))
            .header(ROW, |mut header| {
                for (name, by, meaning) in HEADS {
                    header.col(|ui| head(ui, order, name, by, meaning));
                }
            })
            .body(|body| {
                body.rows(ROW, shown.len(), |mut row| {
                    let column = &view.columns[shown[row.index()]];
                    let chosen = pinned == Some(column.name.as_str());
                    row.set_selected(chosen);
                    let weak = column.dropped.is_some();
                    let name = number(&column.name);
                    row.col(|ui| cell(ui, if weak { name.color(theme::WEAK) } else { name }));
                    row.col(|ui| spark(ui, Some(&column.look)));
                    for share in [column.missing_train, column.missing_test] {
                        row.col(|ui| cell(ui, number(format!("{:.1} %", 100.0 * share))));
                    }
                    row.col(|ui| cell(ui, drift(column.psi, "", [MOVING, MOVED])));
                    row.col(|ui| cell(ui, drift(column.smd, "+", [0.25, 0.5])));
                    row.col(|ui| cell(ui, badge(column)));
                    row.col(|ui| {
                        let text = column
                            .dropped
                            .as_ref()
                            .map_or_else(|| column.formula.clone(), |reason| format!("left out: {reason}"));
                        cell(ui, egui::RichText::new(text).color(theme::WEAK));
                    });
                    let response = row.response();
                    let name = format!("Feature {}", column.name);
                    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &name));
                    if response.hovered() {
                        commands.hover.feature = Some(column.name.clone());
                    }
                    if response.on_hover_text(hint(column)).clicked() {
                        commands.push(Command::SelectFeature((!chosen).then(|| column.name.clone())));
                    }
                });
            });
    }
}

const HEADS: [(&str, Order, &str); 8] = [
    ("feature", Order::Name, "Name of the feature; click to order by it"),
    ("all bars", Order::AsTheyAre, "Every bar, least to largest; click for the schema's order"),
    ("missing T", Order::MissingTrain, "Share of training rows without a value"),
    ("missing E", Order::MissingTest, "Share of test rows without a value"),
    (
        "PSI",
        Order::Psi,
        "Population stability index of the test slice against the training slice over ten bins of equal mass: above 0.1 \
         it moves, above 0.25 it has moved",
    ),
    (
        "SMD",
        Order::Smd,
        "Standardised mean difference: how many deviations the mean of the test slice lies from that of the training slice",
    ),
    (
        "causality",
        Order::Causality,
        "Replay from the bars before random cuts: does any value depend on later bars? Columns of other files cannot be verified",
    ),
    ("formula", Order::AsTheyAre, "How it is computed from bars up to its own, or why the network does not see it"),
];

fn head(ui: &mut egui::Ui, order: &mut Order, name: &str, by: Order, meaning: &str) {
    let on = *order == by && by != Order::AsTheyAre;
    let color = if on { theme::STRONG } else { theme::WEAK };
    let text = egui::RichText::new(if on { format!("{name} ↓") } else { name.to_owned() }).color(color).size(11.5);
    let response = ui.add(egui::Label::new(text).selectable(false).sense(egui::Sense::click()));
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, on, format!("Order by {name}")));
    if response.on_hover_text(meaning).clicked() {
        *order = by;
    }
}

/// How much the verdict of replay speaks against a column.
fn concern(column: &ColumnView) -> u8 {
    match column.causality.as_ref().map(|found| found.verdict) {
        Some(CausalVerdict::Leaks | CausalVerdict::NotFinite) => 3,
        None | Some(CausalVerdict::Unverifiable) => 2,
        Some(CausalVerdict::NeverDefined) => 1,
        Some(CausalVerdict::Causal | CausalVerdict::NeedsWarmUp) => 0,
    }
}

fn badge(column: &ColumnView) -> egui::RichText {
    let word = column.causality.as_ref().map_or("unchecked", |found| match found.verdict {
        CausalVerdict::NeedsWarmUp => "causal",
        verdict => verdict.word(),
    });
    let color = match concern(column) {
        0 => theme::lighten(theme::UP),
        3 => theme::lighten(theme::DOWN),
        2 => theme::WARN,
        _ => theme::WEAK,
    };
    egui::RichText::new(word).color(color)
}

/// A measure of drift, in the colour of a warning above the second bound.
fn drift(value: Option<f64>, sign: &str, bounds: [f64; 2]) -> egui::RichText {
    let Some(value) = value else { return number("–").color(theme::WEAK) };
    let text = if sign.is_empty() { format!("{value:.3}") } else { format!("{value:+.2}") };
    number(text).color(match value.abs() {
        x if x >= bounds[1] => theme::WARN,
        x if x >= bounds[0] => theme::STRONG,
        _ => theme::TEXT,
    })
}

fn hint(column: &ColumnView) -> String {
    let look = &column.look;
    let range = if look.least.is_finite() {
        format!("\n{} to {}", figure(look.least), figure(look.largest))
    } else {
        String::new()
    };
    let source = column.source.as_ref().map_or_else(String::new, |line| format!("\nof the line {line}"));
    let dropped = column.dropped.as_ref().map_or_else(String::new, |reason| format!("\nleft out: {reason}"));
    let unit = if column.unit.is_empty() { String::new() } else { format!("\nin {}", column.unit) };
    let warm_up = format!("\nwarms up for {} bars", thousands(column.warm_up));
    let causal = column.causality.as_ref().map_or_else(String::new, |found| format!("\n{}", found.sentence()));
    format!("{}\n{}{source}{unit}{range}{warm_up}{causal}{dropped}", column.name, column.formula)
}
