use eframe::egui;
use std::path::PathBuf;

use super::indicators::Place;
use super::panels::Pane;
use super::state::{AppState, Cell, Hover, JobId};
use super::workspace::Workspace;
use crate::backtest::Direction;
use crate::config::{DataConfig, RunConfig};
use crate::jobs::Order;
use crate::runs::Stage;

/// What can be done to a training while it works.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Teach {
    /// Hold it before its next step.
    Pause,
    /// Let it go on.
    Continue,
    /// Let it obey at its next step.
    Order(Order),
}

/// All that a menu, a key, a button, the palette or a gesture can ask for.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Pins a bar: shared window, cursor, explanation. `center` brings it into the chart's middle.
    SelectBar {
        /// The bar.
        bar: usize,
        /// Bring it into view.
        center: bool,
    },
    /// Pins a trade and its deciding bar, and centres the chart.
    SelectTrade(usize),
    /// Pins or frees an attention cell.
    SelectCell(Option<Cell>),
    /// Shows a layer (the last one when `None`).
    SelectLayer(Option<usize>),
    /// Shows a head (the mean of all when `None`).
    SelectHead(Option<usize>),
    /// Pins or frees a feature.
    SelectFeature(Option<String>),
    /// Adds a regime to the filter or takes it out.
    ToggleRegime(usize),
    /// Lets one side pass, or both.
    FilterSide(Option<Direction>),
    /// Takes all filters away.
    ClearFilters,
    /// Esc: takes selection and filters away, the shown bar stays.
    ClearSelection,
    /// Moves the selected bar.
    StepBar(i64),
    /// Goes to the trade after or before the selected one.
    StepTrade(i64),
    /// Opens the dialog for a file of bars or a run folder.
    AskData,
    /// Opens a run folder, a workspace or a file of bars, whichever it is.
    OpenPath(PathBuf),
    /// Opens the embedded demo.
    OpenDemo,
    /// Looks at a file of bars.
    InspectData(PathBuf),
    /// Reads the file that is looked at in another way.
    ReadDataAs(Box<DataConfig>),
    /// Shows the bars of the file on the chart, one of them in its middle.
    ShowBars(Option<usize>),
    /// Accepts a blocking finding in the bars of the next run by its name, or no longer.
    AcceptFinding(String, bool),
    /// Writes the bars of the file to another, whose ending says how.
    SaveBars(PathBuf),
    /// Deletes a series or a capture of the workspace.
    DeleteStored(PathBuf),
    /// Makes every feature of the open run, to look at.
    ExamineColumns,
    /// Draws labels on the chart, or not.
    LabelsOnChart(bool),
    /// Replaces the configuration of the next run.
    EditConfig(Box<RunConfig>),
    /// Replaces it by a preset, keeping the file of bars.
    LoadPreset(&'static str),
    /// Collects, trains, analyzes and backtests.
    RunAll,
    /// Does a new run up to a stage, or one more stage of the open run.
    RunStage(Stage),
    /// Continues an unfinished run.
    ResumeRun(PathBuf),
    /// Acts on the training at work.
    Teach(Teach),
    /// Asks a job to stop.
    CancelJob(JobId),
    /// Asks the running job to stop.
    CancelRunning,
    /// Adds a run to the comparison or takes it out.
    ToggleCompare(String),
    /// Reads the list of runs again.
    RefreshRuns,
    /// Puts a line on the chart.
    AddLine(String),
    /// Takes a line off the chart.
    RemoveLine(String),
    /// Moves a line over the candles or into a pane.
    PlaceLine(String, Place),
    /// Takes all lines off the chart.
    ClearLines,
    /// Looks at an indicator in the browser.
    ChooseIndicator(String),
    /// Types the value of a parameter of that indicator.
    TuneIndicator {
        /// Its place among the parameters.
        param: usize,
        /// As typed.
        text: String,
    },
    /// Gives that indicator its default parameters back.
    ResetIndicator,
    /// Begins a formula, from a shipped example if one is named.
    NewFormula(Option<&'static str>),
    /// Edits a formula file of the workspace.
    OpenFormula(String),
    /// Replaces the text in the editor.
    EditFormula(String),
    /// Replaces the name in the editor.
    NameFormula(String),
    /// Writes the edited formula.
    SaveFormula,
    /// Takes the text on disk into the editor.
    ReloadFormula,
    /// Keeps the edited text although the file changed.
    KeepFormula,
    /// Closes the editor.
    CloseFormula,
    /// Moves the file of the edited formula to `formulas/deleted/`.
    DeleteFormula,
    /// Draws the outputs of the edited formula, or not.
    PreviewFormula(bool),
    /// Checks what the program stands on.
    CheckHealth,
    /// Measures the open run's network on the devices there are.
    BenchModel,
    /// Switches the workspace.
    ShowWorkspace(Workspace),
    /// Brings a panel to the front of the present workspace.
    ShowPane(Pane),
    /// Gives every workspace its first layout back.
    ResetLayout,
    /// Opens or closes the palette.
    TogglePalette,
    /// Shows the sheet of keys.
    ToggleKeys,
    /// Shows version and disclaimer.
    ToggleAbout,
    /// Says something in the status bar.
    Say(String),
    /// Puts text into the clipboard.
    Copy(String),
    /// Larger (1), smaller (-1) or normal (0) text.
    Zoom(i8),
    /// Closes the window.
    Quit,
}

impl Command {
    /// Commands of menu and palette, in the order shown.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::AskData,
            Self::OpenDemo,
            Self::RunAll,
            Self::RunStage(Stage::Train),
            Self::RunStage(Stage::Analyze),
            Self::RunStage(Stage::Backtest),
            Self::CancelRunning,
            Self::Teach(Teach::Pause),
            Self::Teach(Teach::Continue),
            Self::Teach(Teach::Order(Order::Stop)),
            Self::Teach(Teach::Order(Order::Save)),
            Self::ClearSelection,
            Self::ClearFilters,
            Self::FilterSide(Some(Direction::Long)),
            Self::FilterSide(Some(Direction::Short)),
            Self::StepBar(1),
            Self::StepBar(-1),
            Self::StepTrade(1),
            Self::StepTrade(-1),
            Self::SelectHead(None),
            Self::ClearLines,
            Self::LabelsOnChart(true),
            Self::LabelsOnChart(false),
            Self::ResetIndicator,
            Self::NewFormula(None),
            Self::SaveFormula,
            Self::RefreshRuns,
            Self::CheckHealth,
            Self::BenchModel,
        ];
        all.extend(crate::config::PRESETS.iter().map(|(name, _)| Self::LoadPreset(name)));
        all.extend(Workspace::ALL.map(Self::ShowWorkspace));
        all.extend(Pane::ALL.map(Self::ShowPane));
        all.extend([
            Self::ResetLayout,
            Self::Zoom(1),
            Self::Zoom(-1),
            Self::Zoom(0),
            Self::TogglePalette,
            Self::ToggleKeys,
            Self::ToggleAbout,
            Self::Quit,
        ]);
        all
    }

    /// The words on button, menu and palette.
    pub fn text(&self) -> String {
        match self {
            Self::SelectBar { bar, .. } => format!("Select bar {bar}"),
            Self::SelectTrade(trade) => format!("Select trade {trade}"),
            Self::SelectCell(_) => "Pin attention cell".to_owned(),
            Self::SelectLayer(None) => "Show the last layer".to_owned(),
            Self::SelectLayer(Some(layer)) => format!("Show layer {layer}"),
            Self::SelectHead(None) => "Show the mean of all heads".to_owned(),
            Self::SelectHead(Some(head)) => format!("Show head {head}"),
            Self::SelectFeature(_) => "Pin feature".to_owned(),
            Self::ToggleRegime(regime) => format!("Filter regime {regime}"),
            Self::FilterSide(None) => "Show both sides".to_owned(),
            Self::FilterSide(Some(side)) => format!("Show only {} trades", side.name()),
            Self::ClearFilters => "Clear filters".to_owned(),
            Self::ClearSelection => "Clear selection".to_owned(),
            Self::StepBar(step) => if *step > 0 { "Next bar" } else { "Previous bar" }.to_owned(),
            Self::StepTrade(step) => if *step > 0 { "Next trade" } else { "Previous trade" }.to_owned(),
            Self::AskData => "Open…".to_owned(),
            Self::OpenPath(path) | Self::InspectData(path) => format!("Open {}", path.display()),
            Self::ReadDataAs(_) => "Read the file in another way".to_owned(),
            Self::ShowBars(_) => "Show the file on the chart".to_owned(),
            Self::AcceptFinding(name, on) => {
                if *on {
                    format!("Accept {name}")
                } else {
                    format!("Do not accept {name}")
                }
            }
            Self::DeleteStored(path) => format!("Delete {}", path.display()),
            Self::SaveBars(path) => format!("Write the bars to {}", path.display()),
            Self::OpenDemo => "Open the demo".to_owned(),
            Self::ExamineColumns => "Examine features".to_owned(),
            Self::LabelsOnChart(on) => if *on { "Labels on the chart" } else { "No labels on the chart" }.to_owned(),
            Self::EditConfig(_) => "Edit configuration".to_owned(),
            Self::LoadPreset(name) => format!("Load preset {name}"),
            Self::RunAll => "Run all".to_owned(),
            Self::RunStage(Stage::Collect) => "Collect".to_owned(),
            Self::RunStage(Stage::Train) => "Train".to_owned(),
            Self::RunStage(Stage::Analyze) => "Analyze".to_owned(),
            Self::RunStage(Stage::Backtest) => "Backtest".to_owned(),
            Self::ResumeRun(_) => "Resume".to_owned(),
            Self::Teach(Teach::Pause) => "Pause the training".to_owned(),
            Self::Teach(Teach::Continue) => "Continue the training".to_owned(),
            Self::Teach(Teach::Order(order)) => match order {
                Order::Stop => "Stop the training, keep the best".to_owned(),
                Order::Save => "Save a checkpoint now".to_owned(),
                Order::LearningRate(rate) => format!("Learning rate {rate}"),
                Order::Patience(epochs) => format!("Patience {epochs}"),
            },
            Self::CancelJob(_) | Self::CancelRunning => "Cancel".to_owned(),
            Self::ToggleCompare(run) => format!("Compare {run}"),
            Self::RefreshRuns => "Refresh runs".to_owned(),
            Self::AddLine(name) => format!("Add {name} to the chart"),
            Self::RemoveLine(name) => format!("Remove {name} from the chart"),
            Self::PlaceLine(name, place) => match place {
                Place::Auto => format!("Show {name} by its unit"),
                Place::Over => format!("Show {name} over the candles"),
                Place::Own => format!("Show {name} in a pane of its own"),
            },
            Self::ClearLines => "Take all lines off the chart".to_owned(),
            Self::ChooseIndicator(name) => format!("Indicator {name}"),
            Self::TuneIndicator { .. } => "Edit parameter".to_owned(),
            Self::ResetIndicator => "Reset parameters".to_owned(),
            Self::NewFormula(None) => "New formula".to_owned(),
            Self::NewFormula(Some(example)) => format!("New formula from {example}"),
            Self::OpenFormula(id) => format!("Edit formula {id}"),
            Self::EditFormula(_) => "Edit formula".to_owned(),
            Self::NameFormula(_) => "Name formula".to_owned(),
            Self::SaveFormula => "Save formula".to_owned(),
            Self::ReloadFormula => "Reload formula".to_owned(),
            Self::KeepFormula => "Keep my text".to_owned(),
            Self::CloseFormula => "Close formula".to_owned(),
            Self::DeleteFormula => "Delete formula".to_owned(),
            Self::PreviewFormula(on) => if *on { "Draw the formula" } else { "Do not draw the formula" }.to_owned(),
            Self::CheckHealth => "Check health".to_owned(),
            Self::BenchModel => "Measure the network's speed".to_owned(),
            Self::ShowWorkspace(workspace) => format!("{} workspace", workspace.title()),
            Self::ShowPane(pane) => format!("Show {}", pane.title()),
            Self::ResetLayout => "Reset layout".to_owned(),
            Self::TogglePalette => "Command palette".to_owned(),
            Self::ToggleKeys => "Keyboard shortcuts".to_owned(),
            Self::ToggleAbout => "About Glassbox".to_owned(),
            Self::Say(_) => "Say".to_owned(),
            Self::Copy(_) => "Copy".to_owned(),
            Self::Zoom(step) => match step {
                0 => "Normal text size",
                1.. => "Larger text",
                _ => "Smaller text",
            }
            .to_owned(),
            Self::Quit => "Quit".to_owned(),
        }
    }

    /// The key, for menu, palette and the sheet of keys.
    pub fn shortcut(&self) -> Option<egui::KeyboardShortcut> {
        use egui::{Key, KeyboardShortcut as Keys, Modifiers};
        let plain = |key| Some(Keys::new(Modifiers::NONE, key));
        let command = |key| Some(Keys::new(Modifiers::COMMAND, key));
        match self {
            Self::TogglePalette => command(Key::K),
            Self::AskData => command(Key::O),
            Self::RunAll => command(Key::Enter),
            Self::Quit => command(Key::Q),
            Self::Zoom(1) => command(Key::Plus),
            Self::Zoom(-1) => command(Key::Minus),
            Self::Zoom(0) => command(Key::Num0),
            Self::SaveFormula => command(Key::S),
            Self::RefreshRuns => plain(Key::F5),
            Self::ClearSelection => plain(Key::Escape),
            Self::StepBar(1) => plain(Key::ArrowRight),
            Self::StepBar(-1) => plain(Key::ArrowLeft),
            Self::StepTrade(1) => plain(Key::N),
            Self::StepTrade(-1) => plain(Key::P),
            Self::ToggleKeys => plain(Key::Questionmark),
            Self::ShowWorkspace(workspace) => command(workspace.key()),
            _ => None,
        }
    }

    /// Whether it makes sense now.
    pub fn is_enabled(&self, state: &AppState) -> bool {
        match self {
            Self::RunAll | Self::ResumeRun(_) | Self::RunStage(Stage::Train | Stage::Collect) => !state.busy(),
            Self::RunStage(_) => !state.busy() && !state.demo && state.run().is_some(),
            Self::BenchModel => {
                !state.busy()
                    && state.trained_run().is_some()
                    && !matches!(state.bench, super::state::Loadable::Loading(_))
            }
            Self::CancelRunning => state.running().is_some(),
            Self::Teach(teach) => {
                let trains = state.busy() && state.live.stage == Some(Stage::Train);
                trains && !matches!((teach, state.live.paused), (Teach::Pause, true) | (Teach::Continue, false))
            }
            Self::SaveFormula => state.formulas.open.as_ref().is_some_and(super::formulas::Editor::is_changed),
            Self::ClearLines => !state.indicators.on_chart.is_empty(),
            Self::ResetIndicator => state.indicators.chosen.as_ref().is_some_and(super::indicators::Chosen::is_tuned),
            Self::StepBar(_) => state.run().is_some(),
            Self::LabelsOnChart(on) => state.dataset.on_chart != *on,
            Self::StepTrade(_) => state.trades().next().is_some(),
            _ => true,
        }
    }
}

/// What panels ask for in one frame.
#[derive(Debug, Default)]
pub struct Commands {
    list: Vec<Command>,
    /// What the pointer is over; panels fill it anew each frame.
    pub hover: Hover,
}

impl Commands {
    /// Asks for something.
    pub fn push(&mut self, command: Command) {
        self.list.push(command);
    }

    /// All that was asked for since the last call.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.list)
    }

    /// True if nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
