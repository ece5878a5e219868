use eframe::egui::{self, RichText};

use crate::gui::command::{Command, Commands};
use crate::gui::indicators::Chosen;
use crate::gui::state::{AppState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{badge, grouped, number};
use crate::indicators::Param;

/// Why there are no values to look at: no run is open, it is being read, it failed.
pub(in crate::gui::panels) fn about_run(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    match &state.view {
        Loadable::Ready(_) => {}
        Loadable::Empty => {
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new("No run is open").color(theme::WEAK));
                if ui.button(Command::OpenDemo.text()).clicked() {
                    commands.push(Command::OpenDemo);
                }
            });
        }
        Loadable::Loading(what) => {
            ui.label(RichText::new(format!("Opening the run: {what}")).color(theme::WEAK));
        }
        Loadable::Failed(why) => {
            let text = format!("The run could not be opened: {why}");
            ui.add(egui::Label::new(RichText::new(text).color(theme::lighten(theme::DOWN))).wrap());
        }
    }
}

/// Title, formula, source and parameters.
pub(super) fn card(ui: &mut egui::Ui, state: &AppState, chosen: &Chosen, commands: &mut Commands) {
    let about = chosen.instance.definition();
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(about.title).strong().size(14.0));
        ui.label(number(about.id).color(theme::WEAK));
        badge(ui, about.family.name(), theme::ACCENT);
        let warm_up = format!("warm-up {} bars", chosen.instance.warm_up());
        badge(ui, &warm_up, theme::WEAK).on_hover_text("Bars before every line has a value");
    });
    about_run(ui, state, commands);
    ui.add_space(2.0);
    ui.add(egui::Label::new(about.formula).wrap());
    ui.add(egui::Label::new(RichText::new(format!("Source: {}", about.source)).color(theme::WEAK).size(11.5)).wrap());
    if !about.needs.is_empty() {
        let names: Vec<&str> = about.needs.iter().map(|extra| extra.name()).collect();
        let text = format!("Needs the columns {}: without them every line is missing", names.join(", "));
        ui.add(egui::Label::new(RichText::new(text).color(theme::WARN).size(11.5)).wrap());
    }
    ui.add_space(6.0);
    if about.params.is_empty() {
        ui.label(RichText::new("No parameters").color(theme::WEAK));
        return;
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new("Parameters").size(11.0).color(theme::WEAK).strong());
        let reset = Command::ResetIndicator;
        if ui.add_enabled(reset.is_enabled(state), egui::Button::new("Reset").small()).clicked() {
            commands.push(reset);
        }
    });
    let longest = about.params.iter().map(|param| param.name.len()).max().unwrap_or(0);
    for (i, param) in about.params.iter().enumerate() {
        ui.horizontal(|ui| field(ui, i, param, 7.0 * longest as f32 + 4.0, chosen, commands));
    }
}

fn field(ui: &mut egui::Ui, i: usize, param: &Param, width: f32, chosen: &Chosen, commands: &mut Commands) {
    let fault = chosen.faults.get(i).and_then(Option::as_ref);
    let name = egui::Label::new(number(param.name.to_string())).selectable(false).halign(egui::Align::LEFT);
    let label =
        ui.allocate_ui_with_layout(egui::vec2(width, 22.0), egui::Layout::left_to_right(egui::Align::Center), |ui| {
            ui.set_min_width(width);
            ui.add(name)
        });
    let label = label.inner;
    let mut text = chosen.draft.get(i).cloned().unwrap_or_default();
    let ink = if fault.is_some() { theme::lighten(theme::DOWN) } else { theme::TEXT };
    let edit = egui::TextEdit::singleline(&mut text)
        .font(egui::TextStyle::Monospace)
        .text_color(ink)
        .desired_width(72.0)
        .id_salt(("parameter", i));
    let edit = ui.add_sized([84.0, 22.0], edit).labelled_by(label.id);
    if edit.changed() {
        commands.push(Command::TuneIndicator { param: i, text });
    }
    // Arrows step whole numbers while their field has the focus.
    if param.whole && edit.has_focus() {
        let step = ui.input_mut(|input| {
            let mut pressed = |key| i32::from(input.consume_key(egui::Modifiers::NONE, key));
            pressed(egui::Key::ArrowUp) - pressed(egui::Key::ArrowDown)
        });
        if let Some(value) = chosen.draft.get(i).and_then(|text| text.trim().parse::<f64>().ok()).filter(|_| step != 0)
        {
            let value = (value + f64::from(step)).clamp(param.min, param.max);
            commands.push(Command::TuneIndicator { param: i, text: value.to_string() });
        }
    }
    let text = if let Some(fault) = fault {
        RichText::new(fault).color(ink)
    } else {
        let whole = if param.whole { ", whole" } else { "" };
        let range = format!("{} to {}{whole}", bound(param.min), bound(param.max));
        let text = format!("{}  ·  {range}  ·  default {}", param.meaning, param.default);
        RichText::new(text).color(theme::WEAK).size(11.5)
    };
    ui.add(egui::Label::new(text).wrap());
}

fn bound(value: f64) -> String {
    if value.fract() == 0.0 { grouped(value, 0) } else { value.to_string() }
}
