use eframe::egui;
use std::collections::BTreeMap;
use std::sync::Arc;

use eframe::egui::{Stroke, pos2};
use egui_extras::{Column, TableBuilder};

use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{figure, number};
use crate::indicators::Line;
use crate::tasks::{LineLook, RunView, SPARK};

const ROW: f32 = 22.0;
/// Lines looked at per frame: one pass over a long series each.
const LOOKS_PER_FRAME: usize = 4;

/// Table of indicator lines; what it knows of a line is found when its row is first seen.
#[derive(Debug, Default)]
pub(super) struct LineTable {
    /// Address and id of the run the rest belongs to.
    run: Option<(usize, String)>,
    filter: String,
    shown: Vec<usize>,
    looks: BTreeMap<usize, LineLook>,
}

impl LineTable {
    pub(super) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        state: &AppState,
        run: &Arc<RunView>,
        filter: &mut String,
        commands: &mut Commands,
    ) {
        self.refresh(run, filter);
        let all = run.collected.lines.columns.len();
        ui.horizontal_wrapped(|ui| {
            let label = ui.label("Filter lines");
            let field = egui::TextEdit::singleline(filter).desired_width(160.0).hint_text("name or meaning");
            ui.add(field).labelled_by(label.id);
            ui.label(egui::RichText::new(format!("{} of {all} lines", self.shown.len())).color(theme::WEAK));
        });
        if self.shown.is_empty() {
            ui.label(egui::RichText::new("No line has these words").color(theme::WEAK));
            return;
        }
        let height = (ROW * (self.shown.len() as f32 + 1.5)).min(ui.available_height().max(260.0));
        egui::ScrollArea::horizontal().show(ui, |ui| self.table(ui, state, run, height, commands));
    }

    fn refresh(&mut self, run: &Arc<RunView>, filter: &str) {
        let same = |(address, id): &(usize, String)| *address == Arc::as_ptr(run) as usize && *id == run.manifest.id;
        if self.run.as_ref().is_some_and(same) && self.filter == filter {
            return;
        }
        if !self.run.as_ref().is_some_and(same) {
            self.run = Some((Arc::as_ptr(run) as usize, run.manifest.id.clone()));
            self.looks.clear();
        }
        filter.clone_into(&mut self.filter);
        let words = filter.to_lowercase();
        let fits =
            |line: &Line| line.name.to_lowercase().contains(&words) || line.meaning.to_lowercase().contains(&words);
        let columns = &run.collected.lines.columns;
        self.shown = (0..columns.len()).filter(|&i| fits(&columns[i])).collect();
    }

    fn table(&mut self, ui: &mut egui::Ui, state: &AppState, run: &RunView, height: f32, commands: &mut Commands) {
        let columns = &run.collected.lines.columns;
        let mut budget = LOOKS_PER_FRAME;
        let mut waits = false;
        let pinned = state.selection.feature.as_deref();
        let meaning = (ui.available_width() - 480.0).max(120.0);
        let Self { shown, looks, .. } = self;
        TableBuilder::new(ui)
            .id_salt("lines")
            .sense(egui::Sense::click())
            .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
            .auto_shrink([true, true])
            .min_scrolled_height(120.0)
            .max_scroll_height(height)
            .column(Column::initial(150.0).at_least(80.0).clip(true).resizable(true))
            .column(Column::exact(SPARK as f32 + 24.0))
            .column(Column::exact(64.0))
            .column(Column::exact(104.0).clip(true))
            .column(Column::exact(meaning).clip(true))
            .header(ROW, |mut header| {
                for name in ["line", "all bars", "missing", "unit", "meaning"] {
                    header.col(|ui| {
                        ui.label(egui::RichText::new(name).color(theme::WEAK).size(11.5));
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, shown.len(), |mut row| {
                    let i = shown[row.index()];
                    let line = &columns[i];
                    if !looks.contains_key(&i) && budget > 0 {
                        budget -= 1;
                        looks.insert(i, LineLook::new(&line.values));
                    }
                    let look = looks.get(&i);
                    waits |= look.is_none();
                    let chosen = pinned == Some(line.name.as_str());
                    row.set_selected(chosen);
                    row.col(|ui| cell(ui, number(&line.name)));
                    row.col(|ui| spark(ui, look));
                    row.col(|ui| {
                        let share = look.map_or_else(String::new, |look| format!("{:.1} %", 100.0 * look.missing));
                        cell(ui, number(share));
                    });
                    row.col(|ui| cell(ui, egui::RichText::new(line.unit.to_string()).color(theme::WEAK)));
                    row.col(|ui| cell(ui, egui::RichText::new(line.meaning.as_ref())));
                    let response = row.response();
                    let name = format!("Line {}", line.name);
                    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, chosen, &name));
                    if response.hovered() {
                        commands.hover.feature = Some(line.name.clone());
                    }
                    let response = response.on_hover_text(hint(line, look));
                    if response.clicked() {
                        commands.push(Command::SelectFeature((!chosen).then(|| line.name.clone())));
                    }
                });
            });
        if waits {
            ui.ctx().request_repaint();
        }
    }
}

fn hint(line: &Line, look: Option<&LineLook>) -> String {
    let kind = if line.internal { "\nan intermediate of the calculation" } else { "" };
    let range = look
        .filter(|look| look.least.is_finite())
        .map(|look| format!("\n{} to {}", figure(look.least), figure(look.largest)))
        .unwrap_or_default();
    format!("{}\n{}{range}{kind}", line.name, line.meaning)
}

/// Text that leaves clicks to its row.
pub(super) fn cell(ui: &mut egui::Ui, text: egui::RichText) {
    ui.add(egui::Label::new(text).selectable(false).truncate());
}

pub(in crate::gui::panels) fn spark(ui: &egui::Ui, look: Option<&LineLook>) {
    let rect = ui.max_rect().shrink2(egui::vec2(4.0, 4.0));
    let Some(look) = look else { return };
    let step = rect.width() / look.spark.len().max(1) as f32;
    for (i, column) in look.spark.iter().enumerate() {
        let Some((lo, hi)) = column else { continue };
        let x = rect.left() + (i as f32 + 0.5) * step;
        let (top, bottom) = (rect.bottom() - hi * rect.height(), rect.bottom() - lo * rect.height());
        let stroke = Stroke::new(step.max(1.0), theme::ACCENT.gamma_multiply(0.75));
        ui.painter().line_segment([pos2(x, top.min(bottom - 1.0)), pos2(x, bottom)], stroke);
    }
}
