mod alarms;
mod controls;
mod figures;

use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::dataset::Slice;
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, JobId, JobRow, JobState};
use crate::gui::theme;
use crate::gui::widgets::{CurveView, Figure, clock, curves, figure, message, number, run_or_message, thousands};
use crate::runs::Stage;
use crate::training::EpochMetrics;
pub(super) use figures::compare_color;
use figures::{Foreign, Section, sections, train_color, validation_color};

/// View state of the panel.
#[derive(Debug, Serialize, Deserialize)]
#[serde(default)]
pub struct TrainingPanel {
    smoothing: f32,
    log: bool,
    /// Title of the chart that fills the panel.
    enlarged: Option<String>,
    #[serde(skip)]
    choice: Choice,
    #[serde(skip)]
    draft: controls::Draft,
    #[serde(skip)]
    cursor: Option<usize>,
    #[serde(skip)]
    cache: Option<(Key, Vec<Section>)>,
}

impl Default for TrainingPanel {
    fn default() -> Self {
        Self {
            smoothing: 0.5,
            log: false,
            enlarged: None,
            choice: Choice::default(),
            draft: controls::Draft::default(),
            cursor: None,
            cache: None,
        }
    }
}

/// Which training is shown when there are two: chosen by hand until a job starts or another run is opened.
#[derive(Debug, Default)]
struct Choice {
    live: Option<bool>,
    job: Option<JobId>,
    run: Option<String>,
}

/// What the figures depend on.
#[derive(Debug, PartialEq)]
struct Key {
    name: String,
    job: Option<JobId>,
    epochs: usize,
    weight: u32,
    others: Vec<(String, usize)>,
}

/// The epochs shown and where they come from.
struct Source<'a> {
    name: String,
    epochs: &'a [EpochMetrics],
    /// The job that makes them.
    job: Option<&'a JobRow>,
    /// Windows of the validation slice, when known.
    validation: Option<usize>,
}

fn live_job(state: &AppState) -> Option<&JobRow> {
    let id = state.live.job?;
    state.jobs.iter().find(|job| job.id == id)
}

impl TrainingPanel {
    /// Follows what the user last asked to see: a job that started or a run that was opened.
    fn follow(&mut self, state: &AppState) {
        let run = state.run().map(|run| run.manifest.id.clone());
        if self.choice.job != state.live.job {
            self.choice = Choice { live: None, job: state.live.job, run };
        } else if self.choice.run != run {
            self.choice.live = Some(false).filter(|_| !state.busy() && run.is_some());
            self.choice.run = run;
        }
    }

    /// True if the training of this window is shown rather than the open run.
    fn shows_live(&self, state: &AppState) -> bool {
        let ended = live_job(state).is_none_or(|job| job.state == JobState::Finished);
        let live = self.choice.live.unwrap_or(state.live.job.is_some() && (state.run().is_none() || !ended));
        live && (state.busy() || !state.live.epochs.is_empty())
    }

    fn source<'a>(&self, state: &'a AppState) -> Option<Source<'a>> {
        if self.shows_live(state) {
            return Some(Source {
                name: state.live.run.clone().unwrap_or_else(|| state.config.train.run_name.clone()),
                epochs: &state.live.epochs,
                job: live_job(state),
                validation: None,
            });
        }
        let run = state.run()?;
        Some(Source {
            name: run.manifest.id.clone(),
            epochs: &run.epochs,
            job: None,
            validation: run.card.as_ref().map(|card| card.slices.range(Slice::Validation).len()),
        })
    }

    fn refresh(&mut self, source: &Source<'_>, state: &AppState) {
        let others: Vec<Foreign<'_>> = state
            .compared
            .iter()
            .enumerate()
            .filter(|(_, (id, _))| **id != source.name)
            .map(|(i, (id, epochs))| Foreign { name: id, color: compare_color(i), epochs })
            .collect();
        let key = Key {
            name: source.name.clone(),
            job: source.job.map(|job| job.id),
            epochs: source.epochs.len(),
            weight: self.smoothing.to_bits(),
            others: others.iter().map(|other| (other.name.to_owned(), other.epochs.len())).collect(),
        };
        if self.cache.as_ref().is_none_or(|(known, _)| *known != key) {
            self.cache = Some((key, sections(source.epochs, &others, f64::from(self.smoothing))));
        }
    }

    fn toolbar(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        ui.horizontal_wrapped(|ui| {
            if !state.live.epochs.is_empty() && state.run().is_some() {
                let now = live_job(state).is_some_and(|job| job.state == JobState::Running);
                let live = self.shows_live(state);
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
                .on_hover_text("Weight of the past in the thick line; the thin line is exact");
            ui.checkbox(&mut self.log, "Log axis").on_hover_text("Logarithmic values where all are above 0");
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
            if let Some(best) = best(source.epochs) {
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

    fn legend(ui: &mut egui::Ui, state: &AppState, source: &Source<'_>) {
        if state.compared.keys().all(|id| *id == source.name) {
            return;
        }
        ui.horizontal_wrapped(|ui| {
            ui.label(egui::RichText::new("compared with (validation)").color(theme::WEAK));
            for (i, id) in state.compared.keys().enumerate().filter(|(_, id)| **id != source.name) {
                swatch(ui, id, compare_color(i));
            }
        });
    }

    fn charts(&mut self, ui: &mut egui::Ui, source: &Source<'_>) {
        let Some((_, sections)) = &self.cache else { return };
        let Some(last) = source.epochs.last().map(|epoch| epoch.epoch) else { return };
        let view =
            CurveView { log: self.log, best: best(source.epochs).map(|epoch| epoch.epoch), cursor: self.cursor, last };
        let mut touched = Touched::default();
        let alone = self.enlarged.as_ref().and_then(|title| {
            sections.iter().flat_map(|section| &section.figures).find(|figure| figure.title == *title)
        });
        if let Some(figure) = alone {
            let size = egui::vec2(ui.available_width(), (ui.available_height() - 8.0).max(120.0));
            touched.figure(ui, size, figure, view);
        } else {
            egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
                for section in sections {
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

/// What the pointer did to the charts of a frame.
#[derive(Default)]
struct Touched {
    /// Epoch pointed at.
    pointed: Option<usize>,
    /// Title of the chart clicked.
    clicked: Option<String>,
}

impl Touched {
    fn figure(&mut self, ui: &mut egui::Ui, size: egui::Vec2, figure: &Figure, view: CurveView) {
        let (epoch, response) = curves(ui, size, figure, view);
        self.pointed = self.pointed.or(epoch);
        if response.clicked() {
            self.clicked = Some(figure.title.clone());
        }
    }

    /// A heading and its charts in as many columns as there is room for.
    fn section(&mut self, ui: &mut egui::Ui, section: &Section, view: CurveView) {
        ui.add_space(4.0);
        ui.label(egui::RichText::new(section.title).size(11.0).color(theme::WEAK));
        let width = ui.available_width();
        let columns = ((width / 250.0) as usize).clamp(1, section.figures.len().max(1));
        let height = if section.figures.len() == 1 { 168.0 } else { 140.0 };
        let cell = ((width - 8.0 * (columns - 1) as f32) / columns as f32).floor();
        for row in section.figures.chunks(columns) {
            ui.horizontal(|ui| {
                for figure in row {
                    self.figure(ui, egui::vec2(cell, height), figure, view);
                }
            });
        }
    }
}

/// The epoch whose weights are kept.
pub(super) fn best(epochs: &[EpochMetrics]) -> Option<&EpochMetrics> {
    epochs.iter().filter(|epoch| epoch.score.is_finite()).min_by(|a, b| a.score.total_cmp(&b.score))
}

fn swatch(ui: &mut egui::Ui, text: &str, color: egui::Color32) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
        ui.painter().hline(rect.x_range(), rect.center().y, egui::Stroke::new(2.0, color));
        ui.label(egui::RichText::new(text).color(theme::lighten(color)));
    });
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
        self.follow(state);
        let Some(source) = self.source(state) else {
            run_or_message(ui, state, commands);
            return;
        };
        self.toolbar(ui, state, commands);
        let running = source.job.filter(|job| job.state == JobState::Running);
        if let Some(job) = running {
            working(ui, job, source.epochs.len(), state.live.paused);
            if state.live.stage == Some(Stage::Train) {
                controls::ui(ui, state, &mut self.draft, commands);
            }
        }
        if let Some(JobState::Failed(why)) = source.job.map(|job| &job.state) {
            ui.colored_label(theme::DOWN, format!("The training failed: {why}"));
        }
        if source.epochs.is_empty() {
            if running.is_some() {
                message(ui, "The first epoch is not done yet", None, commands);
            } else {
                let next = state.run().filter(|_| !state.demo).map(|run| Command::ResumeRun(run.dir.path().to_owned()));
                message(ui, "The run has no epochs yet: it was not trained", next.as_ref(), commands);
            }
            return;
        }
        Self::summary(ui, &source);
        for alarm in alarms::alarms(source.epochs) {
            ui.add(egui::Label::new(egui::RichText::new(format!("⚠ {alarm}")).color(theme::WARN)).wrap());
        }
        Self::legend(ui, state, &source);
        self.refresh(&source, state);
        self.charts(ui, &source);
    }

    fn header(&self, state: &AppState) -> Header {
        let Some(Source { epochs, .. }) = self.source(state) else { return Header::default() };
        let Some(best) = best(epochs) else { return Header::default() };
        let text = format!("best epoch {} of {}", best.epoch, epochs.len());
        let badge = if best.score < 1.0 { ("beats constants", true) } else { ("no better than constants", false) };
        Header { text, badge: Some((badge.0.to_owned(), badge.1)) }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Hover a chart: exact values of that epoch, in every chart at once",
            "Click a chart: fills the panel; click again: back to all",
            "Smoothing: the thick line; the thin line is exact",
            "The ring marks the best epoch: the one whose weights are kept",
            "Tick runs in the Runs panel: their validation lines are added",
        ]
    }
}
