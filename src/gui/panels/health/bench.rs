use eframe::egui;

use crate::gui::command::{Command, Commands};
use crate::gui::state::{AppState, JobKind, JobState, Loadable};
use crate::gui::theme;
use crate::gui::widgets::{figure, number, thousands};
use crate::tasks::{DeviceBench, ModelBench, Speed};

/// Width of a device's name; the pointer shows all of it.
const DEVICE: f32 = 130.0;

/// Speed of the open run's network on the devices of this machine.
/// `shown`: its figures were on screen before; new ones scroll into view.
pub(super) fn ui(ui: &mut egui::Ui, state: &AppState, shown: &mut bool, commands: &mut Commands) {
    ui.label(egui::RichText::new("Speed of the network").size(11.0).color(theme::WEAK));
    let job = state.jobs.iter().rev().find(|job| job.kind == JobKind::Bench && job.state == JobState::Running);
    ui.horizontal_wrapped(|ui| {
        let hint = "Training steps and single forecasts of the open run's network, freshly drawn, on the CPU and on a GPU \
                    if there is one; changes nothing";
        let button = egui::Button::new(Command::BenchModel.text());
        if ui.add_enabled(Command::BenchModel.is_enabled(state), button).on_hover_text(hint).clicked() {
            commands.push(Command::BenchModel);
        }
        if let Some(job) = job {
            if ui.button("Cancel").on_hover_text("Stops measuring").clicked() {
                commands.push(Command::CancelJob(job.id));
            }
            ui.label(number(format!("{} · {} of {}", job.progress.stage, job.progress.done, job.progress.total)));
            return;
        }
        let words = match &state.bench {
            Loadable::Failed(why) if why == "cancelled" => "Measuring was cancelled".to_owned(),
            Loadable::Failed(why) => {
                ui.colored_label(theme::DOWN, format!("Measuring failed: {why}"));
                return;
            }
            _ if state.trained_run().is_none() => "Open a trained run to measure its network".to_owned(),
            _ if state.busy() => "A run is at work: the figures would be those of a shared machine".to_owned(),
            Loadable::Ready(_) => return,
            _ => "Not measured yet".to_owned(),
        };
        ui.label(egui::RichText::new(words).color(theme::WEAK));
    });
    let ready = state.bench.ready();
    if let Some(bench) = ready {
        let response = ui.scope(|ui| results(ui, bench)).response;
        if !*shown {
            response.scroll_to_me(Some(egui::Align::BOTTOM));
        }
    }
    *shown = ready.is_some();
}

fn results(ui: &mut egui::Ui, bench: &ModelBench) {
    let ModelBench { run, parameters, seq_len, width, windows, .. } = bench;
    let about = format!(
        "{run}: {} parameters, windows of {seq_len} bars × {width} inputs, {windows} windows per optimiser step",
        thousands(*parameters)
    );
    ui.add(egui::Label::new(egui::RichText::new(about).color(theme::WEAK)).wrap());
    egui::ScrollArea::horizontal().id_salt("bench").auto_shrink([false, true]).show(ui, |ui| {
        egui::Grid::new("speeds").min_row_height(20.0).spacing([16.0, 0.0]).show(ui, |ui| {
            let names = ["device", "ms per step (p10 to p90)", "windows/s", "ms per forecast (p10 to p90)", "n"];
            for name in names {
                ui.label(egui::RichText::new(name).color(theme::WEAK).size(11.5));
            }
            ui.end_row();
            for device in &bench.devices {
                row(ui, device);
            }
        });
    });
    if let [cpu, gpu] = &bench.devices[..] {
        let times = |cpu: Speed, gpu: Speed| figure(cpu.median_ms / gpu.median_ms);
        let (step, forecast) = (times(cpu.step, gpu.step), times(cpu.prediction, gpu.prediction));
        ui.label(format!(
            "The GPU does a step {step} times as fast as the CPU, and a single forecast {forecast} times"
        ));
    }
    if let Some(why) = &bench.no_gpu {
        ui.add(egui::Label::new(egui::RichText::new(format!("No GPU was measured: {why}")).color(theme::WEAK)).wrap());
    }
}

fn row(ui: &mut egui::Ui, device: &DeviceBench) {
    let speed = |of: Speed| format!("{} ({} to {})", figure(of.median_ms), figure(of.p10_ms), figure(of.p90_ms));
    ui.scope(|ui| {
        ui.set_max_width(DEVICE);
        ui.add(egui::Label::new(&device.device).truncate());
    });
    for text in [
        speed(device.step),
        thousands(device.windows_per_s.round() as usize),
        speed(device.prediction),
        format!("{}, {}", device.step.calls, device.prediction.calls),
    ] {
        ui.label(number(text));
    }
    ui.end_row();
}
