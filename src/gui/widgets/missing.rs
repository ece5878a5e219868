use eframe::egui;

use super::message;
use crate::gui::command::{Command, Commands};
use crate::gui::state::AppState;
use crate::runs::Stage;
use crate::tasks::RunView;

/// Why a part of the open run is not there: its stage is at work, its file cannot be read (`file` is part of its name), or
/// the stage was not done yet.
pub(in crate::gui) fn part_missing(
    ui: &mut egui::Ui,
    state: &AppState,
    run: &RunView,
    stage: Stage,
    file: &str,
    commands: &mut Commands,
) {
    let command = Command::RunStage(stage);
    let next = Some(&command).filter(|command| command.is_enabled(state));
    let (verb, noun) = match stage {
        Stage::Collect => ("collected", "collection"),
        Stage::Train => ("trained", "training"),
        Stage::Analyze => ("analysed", "analysis"),
        Stage::Backtest => ("backtested", "backtest"),
    };
    if state.busy() && state.live.stage == Some(stage) {
        message(ui, &format!("The {noun} is at work; its result appears here when it is done"), None, commands);
    } else if let Some(problem) = run.problems.iter().find(|problem| problem.contains(file)) {
        message(ui, problem, next, commands);
    } else if run.manifest.has(stage) {
        message(ui, &format!("The {noun} of this run left this part out"), next, commands);
    } else {
        message(ui, &format!("The run is not {verb} yet"), next, commands);
    }
}
