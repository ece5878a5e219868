use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Pane, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::indicators::{ChartLine, Place};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{MinMax, number, run_or_message, short_time};
use crate::tasks::RunView;

mod axes;
mod candles;
mod labels;
mod legend;
mod lines;
mod marks;
mod scale;
mod strips;

use scale::{Scale, View};

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartPanel {
    /// Volume bars under the candles.
    pub volume: bool,
    #[serde(skip)]
    view: Option<View>,
    #[serde(skip)]
    wanted: Option<Wanted>,
    #[serde(skip)]
    search: String,
    #[serde(skip)]
    cache: Cache,
}

#[derive(Debug, Clone, Copy)]
enum Wanted {
    Center(usize),
    Reveal(usize),
}

/// Search trees over the shown series; made once per run and line.
#[derive(Debug, Default)]
struct Cache {
    run: String,
    range: MinMax,
    volume: MinMax,
    lines: lines::Trees,
}

impl Default for ChartPanel {
    fn default() -> Self {
        Self { volume: true, view: None, wanted: None, search: String::new(), cache: Cache::default() }
    }
}

/// Bars in view at first.
const FIRST_BARS: f64 = 132.0;
const AXIS_WIDTH: f32 = 64.0;
const TIME_HEIGHT: f32 = 18.0;
/// Least and usual height of a pane below the candles.
const PANE_HEIGHT: (f32, f32) = (42.0, 84.0);

impl ChartPanel {
    /// Forgets the view; the next run starts with its own.
    pub fn reset(&mut self) {
        self.view = None;
    }

    /// Brings a bar into the middle.
    pub fn center(&mut self, bar: usize) {
        self.wanted = Some(Wanted::Center(bar));
    }

    /// Moves as little as needed to show a bar.
    pub fn reveal(&mut self, bar: usize) {
        self.wanted = Some(Wanted::Reveal(bar));
    }

    fn prepare(&mut self, run: &RunView) {
        let bars = run.collected.series.bars();
        let key = format!("{} {}", run.manifest.id, run.collected.fingerprint);
        if self.cache.run != key {
            self.cache = Cache {
                run: key,
                range: MinMax::new(bars.len(), |i| (bars[i].low, bars[i].high)),
                volume: MinMax::new(bars.len(), |i| (0.0, bars[i].volume)),
                lines: lines::Trees::default(),
            };
        }
        let view = self.view.get_or_insert_with(|| View::ending_at(bars.len(), FIRST_BARS));
        match self.wanted.take() {
            Some(Wanted::Center(bar)) => view.center(bar),
            Some(Wanted::Reveal(bar)) => view.reveal(bar),
            None => {}
        }
        view.clamp(bars.len());
    }

    fn toolbar(&mut self, ui: &mut egui::Ui, run: &RunView, state: &AppState, commands: &mut Commands) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            ui.menu_button("Lines", |ui| self.line_menu(ui, run, state, commands));
            ui.checkbox(&mut self.volume, "Volume");
            let bars = run.collected.series.bars();
            let Some(bar) = state.cursor().filter(|&bar| bar < bars.len()) else { return };
            let b = &bars[bar];
            let time = short_time(b.timestamp, run.collected.series.timeframe.millis());
            let text = format!(
                "{time}  O {}  H {}  L {}  C {}  V {}",
                axes::price(b.open),
                axes::price(b.high),
                axes::price(b.low),
                axes::price(b.close),
                axes::compact(b.volume)
            );
            ui.add(egui::Label::new(number(text).color(theme::TEXT)).truncate());
        });
    }

    fn line_menu(&mut self, ui: &mut egui::Ui, run: &RunView, state: &AppState, commands: &mut Commands) {
        ui.set_min_width(280.0);
        let field = egui::TextEdit::singleline(&mut self.search).hint_text("Find a line").desired_width(f32::INFINITY);
        let label = ui.label("Lines on the chart");
        ui.add(field).labelled_by(label.id);
        let search = self.search.to_lowercase();
        let found: Vec<&crate::indicators::Line> =
            run.collected.lines.columns.iter().filter(|line| line.name.to_lowercase().contains(&search)).collect();
        egui::ScrollArea::vertical().max_height(360.0).show_rows(ui, 22.0, found.len(), |ui, rows| {
            for line in &found[rows] {
                let shown = state.indicators.shows(&line.name);
                let mut on = shown;
                if ui.checkbox(&mut on, &line.name).on_hover_text(&*line.meaning).changed() {
                    let name = line.name.clone();
                    commands.push(if on { Command::AddLine(name) } else { Command::RemoveLine(name) });
                }
            }
        });
        ui.separator();
        ui.horizontal(|ui| {
            if ui.button("Browse indicators").clicked() {
                commands.push(Command::ShowPane(Pane::Indicators));
                ui.close();
            }
            let clear = Command::ClearLines;
            if ui.add_enabled(clear.is_enabled(state), egui::Button::new("Remove all")).clicked() {
                commands.push(clear);
                ui.close();
            }
        });
    }
}

/// The feature's line, if its name begins with one.
fn feature_line(run: &RunView, feature: &str) -> Option<String> {
    let lines = &run.collected.lines.columns;
    lines
        .iter()
        .map(|line| &line.name)
        .filter(|name| feature.starts_with(name.as_str()))
        .max_by_key(|n| n.len())
        .cloned()
}

/// The line of the feature that is pointed at: on the chart for as long as that lasts.
fn extra_line(name: String, state: &AppState) -> ChartLine {
    let color = state.indicators.on_chart.len();
    ChartLine { name, place: Place::Auto, color, ..ChartLine::default() }
}

impl Panel for ChartPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let chosen = state.selection.feature.as_deref().or(state.hover.feature.as_deref());
        let extra = chosen
            .and_then(|feature| feature_line(run, feature))
            .filter(|name| !state.indicators.shows(name))
            .map(|name| extra_line(name, state));
        let lines = state.indicators.on_chart.iter().chain(&extra);
        let plan = lines::Plan::new(lines, state);
        self.prepare(run);
        plan.trees(&mut self.cache.lines);
        self.toolbar(ui, run, state, commands);
        self.draw(ui, run, state, &plan, commands);
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(run) = state.run() else { return Header::default() };
        let slice = state.cursor().and_then(|bar| run.forecast.as_ref()?.slice.get(bar)).map(String::as_str);
        let badge = match slice {
            Some("test") => Some(("test · out of sample".to_owned(), true)),
            Some("live") => Some(("live · not judged yet".to_owned(), true)),
            Some("none") | None => None,
            Some(other) => Some((format!("{other} · in sample"), false)),
        };
        Header { text: String::new(), badge }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Drag: pans",
            "Scroll: zooms around the pointer",
            "Shift and scroll: pans",
            "Double click: last bars again",
            "Click a bar: explains it in every panel",
            "Right and left arrow: next and previous bar",
            "Click a line's name: draws it elsewhere or shows its indicator; its × takes it away",
        ]
    }
}

impl ChartPanel {
    fn draw(
        &mut self,
        ui: &mut egui::Ui,
        run: &RunView,
        state: &AppState,
        plan: &lines::Plan<'_>,
        commands: &mut Commands,
    ) {
        let bars = run.collected.series.bars();
        let Some(view) = self.view.as_mut().filter(|_| !bars.is_empty()) else { return };
        let size = ui.available_size();
        if size.x < AXIS_WIDTH + 40.0 || size.y < 90.0 {
            return;
        }
        let (response, painter) = ui.allocate_painter(size, egui::Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Price chart"));
        let whole = response.rect;
        let strip_height = strips::HEIGHT;
        let (panes, pane_height) = pane_room(plan.panes.len(), whole.height() - strip_height - TIME_HEIGHT);
        let lower = panes as f32 * pane_height;
        let below = strip_height + TIME_HEIGHT + lower;
        let plot = egui::Rect::from_min_max(whole.min, egui::pos2(whole.right() - AXIS_WIDTH, whole.bottom() - below));
        view.interact(ui, &response, plot, bars.len());
        let scale = Scale::new(view, plot, bars, &self.cache.range);
        let hovered = response.hover_pos().filter(|pos| pos.x < plot.right()).and_then(|pos| scale.bar_at(pos.x));
        commands.hover.bar = commands.hover.bar.or(hovered);
        if response.clicked()
            && let Some(bar) = hovered
        {
            commands.push(Command::SelectBar { bar, center: false });
        }
        let strip = egui::Rect::from_min_size(plot.left_bottom(), egui::vec2(plot.width(), strip_height));
        let time_top = strip.bottom() + lower;
        let full = egui::Rect::from_min_max(plot.min, egui::pos2(plot.right(), time_top));
        strips::slices(&painter, &scale, plot, run);
        axes::grid(&painter, &scale, plot, whole.right());
        axes::times(&painter, &scale, full, bars);
        if self.volume {
            candles::volume(&painter, &scale, plot, bars, &self.cache.volume);
        }
        marks::window(&painter, &scale, plot, state);
        labels::horizon(&painter, &scale, plot, state);
        candles::candles(&painter.with_clip_rect(plot), &scale, bars, &self.cache.range);
        plan.draw_over(&painter.with_clip_rect(plot), &scale, plot, &self.cache.lines);
        labels::marks(&painter.with_clip_rect(plot), &scale, plot, state);
        marks::trades(&painter.with_clip_rect(plot), &scale, plot, state);
        marks::attended(&painter, &scale, plot, bars, state);
        strips::strips(&painter, &scale, strip, run, state);
        let pane_rect = |i: usize| {
            let min = strip.left_bottom() + egui::vec2(0.0, i as f32 * pane_height);
            egui::Rect::from_min_size(min, egui::vec2(plot.width(), pane_height))
        };
        for (i, lines) in plan.panes.iter().take(panes).enumerate() {
            lines::pane(&painter, &scale, pane_rect(i), lines, &self.cache.lines);
        }
        marks::cursor(&painter, &scale, full, state);
        let bar = state.cursor().unwrap_or(usize::MAX).min(bars.len() - 1);
        let over: Vec<&lines::Shown<'_>> = plan.over.iter().chain(&plan.scaled).collect();
        legend::legend(ui, legend::place(plot), &over, bar, commands);
        for (i, lines) in plan.panes.iter().take(panes).enumerate() {
            let rect = pane_rect(i).shrink2(egui::vec2(2.0, 1.0));
            legend::legend(ui, rect, &lines.iter().collect::<Vec<_>>(), bar, commands);
        }
        if panes < plan.panes.len() {
            let text = format!("{} more panes need a higher chart", plan.panes.len() - panes);
            let at = egui::pos2(full.right() - 6.0, full.bottom() - 3.0);
            painter.text(at, egui::Align2::RIGHT_BOTTOM, text, theme::small(), theme::WARN);
        }
    }
}

/// How many of `wanted` panes fit below the candles, and how high each is.
fn pane_room(wanted: usize, height: f32) -> (usize, f32) {
    let each = (0.55 * height / wanted.max(1) as f32).clamp(PANE_HEIGHT.0, PANE_HEIGHT.1);
    let room = (height - 110.0).max(0.0);
    (wanted.min((room / each) as usize), each)
}
