use eframe::egui::{self, Rect, RichText, pos2, vec2};

use super::lines::{Shown, color};
use crate::gui::command::{Command, Commands};
use crate::gui::indicators::{LineState, Place};
use crate::gui::theme;

/// Height of one row of a legend.
pub(super) const ROW: f32 = 18.0;

/// Names with the values at `bar`: a click on a name tells where else it can be drawn, on its × takes it away.
pub(super) fn legend(ui: &mut egui::Ui, rect: Rect, lines: &[&Shown<'_>], bar: usize, commands: &mut Commands) {
    if lines.is_empty() || rect.width() < 60.0 {
        return;
    }
    let builder = egui::UiBuilder::new()
        .id_salt(("legend", rect.top() as i32))
        .max_rect(rect)
        .layout(egui::Layout::left_to_right(egui::Align::TOP).with_main_wrap(true));
    ui.scope_builder(builder, |ui| {
        ui.set_clip_rect(ui.clip_rect().intersect(rect));
        ui.spacing_mut().item_spacing = vec2(2.0, 0.0);
        ui.spacing_mut().button_padding = vec2(3.0, 0.0);
        ui.spacing_mut().interact_size.y = ROW;
        for shown in lines {
            entry(ui, shown, bar, commands);
        }
    });
}

fn entry(ui: &mut egui::Ui, shown: &Shown<'_>, bar: usize, commands: &mut Commands) {
    let name = &shown.line.name;
    let ink = color(shown.line);
    let value = shown.text(bar);
    let mut text = egui::text::LayoutJob::default();
    text.append(name, 0.0, egui::TextFormat::simple(theme::small(), ink));
    let weak = !matches!(shown.state, LineState::Ready(..));
    let value_ink = if weak { theme::WEAK } else { theme::TEXT };
    text.append(&value, 5.0, egui::TextFormat::simple(theme::small(), value_ink));
    text.wrap = egui::text::TextWrapping::truncate_at_width(ui.max_rect().width() - 28.0);
    let fill = theme::PANEL.gamma_multiply(0.93);
    let button = egui::Button::new(text).fill(fill).stroke(egui::Stroke::NONE).min_size(vec2(0.0, ROW));
    let label = format!("{name} {value}");
    let response = ui.add(button);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    egui::Popup::menu(&response).show(|ui| menu(ui, shown, commands));
    let response = match shown.state {
        LineState::Ready(values, _) => response.on_hover_text(format!("{name}\n{} · {}", values.meaning, values.unit)),
        LineState::Computing => response.on_hover_text("Its values are on their way"),
        LineState::Failed(why) => response.on_hover_text(why),
    };
    drop(response);
    let remove = Command::RemoveLine(name.clone());
    let cross =
        egui::Button::new(RichText::new("×").size(12.0).color(theme::WEAK)).fill(fill).stroke(egui::Stroke::NONE);
    let cross = ui.add(cross.min_size(vec2(14.0, ROW)));
    let label = remove.text();
    cross.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    if cross.on_hover_text(&label).clicked() {
        commands.push(remove);
    }
    ui.add_space(8.0);
}

fn menu(ui: &mut egui::Ui, shown: &Shown<'_>, commands: &mut Commands) {
    let line = shown.line;
    ui.strong(&line.name);
    if let LineState::Failed(why) = shown.state {
        ui.set_max_width(320.0);
        ui.label(why);
    }
    for (place, text) in [
        (Place::Auto, "Where its unit belongs"),
        (Place::Over, "Over the candles"),
        (Place::Own, "In a pane of its own"),
    ] {
        if ui.radio(line.place == place, text).clicked() {
            commands.push(Command::PlaceLine(line.name.clone(), place));
            ui.close();
        }
    }
    ui.separator();
    if ui.button("Show its indicator").clicked() {
        commands.push(Command::ChooseIndicator(line.indicator().to_owned()));
        ui.close();
    }
    if ui.button("Remove").clicked() {
        commands.push(Command::RemoveLine(line.name.clone()));
        ui.close();
    }
}

/// Where the legend of a plot stands: below the names of the slices.
pub(super) fn place(plot: Rect) -> Rect {
    Rect::from_min_max(pos2(plot.left() + 2.0, plot.top() + 20.0), pos2(plot.right() - 4.0, plot.bottom()))
}
