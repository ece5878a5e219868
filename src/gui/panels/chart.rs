use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::gui::theme;
use crate::gui::widgets::{MinMax, number, run_or_message, short_time};
use crate::tasks::RunView;

mod axes;
mod candles;
mod lines;
mod marks;
mod scale;
mod strips;

use scale::{Scale, View};

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct ChartPanel {
    /// Lines shown, over the candles if they are prices, below them if not.
    pub lines: Vec<String>,
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
    lines: std::collections::BTreeMap<String, MinMax>,
}

impl Default for ChartPanel {
    fn default() -> Self {
        Self {
            lines: vec!["kama.kama".to_owned(), "rsx.rsx".to_owned()],
            volume: true,
            view: None,
            wanted: None,
            search: String::new(),
            cache: Cache::default(),
        }
    }
}

/// Bars in view at first.
const FIRST_BARS: f64 = 132.0;
const AXIS_WIDTH: f32 = 64.0;
const TIME_HEIGHT: f32 = 18.0;
const LOWER_HEIGHT: f32 = 84.0;

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
                lines: std::collections::BTreeMap::new(),
            };
        }
        for name in &self.lines {
            if let Some(line) = run.collected.lines.get(name)
                && !self.cache.lines.contains_key(name)
            {
                let tree = MinMax::new(line.values.len(), |i| (line.values[i], line.values[i]));
                self.cache.lines.insert(name.clone(), tree);
            }
        }
        let view = self.view.get_or_insert_with(|| View::ending_at(bars.len(), FIRST_BARS));
        match self.wanted.take() {
            Some(Wanted::Center(bar)) => view.center(bar),
            Some(Wanted::Reveal(bar)) => view.reveal(bar),
            None => {}
        }
        view.clamp(bars.len());
    }

    fn toolbar(&mut self, ui: &mut egui::Ui, run: &RunView, state: &AppState) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = 10.0;
            ui.menu_button("Lines", |ui| self.line_menu(ui, run));
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
            for (i, name) in self.lines.iter().enumerate() {
                let Some(value) = run.collected.lines.get(name).and_then(|line| line.values.get(bar)) else { continue };
                if ui.available_width() > 150.0 {
                    ui.label(number(format!("{name} {}", axes::price(*value))).color(lines::color(i)));
                }
            }
        });
    }

    fn line_menu(&mut self, ui: &mut egui::Ui, run: &RunView) {
        ui.set_min_width(260.0);
        let field = egui::TextEdit::singleline(&mut self.search).hint_text("Find a line").desired_width(f32::INFINITY);
        let label = ui.label("Lines on the chart");
        ui.add(field).labelled_by(label.id);
        let search = self.search.to_lowercase();
        egui::ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            for line in &run.collected.lines.columns {
                if !line.name.to_lowercase().contains(&search) {
                    continue;
                }
                let mut on = self.lines.contains(&line.name);
                if ui.checkbox(&mut on, &line.name).on_hover_text(line.meaning.as_ref()).changed() {
                    if on {
                        self.lines.push(line.name.clone());
                    } else {
                        self.lines.retain(|name| *name != line.name);
                    }
                }
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

impl Panel for ChartPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        let Some(run) = run_or_message(ui, state, commands) else { return };
        let chosen = state.selection.feature.as_deref().or(state.hover.feature.as_deref());
        let extra = chosen.and_then(|feature| feature_line(run, feature)).filter(|name| !self.lines.contains(name));
        let before = self.lines.len();
        self.lines.extend(extra);
        self.prepare(run);
        self.toolbar(ui, run, state);
        self.draw(ui, run, state, commands);
        // A line shown for the chosen feature leaves with it.
        if self.lines.len() > before && chosen.is_some() {
            self.lines.truncate(before);
        }
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
        ]
    }
}

impl ChartPanel {
    fn draw(&mut self, ui: &mut egui::Ui, run: &RunView, state: &AppState, commands: &mut Commands) {
        let bars = run.collected.series.bars();
        let Some(view) = self.view.as_mut().filter(|_| !bars.is_empty()) else { return };
        let size = ui.available_size();
        if size.x < AXIS_WIDTH + 40.0 || size.y < 90.0 {
            return;
        }
        let (response, painter) = ui.allocate_painter(size, egui::Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Price chart"));
        let whole = response.rect;
        let lower = self.lines.iter().any(|name| lines::is_lower(run, name)) && whole.height() > 240.0;
        let strip_height = strips::HEIGHT;
        let below = strip_height + TIME_HEIGHT + if lower { LOWER_HEIGHT } else { 0.0 };
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
        let time_top = if lower { strip.bottom() + LOWER_HEIGHT } else { strip.bottom() };
        let full = egui::Rect::from_min_max(plot.min, egui::pos2(plot.right(), time_top));
        strips::slices(&painter, &scale, plot, run);
        axes::grid(&painter, &scale, plot, whole.right());
        axes::times(&painter, &scale, full, bars);
        if self.volume {
            candles::volume(&painter, &scale, plot, bars, &self.cache.volume);
        }
        marks::window(&painter, &scale, plot, state);
        candles::candles(&painter.with_clip_rect(plot), &scale, bars, &self.cache.range);
        lines::over(&painter.with_clip_rect(plot), &scale, run, &self.lines, &self.cache.lines);
        marks::trades(&painter.with_clip_rect(plot), &scale, plot, state);
        marks::attended(&painter, &scale, plot, bars, state);
        strips::strips(&painter, &scale, strip, run, state);
        if lower {
            let rect = egui::Rect::from_min_size(strip.left_bottom(), egui::vec2(plot.width(), LOWER_HEIGHT));
            lines::below(&painter, &scale, rect, run, &self.lines, &self.cache.lines);
        }
        marks::cursor(&painter, &scale, full, state);
    }
}
