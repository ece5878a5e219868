mod alarms;
mod charts;
mod comparison;
mod controls;
mod figures;
mod source;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, JobRow, JobState};
use crate::gui::theme;
use crate::gui::widgets::{CurveView, XAxis, clock, figure, message, number, run_or_message, thousands};
use crate::runs::Stage;
use crate::tasks::Comparison;
use charts::Touched;
pub(super) use comparison::{Compared, run_color};
use figures::{Making, Section, sections, train_color, validation_color};
use source::{Choice, Source, live_job};

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingPanel {
    smoothing: f32,
    axis: XAxis,
    log: bool,
    /// Title of the chart that fills the panel.
    enlarged: Option<String>,
    #[serde(skip)]
    choice: Choice,
    #[serde(skip)]
    draft: controls::Draft,
    #[serde(skip)]
    cursor: Option<f64>,
    #[serde(skip)]
    compared: Compared,
    #[serde(skip)]
    cache: Option<(Key, Vec<Section>)>,
}

impl Default for TrainingPanel {
    fn default() -> Self {
        Self {
            smoothing: 0.5,
            axis: XAxis::default(),
            log: false,
            enlarged: None,
            choice: Choice::default(),
            draft: controls::Draft::default(),
            cursor: None,
            compared: Compared::default(),
            cache: None,
        }
    }
}

/// What the figures depend on.
#[derive(Debug, PartialEq)]
struct Key {
    name: String,
    job: Option<crate::gui::state::JobId>,
    epochs: usize,
    steps: usize,
    making: Making,
    others: Vec<(String, Vec<usize>)>,
}

impl TrainingPanel {
    fn refresh(&mut self, source: &Source<'_>, state: &AppState, comparison: &Comparison) {
        let others = comparison::foreign(state, comparison, &source.name);
        let making = Making { axis: self.axis, weight: f64::from(self.smoothing) };
        let lengths = |runs: &[&crate::tasks::RunCurves]| runs.iter().map(|run| run.epochs.len()).collect();
        let key = Key {
            name: source.name.clone(),
            job: source.job.map(|job| job.id),
            epochs: source.curves.epochs.len(),
            steps: source.curves.steps.len(),
            making,
            others: others.iter().map(|other| (other.name.clone(), lengths(&other.runs))).collect(),
        };
        if self.cache.as_ref().is_none_or(|(known, _)| *known != key) {
            self.cache = Some((key, sections(source.curves, &others, making)));
        }
    }

    fn toolbar(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        ui.horizontal_wrapped(|ui| {
            if !state.live.curves.epochs.is_empty() && state.run().is_some() {
                let now = live_job(state).is_some_and(|job| job.state == JobState::Running);
                let live = self.choice.shows_live(state);
                let words = if now { "At work" } else { "Last training" };
                if ui.selectable_label(live, words).clicked() {
                    self.choice.live = Some(true);
                }
                if ui.selectable_label(!live, "Open run").clicked() {
                    self.choice.live = Some(false);
                }
                ui.separator();
            }
            let label = ui.label("Smoothing");
            ui.spacing_mut().slider_width = 90.0;
            ui.add(egui::Slider::new(&mut self.smoothing, 0.0..=0.95).step_by(0.05).fixed_decimals(2))
                .labelled_by(label.id)
                .on_hover_text("Weight of the past, per epoch, in the thick line; the thin line is exact");
            ui.label("Over");
            for axis in XAxis::ALL {
                let hint = match axis {
                    XAxis::Step => "Optimiser steps",
                    XAxis::Epoch => "Epochs",
                    XAxis::Time => "Time of training, without pauses",
                };
                if ui.selectable_label(self.axis == axis, axis.title()).on_hover_text(hint).clicked() {
                    self.axis = axis;
                    self.cursor = None;
                }
            }
            ui.checkbox(&mut self.log, "Log axis").on_hover_text("Logarithmic values where all are above 0");
            comparison::picker(ui, state, commands);
            if state.busy() {
                let stop = egui::Button::new(egui::RichText::new("Cancel").color(theme::DOWN));
                let response = ui.add(stop).on_hover_text("Stops after the present step; the run can be resumed");
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, "Stop training"));
                if response.clicked() {
                    commands.push(Command::CancelRunning);
                }
            }
        });
    }

    fn summary(ui: &mut egui::Ui, source: &Source<'_>) {
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing.x = 12.0;
            if let Some(best) = source.curves.best() {
                let color = if best.score < 1.0 { theme::UP } else { theme::WARN };
                ui.label(number(format!("best score {} at epoch {}", figure(best.score), best.epoch)).color(color));
                let than = if best.score < 1.0 { "beats a constant predictor" } else { "no better than a constant" };
                ui.label(egui::RichText::new(than).color(theme::WEAK));
            }
            let n = source.validation.map(|n| format!(", n {}", thousands(n))).unwrap_or_default();
            swatch(ui, &format!("V validation{n}: chose the epoch"), validation_color());
            swatch(ui, "T train: in sample, with dropout", train_color());
        });
    }

    fn charts(&mut self, ui: &mut egui::Ui, source: &Source<'_>, comparison: &Comparison) {
        let Some((_, sections)) = &self.cache else { return };
        let axis = self.axis;
        let Some(last) = source.last(axis) else {
            ui.colored_label(theme::WARN, "The run has no times: its timing.jsonl is missing or cannot be read");
            return;
        };
        let view = CurveView { axis, log: self.log, best: source.best(axis), cursor: self.cursor, last };
        let mut touched = Touched::default();
        let alone = self.enlarged.as_ref().and_then(|title| {
            sections.iter().flat_map(|section| &section.figures).find(|figure| figure.title == *title)
        });
        if let Some(figure) = alone {
            let size = egui::vec2(ui.available_width(), (ui.available_height() - 8.0).max(120.0));
            touched.figure(ui, size, figure, view);
        } else {
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                comparison::table(ui, comparison);
                for section in sections.iter().filter(|section| !section.figures.is_empty()) {
                    touched.section(ui, section, view);
                }
            });
        }
        let Touched { pointed, clicked } = touched;
        if self.cursor != pointed {
            self.cursor = pointed;
            ui.ctx().request_repaint();
        }
        if clicked.is_some() {
            self.enlarged = clicked.filter(|_| self.enlarged.is_none());
        }
    }
}

/// A piece of line and its words, which wrap with the row around them.
fn swatch(ui: &mut egui::Ui, text: &str, color: egui::Color32) {
    let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, egui::Stroke::new(2.0, color));
    ui.label(egui::RichText::new(text).color(theme::lighten(color)));
}

/// Stage, epochs, ETA of the job.
fn working(ui: &mut egui::Ui, job: &JobRow, epochs: usize, paused: bool) {
    let progress = &job.progress;
    let mut words = vec![if progress.stage.is_empty() { "starting".to_owned() } else { progress.stage.clone() }];
    if progress.total > 0 {
        words.push(format!("{} of {}", thousands(progress.done as usize), thousands(progress.total as usize)));
    }
    words.push(format!("epochs {epochs}"));
    words.push(match job.eta {
        _ if paused => "paused".to_owned(),
        Some(eta) => format!("ETA {}", clock(eta)),
        None => "ETA not known yet".to_owned(),
    });
    words.push(format!("{} so far", clock(job.seconds)));
    ui.label(number(words.join(" · ")).color(theme::ACCENT));
}

impl Panel for TrainingPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        self.choice.follow(state);
        let Some(source) = self.choice.source(state) else {
            run_or_message(ui, state, commands);
            return;
        };
        self.toolbar(ui, state, commands);
        let running = source.job.filter(|job| job.state == JobState::Running);
        if let Some(job) = running {
            working(ui, job, source.curves.epochs.len(), state.live.paused);
            if state.live.stage == Some(Stage::Train) {
                controls::ui(ui, state, &mut self.draft, commands);
            }
        }
        if let Some(JobState::Failed(why)) = source.job.map(|job| &job.state) {
            ui.colored_label(theme::DOWN, format!("The training failed: {why}"));
        }
        let curves = source.curves;
        if curves.epochs.is_empty() && (curves.steps.is_empty() || running.is_none()) {
            if running.is_some() {
                message(ui, "The first epoch is not done yet", None, commands);
            } else {
                let next = state.run().filter(|_| !state.demo).map(|run| Command::ResumeRun(run.dir.path().to_owned()));
                message(ui, "The run has no epochs yet: it was not trained", next.as_ref(), commands);
            }
            return;
        }
        Self::summary(ui, &source);
        for alarm in alarms::alarms(&curves.epochs) {
            ui.add(egui::Label::new(egui::RichText::new(format!("⚠ {alarm}")).color(theme::WARN)).wrap());
        }
        let mut compared = std::mem::take(&mut self.compared);
        let comparison = compared.get(state);
        self.refresh(&source, state, comparison);
        comparison::legend(ui, comparison, &source.name);
        self.charts(ui, &source, comparison);
        self.compared = compared;
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(Source { curves, .. }) = self.choice.source(state) else { return Header::default() };
        let Some(best) = curves.best() else { return Header::default() };
        let text = format!("best epoch {} of {}", best.epoch, curves.epochs.len());
        let badge = if best.score < 1.0 { ("beats constants", true) } else { ("no better than constants", false) };
        Header { text, badge: Some((badge.0.to_owned(), badge.1)) }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Hover a chart: exact values at that place, in every chart at once",
            "Over: optimiser steps, epochs or time of training; training losses, rate and gradient norm have points within epochs",
            "Click a chart: fills the panel; click again: back to all",
            "Smoothing: the thick line, over all points; the thin line is exact",
            "The dotted line and the ring mark the best epoch: the one whose weights are kept",
            "Compare…, or ticks in the Runs panel: other runs' validation lines; runs that differ in the seed only become their mean with a band from least to largest",
        ]
    }
}
