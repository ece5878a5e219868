use eframe::egui::{self, Align2, Color32, Sense, vec2};

use super::regime_gestures;
use crate::analysis::regimes::RegimeRow;
use crate::gui::command::Commands;
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{Head, Look, Rows, badge, grouped, percent, percent_interval, signed_percent_interval};
use crate::tasks::{RegimesReport, RunView};

const HEADS: [Head<'static>; 7] = [
    Head { title: "regime", width: 84.0, meaning: "Numbered by falling weight on the training slice" },
    Head { title: "n", width: 52.0, meaning: "Bars in the regime" },
    Head { title: "n eff", width: 48.0, meaning: "What these bars are worth as independent ones: labels overlap" },
    Head { title: "share", width: 52.0, meaning: "Share of all bars that have a regime" },
    Head { title: "win rate", width: 108.0, meaning: "Share of bars whose entry label is 1, 95 % block bootstrap" },
    Head { title: "mean return", width: 176.0, meaning: "Mean forward return, 95 % block bootstrap" },
    Head { title: "dwell", width: 52.0, meaning: "Mean length of an unbroken stay, in bars" },
];

/// Regimes on test, then on train, then how they follow each other.
pub(super) fn ui(ui: &mut egui::Ui, run: &RunView, regimes: &RegimesReport, state: &AppState, commands: &mut Commands) {
    for (name, table, out_of_sample) in [("Test", &regimes.table, true), ("Train", &regimes.train_table, false)] {
        ui.add_space(6.0);
        let bars: usize = table.iter().map(|row| row.n).sum();
        ui.horizontal_wrapped(|ui| {
            ui.strong(name);
            let (words, color) = if out_of_sample { ("out of sample", theme::UP) } else { ("in sample", theme::WARN) };
            badge(ui, words, color);
            let horizon = run.labels.horizon;
            let text = format!("{} bars, returns over {horizon} bars", grouped(bars as f64, 0));
            ui.weak(text);
        });
        egui::ScrollArea::horizontal().id_salt(name).show(ui, |ui| {
            ui.vertical(|ui| {
                let rows = Rows::new(ui, &HEADS);
                for row in table {
                    let look = Look {
                        swatch: Some(theme::regime(row.regime)),
                        selected: state.selection.regimes.contains(&row.regime),
                        hovered: state.hover.regime == Some(row.regime),
                    };
                    let response = rows.row(ui, &cells(row, out_of_sample), look, true);
                    regime_gestures(&response, row.regime, commands);
                }
            });
        });
    }
    ui.add_space(8.0);
    ui.label(
        egui::RichText::new(format!(
            "Fitted on train and then frozen: {} regimes; the latent forgets itself in {:.1} bars",
            regimes.k, regimes.tau
        ))
        .color(theme::WEAK),
    );
    transition(ui, regimes, commands);
}

fn cells(row: &RegimeRow, out_of_sample: bool) -> [(String, Color32); 7] {
    // In-sample figures never look as sure as those that judge.
    let ink = if out_of_sample { theme::TEXT } else { theme::WEAK };
    let missing = || "-".to_owned();
    let tint = match row.mean_return {
        Some(r) if out_of_sample && r.low > 0.0 => theme::UP,
        Some(r) if out_of_sample && r.high < 0.0 => theme::DOWN,
        _ => ink,
    };
    [
        (theme::regime_name(row.regime), ink),
        (grouped(row.n as f64, 0), ink),
        (grouped(row.n_eff, 0), ink),
        (percent(row.share, 1), ink),
        (row.win_rate.map_or_else(missing, |i| percent_interval(i, 0)), ink),
        (row.mean_return.map_or_else(missing, |i| signed_percent_interval(i, 2)), tint),
        (row.dwell_bars.map_or_else(missing, |bars| format!("{bars:.1}")), ink),
    ]
}

/// Probability of going from the row's regime to the column's in one bar.
fn transition(ui: &mut egui::Ui, regimes: &RegimesReport, commands: &mut Commands) {
    let k = regimes.k;
    if k == 0 || regimes.transition.len() != k * k {
        return;
    }
    ui.add_space(4.0);
    ui.strong("Transitions per bar, in percent");
    let cell = vec2(46.0, 22.0);
    egui::ScrollArea::horizontal().id_salt("transitions").show(ui, |ui| {
        let size = vec2(cell.x * (k as f32) + 76.0, cell.y * (k as f32 + 1.0));
        let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Transition matrix"));
        let corner = rect.min + vec2(76.0, cell.y);
        let painter = ui.painter_at(rect);
        let mut pointed = None;
        for i in 0..k {
            let color = theme::regime(i);
            let row = egui::pos2(rect.left() + 4.0, corner.y + (i as f32 + 0.5) * cell.y);
            painter.text(row, Align2::LEFT_CENTER, format!("from {i}"), theme::small(), color);
            let column = egui::pos2(corner.x + (i as f32 + 0.5) * cell.x, rect.top() + 0.5 * cell.y);
            painter.text(column, Align2::CENTER_CENTER, format!("to {i}"), theme::small(), color);
            for j in 0..k {
                let p = regimes.transition[i * k + j];
                let area = egui::Rect::from_min_size(corner + vec2(j as f32 * cell.x, i as f32 * cell.y), cell);
                painter.rect_filled(area.shrink(1.0), 2.0, theme::ACCENT.gamma_multiply(0.08 + 0.5 * p.sqrt() as f32));
                let text = format!("{:.1}", 100.0 * p);
                painter.text(area.center(), Align2::CENTER_CENTER, text, theme::small(), theme::STRONG);
                if response.hover_pos().is_some_and(|at| area.contains(at)) {
                    pointed = Some((i, j, p));
                }
            }
        }
        if let Some((i, j, p)) = pointed {
            commands.hover.regime = Some(i);
            let text = format!("regime {i} to regime {j} in one bar: {}", percent(p, 2));
            response.on_hover_text_at_pointer(text);
        }
    });
}
