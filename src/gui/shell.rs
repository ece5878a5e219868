use eframe::egui;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use egui_tiles::Tree;

use super::board::Board;
use super::command::{Command, Commands};
use super::dataset_desk::DatasetDesk;
use super::desk::Desk;
use super::dialogs::{OpenDialog, SystemDialog, system_dialog};
use super::formula_desk::FormulaDesk;
use super::palette::Palette;
use super::panels::{Pane, Panels};
use super::persist::{self, Saved};
use super::state::{AppState, Hover, JobId, Loadable};
use super::workspace::{Docking, Workspace};
use super::{bars, library, theme};
use crate::jobs::{Waker, Worker};
use crate::tasks::{Explanation, Filter, FilteredRun};

/// The whole window without the window: state, layout and jobs. [`Shell::logic`] thinks, [`Shell::ui`] draws; tests call
/// both, the program's frame loop does the same.
pub struct Shell {
    /// What is shown.
    pub state: AppState,
    /// View states of the panels.
    pub panels: Panels,
    /// Asked for and not done yet.
    pub commands: Commands,
    /// The workspace in front.
    pub workspace: Workspace,
    /// How the system is asked for a file or folder.
    pub system_dialog: SystemDialog,
    pub(super) trees: BTreeMap<Workspace, Tree<Pane>>,
    pub(super) dialog: OpenDialog,
    pub(super) palette: Palette,
    /// Files dragged over the window at present.
    pub(super) dragged: usize,
    pub(super) keys_open: bool,
    pub(super) about_open: bool,
    pub(super) board: Board,
    pub(super) desk: Desk,
    pub(super) formula_desk: FormulaDesk,
    pub(super) explainer: Option<Worker<usize, Explanation>>,
    /// The bar the explainer was last asked for.
    pub(super) asked: Option<usize>,
    pub(super) sieve: Option<Worker<Filter, FilteredRun>>,
    /// The filter the sieve was last asked for.
    pub(super) sifted: Option<Filter>,
    /// Reads the list of runs.
    pub(super) library: Option<Worker<library::Wanted, library::Shelf>>,
    /// The workspace was changed, its newest run is to be opened.
    pub(super) moved_in: bool,
    /// The newest job that opens a run.
    pub(super) opens: Option<JobId>,
    /// The newest job that looks at a file.
    pub(super) inspects: Option<JobId>,
    pub(super) dataset_desk: DatasetDesk,
    pub(super) wake: Waker,
    pub(super) cache: PathBuf,
}

impl std::fmt::Debug for Shell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shell").field("workspace", &self.workspace).finish_non_exhaustive()
    }
}

impl Shell {
    /// A window over `state`. `wake` is called by job threads when there is something to draw; `cache` is where the demo
    /// is unpacked.
    pub fn new(mut state: AppState, cache: PathBuf, wake: Waker, saved: Option<&dyn Saved>) -> Self {
        let mut panels = Panels::default();
        let (trees, workspace) = match saved {
            Some(saved) => persist::load(saved, &mut panels),
            None => (Workspace::ALL.map(|w| (w, w.tree())).into_iter().collect(), Workspace::Explore),
        };
        if let Some(lines) = saved.and_then(|saved| saved.read("chart.lines")) {
            state.indicators.load(&lines);
        }
        Self {
            state,
            panels,
            commands: Commands::default(),
            workspace,
            system_dialog,
            trees,
            dialog: OpenDialog::default(),
            palette: Palette::default(),
            dragged: 0,
            keys_open: false,
            about_open: false,
            board: Board::default(),
            desk: Desk::default(),
            formula_desk: FormulaDesk::default(),
            explainer: None,
            asked: None,
            sieve: None,
            sifted: None,
            library: None,
            moved_in: false,
            opens: None,
            inspects: None,
            dataset_desk: DatasetDesk::default(),
            wake,
            cache,
        }
    }

    /// Takes in what jobs did and runs what was asked for. Never waits.
    pub fn logic(&mut self, ctx: &egui::Context) {
        let now = ctx.input(|input| input.time);
        self.dialog.poll(&mut self.commands);
        let before = self.state.live.run.clone();
        for (id, kind, result) in self.board.drain(&mut self.state, now) {
            self.finish(id, kind, result, now);
        }
        if self.state.live.run.is_some() && self.state.live.run != before {
            self.refresh_runs();
        }
        self.take_runs(now);
        if let Some(answer) = self.explainer.as_ref().and_then(Worker::poll) {
            self.state.why = match answer {
                Ok(why) => Loadable::Ready(Arc::new(why)),
                Err(problem) => Loadable::Failed(problem),
            };
        }
        if let Some(answer) = self.sieve.as_ref().and_then(Worker::poll) {
            self.state.filtered = match answer {
                Ok(found) => Loadable::Ready(Arc::new(found)),
                Err(problem) => Loadable::Failed(problem),
            };
        }
        for command in self.commands.take() {
            self.run(command, ctx, now);
        }
        self.ask_why();
        self.serve_formulas();
        self.serve_lines();
        self.serve_dataset();
        self.sift();
        if !self.board.is_empty() {
            // Elapsed time and ETA move even while a job says nothing.
            ctx.request_repaint_after(std::time::Duration::from_millis(250));
        }
    }

    /// Draws everything and collects what the user asks for.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        self.commands.hover = Hover::default();
        self.shortcuts(ui.ctx());
        bars::top(ui, self);
        bars::status(ui, &self.state, &mut self.commands);
        egui::CentralPanel::no_frame().show(ui, |ui| {
            ui.painter().rect_filled(ui.max_rect(), 0.0, theme::LINE);
            if let Some(tree) = self.trees.get_mut(&self.workspace) {
                let mut docking =
                    Docking { state: &self.state, commands: &mut self.commands, panels: &mut self.panels };
                tree.ui(&mut docking, ui);
            }
        });
        self.dialog.ui(ui, self.system_dialog, &self.wake, &mut self.commands);
        self.palette.ui(ui, &self.state, &mut self.commands);
        self.sheets(ui);
        self.drops(ui);
        if self.state.hover != self.commands.hover {
            self.state.hover = self.commands.hover.clone();
            ui.request_repaint();
        }
        if !self.commands.is_empty() {
            ui.request_repaint();
        }
    }

    /// Keys never fire while a text field has the focus or a dialog is open, but for those with Ctrl.
    fn shortcuts(&mut self, ctx: &egui::Context) {
        let typing = ctx.text_edit_focused() || self.palette.open || self.dialog.open;
        for command in Command::all() {
            let Some(keys) = command.shortcut() else { continue };
            if typing && !keys.modifiers.command {
                continue;
            }
            if ctx.input_mut(|input| input.consume_shortcut(&keys)) && command.is_enabled(&self.state) {
                self.commands.push(command);
            }
        }
    }

    /// Keeps layouts and view states.
    pub fn save(&self, saved: &mut dyn Saved) {
        persist::save(saved, &self.trees, &self.panels, self.workspace);
        saved.write("chart.lines", self.state.indicators.save());
    }

    /// Panels in front in the present workspace.
    pub fn visible(&self) -> Vec<Pane> {
        let Some(tree) = self.trees.get(&self.workspace) else { return Vec::new() };
        let mut panes: Vec<Pane> =
            tree.active_tiles().into_iter().filter_map(|id| tree.tiles.get_pane(&id).copied()).collect();
        panes.sort_unstable();
        panes
    }

    /// Everything of the state that scripts check, as one JSON object.
    pub fn dump(&self) -> serde_json::Value {
        let state = &self.state;
        let selection = &state.selection;
        serde_json::json!({
            "event": "state",
            "workspace": self.workspace.title(),
            "panels": self.visible().iter().map(|pane| pane.title()).collect::<Vec<_>>(),
            "run": state.run().map(|run| &run.manifest.id),
            "demo": state.demo,
            "bar": selection.bar,
            "trade": selection.trade,
            "layer": selection.layer,
            "head": selection.head,
            "cell": selection.cell.map(|cell| [cell.query, cell.key]),
            "feature": selection.feature,
            "regimes": selection.regimes,
            "side": selection.side,
            "hover": {
                "bar": state.hover.bar,
                "trade": state.hover.trade,
                "cell": state.hover.cell.map(|cell| [cell.query, cell.key]),
                "feature": state.hover.feature,
                "regime": state.hover.regime,
            },
            "trades_shown": state.trades().count(),
            "explained": state.explanation().map(|why| why.bar),
            "runs": state.runs.len(),
            "palette": self.palette.open,
            "dialog": self.dialog.open,
            "dialog_says": self.dialog.says(),
            "said": state.said().map(|note| &note.text),
            "dragged": self.dragged,
            "data": state.data.as_ref().map(|data| &data.path),
            "data_problem": state.data.as_ref().and_then(|data| match &data.report {
                Loadable::Failed(problem) => Some(problem),
                _ => None,
            }),
            "jobs": state.jobs.iter().map(|job| serde_json::json!({
                "name": job.name, "state": format!("{:?}", job.state), "done": job.progress.done,
                "total": job.progress.total, "stage": job.progress.stage,
            })).collect::<Vec<_>>(),
            "live_epochs": state.live.curves.epochs.len(),
            "live_steps": state.live.curves.steps.len(),
            "compared": state.compared.keys().collect::<Vec<_>>(),
            "benched": state.bench.ready().map(|bench| bench.devices.len()),
        })
    }
}
