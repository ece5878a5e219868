use super::command::{Command, Commands};
use super::shell::Shell;
use super::state::{AppState, JobRow, JobState, StageState};
use super::theme;
use super::widgets::{badge, chip, number};
use super::workspace::Workspace;
use crate::runs::Stage;
use eframe::egui;

/// Menu, pipeline, filters, run, device; below it the workspaces.
pub(super) fn top(ui: &mut egui::Ui, shell: &mut Shell) {
    let frame = egui::Frame::new().fill(theme::BACKGROUND).inner_margin(egui::Margin::symmetric(12, 6));
    egui::Panel::top("top bar").frame(frame).show(ui, |ui| {
        egui::MenuBar::new().ui(ui, |ui| {
            ui.label(
                egui::RichText::new("Glassbox").family(egui::FontFamily::Name("semibold".into())).color(theme::STRONG),
            );
            ui.add_space(4.0);
            menus(ui, &shell.state, &mut shell.commands);
            ui.add_space(8.0);
            pipeline(ui, &shell.state, &mut shell.commands);
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                if ui.button("Ctrl K").on_hover_text(Command::TogglePalette.text()).clicked() {
                    shell.commands.push(Command::TogglePalette);
                }
                let plural = if shell.state.threads == 1 { "thread" } else { "threads" };
                badge(ui, &format!("{}  {} {plural}", shell.state.device, shell.state.threads), theme::WEAK);
                if let Some(run) = shell.state.run() {
                    let manifest = &run.manifest;
                    let name = if shell.state.demo { "demo" } else { &manifest.config.train.run_name };
                    let text = format!("{} {} · {name}", manifest.symbol, manifest.timeframe);
                    ui.add(egui::Label::new(number(text).color(theme::WEAK)).truncate()).on_hover_text(&manifest.id);
                }
                filters(ui, &shell.state, &mut shell.commands);
            });
        });
    });
    let frame =
        egui::Frame::new().fill(theme::BACKGROUND).inner_margin(egui::Margin { left: 8, right: 8, top: 0, bottom: 2 });
    egui::Panel::top("workspaces").frame(frame).show(ui, |ui| {
        ui.horizontal(|ui| {
            for workspace in Workspace::ALL {
                let here = workspace == shell.workspace;
                let text = egui::RichText::new(workspace.title()).color(if here { theme::STRONG } else { theme::WEAK });
                let button = egui::Button::new(text).frame(false).min_size(egui::vec2(64.0, 24.0)).selected(false);
                let response = ui.add(button);
                if here {
                    let rect = response.rect;
                    ui.painter().hline(rect.x_range(), rect.bottom(), egui::Stroke::new(2.0, theme::ACCENT));
                }
                if response.clicked() {
                    shell.commands.push(Command::ShowWorkspace(workspace));
                }
            }
        });
    });
}

fn item(ui: &mut egui::Ui, command: Command, state: &AppState, commands: &mut Commands) {
    let keys = command.shortcut().map(|keys| ui.ctx().format_shortcut(&keys)).unwrap_or_default();
    let button = egui::Button::new(command.text()).shortcut_text(keys);
    if ui.add_enabled(command.is_enabled(state), button).clicked() {
        commands.push(command);
        ui.close();
    }
}

fn menus(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    use super::panels::Pane;
    ui.menu_button("File", |ui| {
        for command in [Command::AskData, Command::OpenDemo, Command::RefreshRuns, Command::Quit] {
            item(ui, command, state, commands);
        }
    });
    ui.menu_button("View", |ui| {
        for workspace in Workspace::ALL {
            item(ui, Command::ShowWorkspace(workspace), state, commands);
        }
        ui.separator();
        ui.menu_button("Panels", |ui| {
            for pane in Pane::ALL {
                item(ui, Command::ShowPane(pane), state, commands);
            }
        });
        ui.separator();
        for command in [Command::ResetLayout, Command::Zoom(1), Command::Zoom(-1), Command::Zoom(0)] {
            item(ui, command, state, commands);
        }
    });
    ui.menu_button("Run", |ui| {
        for stage in [Stage::Train, Stage::Analyze, Stage::Backtest] {
            item(ui, Command::RunStage(stage), state, commands);
        }
        ui.separator();
        for command in [Command::RunAll, Command::CancelRunning] {
            item(ui, command, state, commands);
        }
    });
    ui.menu_button("Help", |ui| {
        for command in [Command::TogglePalette, Command::ToggleKeys, Command::CheckHealth, Command::ToggleAbout] {
            item(ui, command, state, commands);
        }
    });
}

fn pipeline(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let roomy = ui.available_width() > 900.0;
    ui.spacing_mut().button_padding = egui::vec2(8.0, 3.0);
    for stage in [Stage::Collect, Stage::Train, Stage::Analyze, Stage::Backtest] {
        let at = state.stage(stage);
        let (color, word) = match at {
            StageState::Waiting => (theme::WEAK, "not done"),
            StageState::Running => (theme::ACCENT, "running"),
            StageState::Done => (theme::UP, "done"),
            StageState::Failed => (theme::DOWN, "failed"),
        };
        let command = Command::RunStage(stage);
        let mut text = egui::text::LayoutJob::default();
        let font = egui::FontId::proportional(12.0);
        let format = |color| egui::TextFormat::simple(font.clone(), color);
        text.append("●  ", 0.0, egui::TextFormat::simple(egui::FontId::proportional(8.0), color));
        text.append(&command.text(), 0.0, format(theme::TEXT));
        let detail = stage_detail(state, stage, at);
        if roomy && !detail.is_empty() {
            text.append(&format!("  {detail}"), 0.0, format(theme::WEAK));
        }
        let button = egui::Button::new(text).fill(theme::PANEL).min_size(egui::vec2(0.0, 24.0));
        let response = ui.add(button);
        let name = format!("{} stage: {word}", command.text());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &name));
        if response.on_hover_text(format!("{}: {word}. {detail}", command.text())).clicked()
            && command.is_enabled(state)
        {
            commands.push(command);
        }
    }
    let run = egui::Button::new(egui::RichText::new(Command::RunAll.text()).color(theme::BACKGROUND).strong())
        .fill(theme::ACCENT)
        .min_size(egui::vec2(0.0, 24.0));
    if ui.add_enabled(Command::RunAll.is_enabled(state), run).clicked() {
        commands.push(Command::RunAll);
    }
}

fn stage_detail(state: &AppState, stage: Stage, at: StageState) -> String {
    if at == StageState::Running {
        return match state.running() {
            Some(job) if job.progress.total > 0 => {
                format!("{:.0} %", 100.0 * job.progress.done as f64 / job.progress.total as f64)
            }
            _ => "running".to_owned(),
        };
    }
    let Some(run) = state.run().filter(|_| at == StageState::Done && !state.busy()) else { return String::new() };
    match stage {
        Stage::Collect => format!("{} bars · {} lines", run.manifest.bars, run.collected.lines.columns.len()),
        Stage::Train => match run.curves.epochs.iter().rfind(|epoch| epoch.best) {
            Some(best) => format!("best epoch {} of {}", best.epoch, run.curves.epochs.len()),
            None => String::new(),
        },
        Stage::Analyze => run.regimes.as_ref().map_or(String::new(), |regimes| format!("{} regimes", regimes.k)),
        Stage::Backtest => run.backtest.as_ref().map_or(String::new(), |backtest| format!("{} slice", backtest.slice)),
    }
}

fn filters(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let selection = &state.selection;
    if let Some(side) = selection.side
        && chip(ui, &format!("side {}", side.name()), theme::ACCENT)
    {
        commands.push(Command::FilterSide(None));
    }
    for &regime in selection.regimes.iter().rev() {
        let bars = state
            .run()
            .and_then(|run| run.forecast.as_ref())
            .map_or(0, |forecast| forecast.regime.iter().filter(|r| **r == Some(regime)).count());
        if chip(ui, &format!("{} · {bars} bars", theme::regime_name(regime)), theme::regime(regime)) {
            commands.push(Command::ToggleRegime(regime));
        }
    }
}

/// Running job on the left, what the run stands on to the right.
pub(super) fn status(ui: &mut egui::Ui, state: &AppState, commands: &mut Commands) {
    let frame = egui::Frame::new().fill(theme::BACKGROUND).inner_margin(egui::Margin::symmetric(12, 3));
    egui::Panel::bottom("status bar").frame(frame).exact_size(26.0).show(ui, |ui| {
        ui.horizontal_centered(|ui| {
            match (state.running(), state.jobs.last()) {
                (Some(job), _) => running(ui, job, commands),
                _ if state.said().is_some() => {
                    let Some(note) = state.said() else { return };
                    let color = if note.error { theme::lighten(theme::DOWN) } else { theme::TEXT };
                    ui.add(egui::Label::new(egui::RichText::new(&note.text).color(color).small()).truncate());
                }
                (None, Some(job)) => {
                    let (text, color) = match &job.state {
                        JobState::Failed(text) => (format!("{} failed: {text}", job.name), theme::DOWN),
                        JobState::Cancelled => (format!("{} cancelled", job.name), theme::WARN),
                        JobState::Finished | JobState::Running => {
                            (format!("{} done in {:.1} s", job.name, job.seconds), theme::WEAK)
                        }
                    };
                    let text = egui::RichText::new(text.lines().next().unwrap_or_default()).color(color).small();
                    ui.add(egui::Label::new(text).truncate());
                }
                (None, None) => {
                    ui.weak("Ready");
                }
            }
            ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
                let problems = state.run().map_or(0, |run| run.problems.len()) + state.broken_runs.len();
                let (text, color) = match problems {
                    0 => ("no warnings".to_owned(), theme::WEAK),
                    1 => ("1 warning".to_owned(), theme::WARN),
                    n => (format!("{n} warnings"), theme::WARN),
                };
                let label = ui.label(egui::RichText::new(text).color(color).small());
                if let Some(run) = state.run().filter(|run| !run.problems.is_empty()) {
                    label.on_hover_text(run.problems.join("\n"));
                }
                ui.label(egui::RichText::new("UTC").color(theme::WEAK).small());
                ui.label(
                    egui::RichText::new("Research and education only; trading risks loss").color(theme::WEAK).small(),
                );
            });
        });
    });
}

fn running(ui: &mut egui::Ui, job: &JobRow, commands: &mut Commands) {
    let progress = &job.progress;
    ui.label(egui::RichText::new(&job.name).small());
    if progress.total > 0 {
        let share = progress.done as f32 / progress.total as f32;
        ui.add(egui::ProgressBar::new(share).desired_width(110.0).desired_height(6.0).fill(theme::ACCENT));
    }
    let mut text = progress.stage.clone();
    if progress.total > 0 {
        text.push_str(&format!(" · {}/{}", progress.done, progress.total));
    }
    if let Some(rate) = job.rate {
        text.push_str(&format!(" · {rate:.1}/s"));
    }
    if let Some(eta) = job.eta {
        text.push_str(&format!(" · ETA {}:{:02}", eta as u64 / 60, eta as u64 % 60));
    }
    ui.label(number(text).color(theme::WEAK));
    if ui.small_button("Cancel").clicked() {
        commands.push(Command::CancelJob(job.id));
    }
}

impl Shell {
    /// The sheet of keys and About.
    pub(super) fn sheets(&mut self, ui: &mut egui::Ui) {
        if self.keys_open {
            let response = egui::Modal::new(egui::Id::unique("keys")).show(ui.ctx(), |ui| {
                ui.heading("Keyboard shortcuts");
                egui::Grid::new("keys").num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
                    let keyed = Command::all().into_iter().filter_map(|command| Some((command.shortcut()?, command)));
                    for (keys, command) in keyed {
                        ui.label(number(ui.ctx().format_shortcut(&keys)));
                        ui.label(command.text());
                        ui.end_row();
                    }
                });
                if ui.button("Close").clicked() {
                    ui.close();
                }
            });
            self.keys_open = !response.should_close();
        }
        if self.about_open {
            let response = egui::Modal::new(egui::Id::unique("about")).show(ui.ctx(), |ui| {
                ui.set_width(420.0);
                ui.heading(format!("Glassbox {}", env!("CARGO_PKG_VERSION")));
                ui.label("See what a network learned from your indicators and why it took a trade.");
                ui.label("Research and education only: nothing here is investment advice, and trading risks loss.");
                if ui.button("Close").clicked() {
                    ui.close();
                }
            });
            self.about_open = !response.should_close();
        }
    }
}
