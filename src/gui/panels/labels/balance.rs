use eframe::egui::{self, Stroke, vec2};

use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{PlotRoom, labelled, percent, short_time, time_ticks, tip};
use crate::tasks::{LabelsView, RunView};

/// Shares of entries (from below) and exits (from above) over time.
pub(super) fn ui(
    ui: &mut egui::Ui,
    run: &RunView,
    view: &LabelsView,
    size: egui::Vec2,
    state: &AppState,
    commands: &mut Commands,
) {
    let (bars, frame) = (run.collected.series.bars(), run.collected.series.timeframe.millis());
    let room = PlotRoom::new(ui, "Class balance over time", size);
    let axes = room.axes((0.0, bars.len() as f64), (0.0, 1.0));
    axes.grid_y(ui, &labelled(&[0.0, 0.25, 0.5, 0.75, 1.0], 100.0));
    let spacing = 80.0 * bars.len() as f64 / f64::from(axes.rect.width());
    let ticks = time_ticks(&|bar| bars[bar].timestamp, 0, bars.len(), spacing);
    axes.grid_x(ui, &ticks.into_iter().map(|(bar, text)| (bar as f64, text)).collect::<Vec<_>>());
    let painter = axes.painter(ui);
    for (block, rate) in view.balance.iter().filter(|(_, rate)| rate.n > 0) {
        let x = axes.x_at(block.start as f64)..=axes.x_at(block.end as f64);
        for (from, to, color) in [(0.0, rate.entry, theme::UP), (1.0 - rate.exit, 1.0, theme::DOWN)] {
            let rect = egui::Rect::from_x_y_ranges(x.clone(), axes.y_at(to)..=axes.y_at(from));
            painter.rect_filled(rect.shrink2(vec2(0.5, 0.0)), 0.0, color.gamma_multiply(0.55));
        }
    }
    axes.captions(ui, "time", "entries from below, exits from above, %");
    if let Some(bar) = state.cursor() {
        painter.vline(axes.x_at(bar as f64), axes.rect.y_range(), Stroke::new(1.0, theme::WEAK));
    }
    let Some(at) = axes.response.hover_pos() else { return };
    let bar = axes.x_of(at.x).max(0.0) as usize;
    let Some((block, rate)) = view.balance.iter().find(|(block, _)| block.contains(&bar)) else { return };
    let time = |bar: usize| short_time(bars[bar].timestamp, frame);
    tip(
        &axes.response,
        &[
            (format!("{} to {}", time(block.start), time(block.end - 1)), theme::STRONG),
            (format!("entries {}", percent(rate.entry, 1)), theme::lighten(theme::UP)),
            (format!("exits {}", percent(rate.exit, 1)), theme::lighten(theme::DOWN)),
        ],
    );
    if axes.response.clicked() {
        commands.push(Command::SelectBar { bar, center: true });
    }
}
