use eframe::egui::{self, RichText};
use egui_extras::{Column, TableBuilder};

use crate::gui::command::{Command, Commands};
use crate::gui::indicators::Chosen;
use crate::gui::panels::data::spark;
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{figure, number, thousands};
use crate::indicators::{LineSpec, twin_of};
use crate::tasks::{LineLook, SPARK};

const ROW: f32 = 24.0;

/// One row per line of the indicator, with the button that puts it on the chart.
pub(super) fn table(ui: &mut egui::Ui, state: &AppState, chosen: &Chosen, commands: &mut Commands) {
    let about = chosen.instance.definition();
    let result = state.indicators.result(&chosen.instance);
    let looks = match result {
        Some(Loadable::Ready(found)) => found.looks.as_slice(),
        _ => &[],
    };
    ui.add_space(8.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Lines").size(11.0).color(theme::WEAK).strong());
        let outputs: Vec<String> = about
            .lines
            .iter()
            .filter(|line| !line.internal)
            .map(|line| chosen.line_name(&line.name))
            .filter(|name| !state.indicators.shows(name))
            .collect();
        if ui.add_enabled(!outputs.is_empty(), egui::Button::new("Add all outputs").small()).clicked() {
            for name in outputs {
                commands.push(Command::AddLine(name));
            }
        }
        match result {
            Some(Loadable::Failed(why)) => {
                let text = format!("The lines could not be computed: {why}");
                ui.add(egui::Label::new(RichText::new(text).color(theme::lighten(theme::DOWN))).truncate());
            }
            Some(Loadable::Ready(_)) => {}
            _ if state.run().is_some() => {
                ui.label(RichText::new("Computing the lines…").color(theme::WEAK));
            }
            _ => {}
        }
    });
    egui::ScrollArea::horizontal().id_salt("lines").show(ui, |ui| {
        let meaning = (ui.available_width() - 640.0).max(160.0);
        TableBuilder::new(ui)
            .id_salt(about.id)
            .cell_layout(egui::Layout::left_to_right(egui::Align::Center))
            .auto_shrink([true, true])
            .vscroll(false)
            .column(Column::exact(64.0))
            .column(Column::initial(130.0).at_least(70.0).clip(true).resizable(true))
            .column(Column::exact(SPARK as f32 + 16.0))
            .column(Column::exact(52.0))
            .column(Column::exact(58.0))
            .column(Column::exact(54.0))
            .column(Column::exact(96.0).clip(true))
            .column(Column::exact(meaning).clip(true))
            .header(20.0, |mut header| {
                for name in ["chart", "line", "all bars", "kind", "first bar", "missing", "unit", "meaning"] {
                    header.col(|ui| {
                        ui.label(RichText::new(name).color(theme::WEAK).size(11.0));
                    });
                }
            })
            .body(|body| {
                body.rows(ROW, about.lines.len(), |mut row| {
                    let i = row.index();
                    let line = &about.lines[i];
                    let look = looks.get(i);
                    let name = chosen.line_name(&line.name);
                    row.col(|ui| toggle(ui, state, &name, commands));
                    row.col(|ui| cell(ui, number(&*line.name)));
                    row.col(|ui| spark(ui, look));
                    row.col(|ui| cell(ui, RichText::new(if line.internal { "internal" } else { "output" })));
                    row.col(|ui| cell(ui, number(thousands(chosen.instance.first_index(i)))));
                    row.col(|ui| missing(ui, &name, look));
                    row.col(|ui| cell(ui, RichText::new(line.unit.to_string()).color(theme::WEAK)));
                    row.col(|ui| {
                        let text = meaning_of(line, chosen, i);
                        let response = ui.add(egui::Label::new(&text).selectable(false).truncate());
                        response.on_hover_text(hint(&text, look));
                    });
                });
            });
    });
}

fn toggle(ui: &mut egui::Ui, state: &AppState, name: &str, commands: &mut Commands) {
    let on = state.indicators.shows(name);
    let (text, command) =
        if on { ("Remove", Command::RemoveLine(name.to_owned())) } else { ("Add", Command::AddLine(name.to_owned())) };
    let ink = if on { theme::WEAK } else { theme::lighten(theme::ACCENT) };
    let response = ui.add(egui::Button::new(RichText::new(text).color(ink).size(11.5)).small());
    let label = command.text();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    if response.on_hover_text(&label).clicked() {
        commands.push(command);
    }
}

fn cell(ui: &mut egui::Ui, text: RichText) {
    ui.add(egui::Label::new(text).selectable(false).truncate());
}

fn missing(ui: &mut egui::Ui, name: &str, look: Option<&LineLook>) {
    let Some(look) = look else { return };
    let text = format!("{:.1} %", 100.0 * look.missing);
    let ink = if look.missing >= 1.0 { theme::WARN } else { theme::TEXT };
    let response = ui.add(egui::Label::new(number(&text).color(ink)).selectable(false));
    let label = format!("{name} missing on {text} of the bars");
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, &label));
}

fn meaning_of(line: &LineSpec, chosen: &Chosen, i: usize) -> String {
    let twin = chosen.instance.line_names().get(i).and_then(|name| twin_of(name));
    match twin {
        Some(stays) => format!("{} (restates {stays})", line.meaning),
        None => line.meaning.to_string(),
    }
}

fn hint(meaning: &str, look: Option<&LineLook>) -> String {
    let range = look.filter(|look| look.least.is_finite());
    let range = range.map(|look| format!("\n{} to {}", figure(look.least), figure(look.largest))).unwrap_or_default();
    format!("{meaning}{range}")
}
