use eframe::egui::{self, Align2, Color32, Rect, Role, Sense, Stroke, StrokeKind, WidgetInfo, pos2, vec2};

use super::maps::least_top;
use super::{Shown, honesty, small};
use crate::analysis::attention::AttentionReport;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{Heat, heat_image};
use crate::tasks::RunView;

/// Left of the rows: layer and head.
const NAMES: f32 = 64.0;

/// What bars receive on average by lag: a row per head and one for the rollout, oldest bar left.
#[derive(Debug, Default)]
pub(super) struct Lags {
    /// The run the picture shows.
    of: Option<String>,
    /// Rows of weights, oldest bar first, and the largest one.
    rows: Vec<Vec<f64>>,
    top: f64,
    picture: Heat,
}

impl Lags {
    fn set(&mut self, context: &egui::Context, run: &RunView, report: &AttentionReport) {
        if self.of.as_ref() == Some(&run.manifest.id) {
            return;
        }
        self.of = Some(run.manifest.id.clone());
        let by_lag = report.received_by_lag.iter().flatten().chain([&report.rollout_by_lag]);
        self.rows = by_lag.map(|row| row.iter().rev().copied().collect()).collect();
        self.top = self.rows.iter().flatten().copied().fold(least_top(report.seq_len), f64::max);
        let value = |row: usize, column: usize| self.rows[row].get(column).map_or(f64::NAN, |v| v / self.top);
        self.picture.set(context, "attention by lag", heat_image(self.rows.len(), report.seq_len, value));
    }

    pub(super) fn ui(
        &mut self,
        ui: &mut egui::Ui,
        state: &AppState,
        run: &RunView,
        report: &AttentionReport,
        shown: Shown,
        commands: &mut Commands,
    ) {
        self.set(ui.ctx(), run, report);
        let count = self.rows.len();
        let height = ((ui.available_height() - 96.0) / count.max(1) as f32).clamp(12.0, 40.0).floor();
        let width = (ui.available_width() - NAMES).max(120.0);
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            let (full, _) = ui.allocate_exact_size(vec2(NAMES + width, height * count as f32), Sense::hover());
            let map = Rect::from_min_max(pos2(full.left() + NAMES, full.top()), full.max);
            let tint = if report.used { Color32::WHITE } else { Color32::WHITE.gamma_multiply(0.6) };
            self.picture.paint(ui.painter(), map, tint);
            for row in 0..count {
                let top = map.top() + row as f32 * height;
                let rect = Rect::from_min_size(pos2(map.left(), top), vec2(width, height));
                self.row(ui, row, rect, state, report, shown, commands);
            }
            let across = format!("lag {}", report.seq_len.saturating_sub(1));
            ui.horizontal(|ui| {
                ui.add_space(NAMES - 8.0);
                ui.label(small(across));
                ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.label(small("lag 0, now")));
            });
            ui.label(small(format!(
                "weight received by lag, {}; mean over {} test windows; full brightness {:.3}, uniform {:.3}",
                report.strip,
                report.windows,
                self.top,
                1.0 / report.seq_len.max(1) as f64
            )));
            honesty(ui, Some(report), shown);
        });
    }

    fn row(
        &self,
        ui: &egui::Ui,
        row: usize,
        rect: Rect,
        state: &AppState,
        report: &AttentionReport,
        shown: Shown,
        commands: &mut Commands,
    ) {
        let values = &self.rows[row];
        let heads = report.received_by_lag.first().map_or(1, Vec::len).max(1);
        let is_head = row + 1 < self.rows.len();
        let (layer, head) = (row / heads, row % heads);
        let (name, label) = if is_head {
            (format!("L{layer} head {head}"), format!("Layer {layer} head {head} by lag"))
        } else {
            ("rollout".to_owned(), "Rollout by lag".to_owned())
        };
        let selected = is_head && layer == shown.layer && shown.head.is_none_or(|shown| shown == head);
        let response = ui.interact(rect, ui.scope_id().with(("lag row", row)), Sense::click());
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, selected, &label));
        let color = if selected { theme::TEXT } else { theme::WEAK };
        let at = pos2(rect.left() - 8.0, rect.center().y);
        ui.painter().text(at, Align2::RIGHT_CENTER, name, theme::small(), color);
        if selected && shown.head.is_some() {
            ui.painter().rect_stroke(rect, 0.0, Stroke::new(1.0, theme::ACCENT), StrokeKind::Inside);
        }
        let Some(at) = response.hover_pos().filter(|_| response.hovered() && !values.is_empty()) else { return };
        let place = ((at.x - rect.left()) / rect.width() * values.len() as f32).max(0.0) as usize;
        let lag = values.len() - 1 - place.min(values.len() - 1);
        let value = values[values.len() - 1 - lag];
        commands.hover.bar = state.selection.bar.and_then(|bar| bar.checked_sub(lag));
        egui::Tooltip::for_widget(&response).at_pointer().gap(16.0).width(420.0).show(|ui| {
            let times = value * values.len() as f64;
            ui.monospace(format!("lag {lag} · mean weight {value:.4} · {times:.1}× uniform"));
        });
        if response.clicked() && is_head {
            commands.push(Command::SelectLayer(Some(layer)));
            commands.push(Command::SelectHead(Some(head)));
        }
    }
}
