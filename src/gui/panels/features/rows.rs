use eframe::egui::{self, Align2, Mesh, Rect, Role, Sense, Stroke, WidgetInfo, pos2, vec2};

use super::list::{List, Row};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{name_galley, signed_text};

const ROW: f32 = 22.0;
const NUMBER: f32 = 56.0;
/// Height of the lag profile with its caption.
const PROFILE: f32 = 60.0;

/// The bars with the lag profile below; gives the caption.
pub(super) fn ui(ui: &mut egui::Ui, list: &List, foot: f32, state: &AppState, commands: &mut Commands) -> &'static str {
    let profile = ui.available_height() > PROFILE + foot + 5.0 * ROW && !list.lags.is_empty();
    let height = ui.available_height() - foot - if profile { PROFILE } else { 0.0 };
    if list.rows.is_empty() {
        ui.allocate_ui(vec2(ui.available_width(), height.max(ROW)), |ui| {
            ui.set_min_height(height.max(ROW));
            ui.label(egui::RichText::new("No feature has these words in its name").color(theme::WEAK));
        });
    } else {
        ui.scope(|ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            egui::ScrollArea::vertical().auto_shrink(false).max_height(height.max(2.0 * ROW)).show_rows(
                ui,
                ROW,
                list.rows.len(),
                |ui, shown| {
                    for row in &list.rows[shown] {
                        feature(ui, list, row, state, commands);
                    }
                },
            );
        });
    }
    if profile {
        lags(ui, list, state, commands);
    }
    if list.is_window() {
        "solid: sum over the window's bars, in units of the entry logit"
    } else {
        "solid: mean, pale: mean size, in units of the output"
    }
}

fn feature(ui: &mut egui::Ui, list: &List, row: &Row, state: &AppState, commands: &mut Commands) {
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, ROW), Sense::click());
    let selected = state.selection.feature.as_ref() == Some(&row.name);
    let number = signed_text(row.value);
    response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, format!("{} {number}", row.name)));
    let hovered = response.hovered() || state.hover.feature.as_ref() == Some(&row.name);
    let painter = ui.painter();
    if selected || hovered {
        let fill = if selected { theme::ACCENT.gamma_multiply(0.22) } else { theme::RAISED };
        painter.rect_filled(rect, 3.0, fill);
    }
    let names = (0.48 * width).min(250.0);
    let middle = rect.center().y;
    let color = if selected || hovered { theme::STRONG } else { theme::TEXT };
    let galley = name_galley(ui, &row.name, names - 12.0, color);
    painter.galley(pos2(rect.left() + 4.0, middle - galley.size().y / 2.0), galley, color);
    painter.text(pos2(rect.right() - 4.0, middle), Align2::RIGHT_CENTER, &number, theme::mono(), color);

    let plot = Rect::from_min_max(
        pos2(rect.left() + names, rect.top() + 4.0),
        pos2(rect.right() - NUMBER - 8.0, rect.bottom() - 4.0),
    );
    let half = plot.width() / 2.0;
    let zero = plot.center().x;
    let length = |value: f64| half * (value / list.top.max(f64::MIN_POSITIVE)) as f32;
    let bar = |from: f32, to: f32| Rect::from_x_y_ranges(from.min(to)..=from.max(to), plot.y_range());
    let fill = theme::signed(row.value);
    let pale = bar(zero - length(row.magnitude), zero + length(row.magnitude));
    if !list.is_window() {
        painter.rect_filled(pale.shrink2(vec2(0.0, 4.0)), 0.0, theme::WEAK.gamma_multiply(0.25));
    }
    // A sign is seen even where the length is not.
    let solid = length(row.value);
    painter.rect_filled(bar(zero, zero + solid.signum() * solid.abs().max(1.0)), 1.0, fill);
    painter.vline(zero, rect.y_range(), Stroke::new(1.0, theme::LINE));

    if response.hovered() {
        commands.hover.feature = Some(row.name.clone());
    }
    if response.clicked() {
        commands.push(Command::SelectFeature((!selected).then(|| row.name.clone())));
    }
    response.on_hover_ui(|ui| {
        ui.label(&row.name);
        ui.monospace(if list.is_window() {
            format!("{number} on the entry logit in this window")
        } else {
            format!("mean {number} · mean size {}", signed_text(row.magnitude).trim_start_matches('+'))
        });
    });
}

/// How much bars count by their distance from the deciding bar, which is at the right.
fn lags(ui: &mut egui::Ui, list: &List, state: &AppState, commands: &mut Commands) {
    let (full, response) = ui.allocate_exact_size(vec2(ui.available_width(), PROFILE - 4.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Size of contributions by lag"));
    let painter = ui.painter();
    let rect = Rect::from_min_max(full.min + vec2(0.0, 4.0), full.max - vec2(0.0, 16.0));
    let count = list.lags.len();
    let step = rect.width() / count as f32;
    let top = list.lags.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let at = |x: f32| count - 1 - (((x - rect.left()) / step).max(0.0) as usize).min(count - 1);
    let pointed = response.hover_pos().filter(|_| response.hovered()).map(|pos| at(pos.x));
    let bar_lag = |bar: usize| state.selection.bar.and_then(|last| last.checked_sub(bar)).filter(|&lag| lag < count);
    let cursor = pointed.or_else(|| state.hover.bar.and_then(bar_lag));
    let mut mesh = Mesh::default();
    for (lag, &value) in list.lags.iter().enumerate() {
        let x = rect.right() - (lag + 1) as f32 * step;
        let height = rect.height() * (value / top) as f32;
        let gap = (0.15 * step).min(1.0);
        let column =
            Rect::from_min_max(pos2(x + gap, rect.bottom() - height.max(1.0)), pos2(x + step - gap, rect.bottom()));
        let color = if cursor == Some(lag) { theme::ACCENT } else { theme::WEAK.gamma_multiply(0.7) };
        mesh.add_colored_rect(column, color);
    }
    painter.add(mesh);
    painter.hline(rect.x_range(), rect.bottom(), Stroke::new(1.0, theme::LINE));
    let y = full.bottom();
    let caption = |x: f32, align: Align2, text: String| {
        painter.text(pos2(x, y), align, text, theme::small(), theme::WEAK);
    };
    caption(rect.left(), Align2::LEFT_BOTTOM, format!("lag {}", count - 1));
    caption(rect.right(), Align2::RIGHT_BOTTOM, "lag 0, now".to_owned());
    if rect.width() > 260.0 {
        caption(rect.center().x, Align2::CENTER_BOTTOM, "size of contributions by lag".to_owned());
    }
    if let Some(lag) = pointed {
        commands.hover.bar = state.selection.bar.and_then(|bar| bar.checked_sub(lag));
        egui::Tooltip::for_widget(&response).at_pointer().gap(16.0).show(|ui| {
            ui.monospace(format!("lag {lag} · size {:.4}", list.lags[lag]));
        });
    }
}
