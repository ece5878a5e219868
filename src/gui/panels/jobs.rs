use eframe::egui;
use serde::{Deserialize, Serialize};

use super::{Header, Panel};
use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, JobRow, JobState};
use crate::gui::theme;
use crate::gui::widgets::{badge, clock, figure, message, number, thousands};

/// View state of the panel.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct JobsPanel {}

/// How a job ended or that it is at work, in a sentence.
fn outcome(job: &JobRow) -> (String, egui::Color32) {
    let time = clock(job.seconds);
    match &job.state {
        JobState::Running => (format!("At work for {time}"), theme::ACCENT),
        JobState::Finished => (format!("Done in {time}"), theme::UP),
        JobState::Cancelled => (format!("Cancelled after {time}"), theme::WARN),
        JobState::Failed(why) => (format!("Failed after {time}: {why}"), theme::DOWN),
    }
}

fn word(state: &JobState) -> (&'static str, egui::Color32) {
    match state {
        JobState::Running => ("running", theme::ACCENT),
        JobState::Finished => ("done", theme::UP),
        JobState::Cancelled => ("cancelled", theme::WARN),
        JobState::Failed(_) => ("failed", theme::DOWN),
    }
}

/// Stage, units, rate and ETA.
fn pace(job: &JobRow) -> String {
    let progress = &job.progress;
    let mut words = vec![if progress.stage.is_empty() { "starting".to_owned() } else { progress.stage.clone() }];
    if progress.total > 0 {
        words.push(format!("{} of {}", thousands(progress.done as usize), thousands(progress.total as usize)));
    }
    words.extend(job.rate.map(|rate| format!("{} per s", figure(rate))));
    words.extend(job.eta.map(|eta| format!("ETA {}", clock(eta))));
    words.join(" · ")
}

fn card(ui: &mut egui::Ui, job: &JobRow, commands: &mut Commands) {
    let running = job.state == JobState::Running;
    ui.horizontal(|ui| {
        let (text, color) = word(&job.state);
        badge(ui, text, color);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if running {
                let response = ui.button("Cancel").on_hover_text("The job stops at its next step");
                let name = format!("Cancel {}", job.name);
                response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
                if response.clicked() {
                    commands.push(Command::CancelJob(job.id));
                }
            }
            ui.with_layout(egui::Layout::left_to_right(egui::Align::Center), |ui| {
                ui.add(egui::Label::new(egui::RichText::new(&job.name).strong()).truncate());
            });
        });
    });
    if running {
        let progress = &job.progress;
        let share = if progress.total > 0 { progress.done as f32 / progress.total as f32 } else { 0.0 };
        let bar = egui::ProgressBar::new(share).desired_height(6.0).fill(theme::ACCENT);
        let response = ui.add(bar);
        let name = format!("Progress of {}: {:.0} %", job.name, 100.0 * share);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ProgressIndicator, true, &name));
        ui.add(egui::Label::new(number(pace(job)).color(theme::WEAK)).wrap());
    }
    let (sentence, color) = outcome(job);
    ui.add(egui::Label::new(egui::RichText::new(sentence).color(theme::lighten(color))).wrap());
    if let JobState::Failed(why) = &job.state {
        let response = ui.small_button("Copy the error");
        if response.clicked() {
            commands.push(Command::Copy(why.clone()));
        }
    }
    if let Some((latest, earlier)) = job.notes.split_last() {
        ui.add(egui::Label::new(egui::RichText::new(latest).color(theme::WEAK)).wrap());
        if !earlier.is_empty() {
            let title = egui::RichText::new(format!("Earlier notes of {} ({})", job.name, earlier.len())).size(11.0);
            egui::CollapsingHeader::new(title).id_salt(("notes", job.id)).show(ui, |ui| {
                for note in earlier.iter().rev() {
                    ui.add(egui::Label::new(egui::RichText::new(note).color(theme::WEAK)).wrap());
                }
            });
        }
    }
}

impl Panel for JobsPanel {
    fn ui(&mut self, ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
        if state.jobs.is_empty() {
            message(ui, "Nothing was started from this window yet", Some(&Command::RunAll), commands);
            return;
        }
        egui::ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for (i, job) in state.jobs.iter().rev().enumerate() {
                if i > 0 {
                    ui.separator();
                }
                ui.push_id(job.id, |ui| card(ui, job, commands));
            }
        });
    }

    fn header(&self, state: &AppState) -> Header {
        let running = state.jobs.iter().filter(|job| job.state == JobState::Running).count();
        match (running, state.jobs.len()) {
            (_, 0) => Header::default(),
            (0, all) => Header::text(format!("{all} ended")),
            (running, all) => Header::text(format!("{running} running, {} ended", all - running)),
        }
    }

    fn help(&self) -> &'static [&'static str] {
        &[
            "Cancel: the job stops at its next step; a run that was cancelled can be resumed from the Runs panel",
            "Jobs go on when this panel is closed",
        ]
    }
}
