use eframe::egui;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::board::Done;
use super::command::Command;
use super::panels::Pane;
use super::shell::Shell;
use super::state::{DataView, JobId, JobKind, JobState, Loadable, Note, RunScore, Selection};
use super::workspace::Workspace;
use crate::config::preset;
use crate::data::ReadOptions;
use crate::dataset::Slice;
use crate::jobs::Worker;
use crate::runs::{RunStatus, Stage, list_runs, read_lines};
use crate::tasks::{
    Explainer, Explanation, Job, RunRequest, RunView, doctor, extract_demo, inspect, open_run, open_view, read_reports,
    run, stage_of_run,
};

impl Shell {
    /// Does one command. Whatever takes time becomes a job.
    pub(super) fn run(&mut self, command: Command, ctx: &egui::Context, now: f64) {
        let selection = &mut self.state.selection;
        match command {
            Command::SelectBar { bar, center } => self.select_bar(bar, center),
            Command::SelectTrade(trade) => self.select_trade(trade),
            Command::SelectCell(cell) => selection.cell = cell,
            Command::SelectLayer(layer) => selection.layer = layer,
            Command::SelectHead(head) => selection.head = head,
            Command::SelectFeature(feature) => selection.feature = feature,
            Command::ToggleRegime(regime) => {
                if !selection.regimes.remove(&regime) {
                    selection.regimes.insert(regime);
                }
            }
            Command::FilterSide(side) => selection.side = side,
            Command::ClearFilters => {
                selection.regimes.clear();
                selection.side = None;
            }
            Command::ClearSelection => *selection = Selection { bar: selection.bar, ..Selection::default() },
            Command::StepBar(step) => {
                if let (Some(run), Some(bar)) = (self.state.run(), self.state.selection.bar) {
                    let last = run.collected.series.len().saturating_sub(1);
                    self.select_bar(bar.saturating_add_signed(step as isize).min(last), false);
                }
            }
            Command::StepTrade(step) => self.step_trade(step),
            Command::AskData => self.dialog.open = true,
            Command::OpenPath(path) => self.open_path(&path, now),
            Command::OpenDemo => self.open_demo(now),
            Command::InspectData(path) => self.inspect(path, now),
            Command::EditConfig(config) => {
                self.state.config_errors = config.validate().err().unwrap_or_default();
                self.state.config = *config;
            }
            Command::LoadPreset(name) => {
                if let Some(mut config) = preset(name) {
                    config.data = self.state.config.data.clone();
                    self.state.config_errors = config.validate().err().unwrap_or_default();
                    self.state.config = config;
                }
            }
            Command::RunAll => self.new_run(Stage::Backtest, false, now),
            Command::RunStage(stage @ (Stage::Collect | Stage::Train)) => self.new_run(stage, false, now),
            Command::RunStage(stage) => {
                let folder = self.state.run().map(|run| run.dir.path().to_owned());
                if let Some(folder) = folder {
                    self.stage_of(folder, stage, now);
                }
            }
            Command::ResumeRun(folder) => self.stage_of(folder, Stage::Train, now),
            Command::CancelJob(id) => self.board.cancel(id),
            Command::CancelRunning => {
                if let Some(id) = self.state.running().map(|job| job.id) {
                    self.board.cancel(id);
                }
            }
            Command::ToggleCompare(id) => self.toggle_compare(id),
            Command::RefreshRuns => self.refresh_runs(),
            Command::CheckHealth => {
                let (workspace, threads) = (self.state.workspace.clone(), self.state.threads);
                self.start("check health", JobKind::Doctor, now, move |_| {
                    Ok(Done::Health(doctor(&workspace, threads)))
                });
            }
            Command::ShowWorkspace(workspace) => self.workspace = workspace,
            Command::ShowPane(pane) => self.show_pane(pane),
            Command::ResetLayout => self.trees = Workspace::ALL.map(|w| (w, w.tree())).into_iter().collect(),
            Command::TogglePalette => self.palette.toggle(),
            Command::ToggleKeys => self.keys_open = !self.keys_open,
            Command::ToggleAbout => self.about_open = !self.about_open,
            Command::Copy(text) => ctx.copy_text(text),
            Command::Zoom(step) => {
                let factor = if step == 0 { 1.0 } else { ctx.zoom_factor() + 0.1 * f32::from(step) };
                ctx.set_zoom_factor(factor.clamp(0.6, 2.5));
            }
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    fn start(
        &mut self,
        name: &str,
        kind: JobKind,
        now: f64,
        task: impl FnOnce(&Job) -> anyhow::Result<Done> + Send + 'static,
    ) -> Option<JobId> {
        self.board.start(&mut self.state, name, kind, now, Arc::clone(&self.wake), task)
    }

    /// Takes in what a job brought.
    pub(super) fn finish(&mut self, kind: JobKind, result: Result<Done, String>, now: f64) {
        match (kind, result) {
            (_, Ok(Done::View(view))) => self.show_run(Arc::new(*view)),
            (_, Ok(Done::Report(report))) => {
                if let Some(data) = &mut self.state.data {
                    self.state.config.data.file = data.path.display().to_string();
                    data.report = Loadable::Ready(*report);
                }
            }
            (_, Ok(Done::Health(checks))) => self.state.health = checks,
            (_, Ok(Done::Run(summary))) => {
                self.refresh_runs();
                self.open_run_folder(summary.dir.path().to_owned(), now);
            }
            (JobKind::OpenRun, Err(problem)) => self.state.view = Loadable::Failed(problem),
            (JobKind::Inspect, Err(problem)) => {
                if let Some(data) = &mut self.state.data {
                    data.report = Loadable::Failed(problem);
                }
            }
            (JobKind::Run(_) | JobKind::Stage(_), Err(_)) => self.refresh_runs(),
            (JobKind::Doctor, Err(problem)) => self.state.log.push(Note { error: true, text: problem }),
        }
    }

    fn show_run(&mut self, view: Arc<RunView>) {
        self.state.selection = Selection::default();
        self.state.why = Loadable::Empty;
        self.asked = None;
        let base = Arc::clone(&view);
        self.explainer = Worker::<usize, Explanation>::start(
            "explainer",
            Arc::clone(&self.wake),
            move || Explainer::load(base, &Job::detached()),
            |explainer, bar| explainer.explain(bar),
        )
        .map_err(|err| self.state.log.push(Note { error: true, text: format!("cannot explain: {err}") }))
        .ok();
        // The last trade shows every panel at work at once; without trades the last bar does.
        let trades = view.trades().len();
        let last = view.collected.series.len().saturating_sub(1);
        self.panels.chart.reset();
        self.state.view = Loadable::Ready(view);
        if trades > 0 { self.select_trade(trades - 1) } else { self.select_bar(last, true) }
    }

    /// Asks the explainer for the selected bar, once; the latest question wins.
    pub(super) fn ask_why(&mut self) {
        let wanted = self.state.selection.bar;
        if wanted == self.asked {
            return;
        }
        self.asked = wanted;
        if let (Some(bar), Some(explainer)) = (wanted, &self.explainer) {
            explainer.ask(bar);
            if self.state.why.ready().is_none() {
                self.state.why = Loadable::Loading("asking the network".to_owned());
            }
        }
    }

    fn select_bar(&mut self, bar: usize, center: bool) {
        let trade = self.state.trade_at(bar);
        self.state.selection.bar = Some(bar);
        self.state.selection.trade = trade;
        self.state.selection.cell = None;
        if center {
            self.panels.chart.center(bar);
        } else {
            self.panels.chart.reveal(bar);
        }
    }

    fn select_trade(&mut self, trade: usize) {
        let Some(bar) = self.state.run().and_then(|run| run.trades().get(trade)).map(|t| t.decision_bar) else {
            return;
        };
        self.select_bar(bar, true);
        self.state.selection.trade = Some(trade);
    }

    fn step_trade(&mut self, step: i64) {
        let shown: Vec<(usize, usize)> = self.state.trades().map(|(i, trade)| (i, trade.decision_bar)).collect();
        let bar = self.state.selection.bar.unwrap_or(0);
        let next = if step > 0 {
            shown.iter().find(|(_, at)| *at > bar)
        } else {
            shown.iter().rev().find(|(_, at)| *at < bar)
        };
        if let Some((trade, _)) = next {
            self.select_trade(*trade);
        }
    }

    /// A run folder is opened, a folder with runs becomes the workspace, a file is looked at.
    pub(super) fn open_path(&mut self, path: &Path, now: f64) {
        if path.join("run.json").is_file() {
            self.open_run_folder(path.to_owned(), now);
        } else if path.is_dir() {
            path.clone_into(&mut self.state.workspace);
            self.refresh_runs();
            if let Some(run) = self.state.runs.first() {
                let folder = run.dir.path().to_owned();
                self.open_run_folder(folder, now);
            }
        } else {
            self.inspect(path.to_owned(), now);
        }
    }

    fn open_run_folder(&mut self, folder: PathBuf, now: f64) {
        self.state.demo = false;
        self.state.view = Loadable::Loading(folder.display().to_string());
        self.start("open run", JobKind::OpenRun, now, move |job| {
            open_view(&folder, job).map(|view| Done::View(Box::new(view)))
        });
    }

    /// Opens the embedded demo.
    pub fn open_demo(&mut self, now: f64) {
        self.state.demo = true;
        self.state.view = Loadable::Loading("the demo".to_owned());
        let cache = self.cache.clone();
        self.start("open demo", JobKind::OpenRun, now, move |job| {
            open_view(&extract_demo(&cache)?, job).map(|view| Done::View(Box::new(view)))
        });
    }

    fn inspect(&mut self, path: PathBuf, now: f64) {
        self.state.data = Some(DataView { path: path.clone(), report: Loadable::Loading("reading bars".to_owned()) });
        self.show_pane(Pane::Data);
        self.start("inspect", JobKind::Inspect, now, move |job| {
            inspect(&path, &ReadOptions::default(), job).map(|found| Done::Report(Box::new(found.report)))
        });
    }

    fn new_run(&mut self, until: Stage, resume: bool, now: f64) {
        if self.state.busy() {
            return;
        }
        if self.state.config.data.file.is_empty() {
            self.state.config.data.file = self.bars_of_the_open_run();
        }
        let request = RunRequest {
            workspace: self.state.workspace.clone(),
            config: self.state.config.clone(),
            until,
            resume,
            threads: self.state.threads,
        };
        self.start("run", JobKind::Run(until), now, move |job| {
            run(&request, job).map(|summary| Done::Run(Box::new(summary)))
        });
        self.state.live.stage = Some(Stage::Collect);
    }

    fn bars_of_the_open_run(&self) -> String {
        self.state
            .run()
            .map(|run| run.dir.path().join(&run.manifest.data_file).display().to_string())
            .unwrap_or_default()
    }

    fn stage_of(&mut self, folder: PathBuf, stage: Stage, now: f64) {
        if self.state.busy() {
            return;
        }
        let workspace = self.state.workspace.clone();
        self.start(&stage.to_string(), JobKind::Stage(stage), now, move |job| {
            let open = open_run(&workspace, &folder, job)?;
            let config = crate::runs::RunDir::open(&folder)?.load()?.config;
            stage_of_run(open, stage, &config, Slice::Test, None, job).map(|summary| Done::Run(Box::new(summary)))
        });
        self.state.live.stage = Some(stage);
    }

    fn toggle_compare(&mut self, id: String) {
        if self.state.compared.remove(&id).is_some() {
            self.state.compared_tests.remove(&id);
            return;
        }
        if let Some(run) = self.state.runs.iter().find(|run| run.manifest.id == id) {
            let network = read_reports(&run.dir).ok().and_then(|reports| reports.strategies.into_iter().next());
            self.state.compared_tests.extend(network.map(|network| (id.clone(), network)));
            self.state.compared.insert(id, read_lines(&run.dir.metrics_file()));
        }
    }

    pub(super) fn refresh_runs(&mut self) {
        let (runs, broken) = list_runs(&self.state.workspace);
        // What a finished run wrote does not change.
        let known = std::mem::take(&mut self.state.run_scores);
        for run in &runs {
            let id = &run.manifest.id;
            let old = known.get(id).filter(|_| run.manifest.status == RunStatus::Finished);
            let score = old.copied().unwrap_or_else(|| RunScore::new(&read_lines(&run.dir.metrics_file())));
            self.state.run_scores.insert(id.clone(), score);
        }
        self.state.runs = runs;
        self.state.broken_runs = broken.iter().map(ToString::to_string).collect();
    }

    fn show_pane(&mut self, pane: Pane) {
        let holds = |workspace: &Workspace, shell: &Self| {
            shell.trees.get(workspace).is_some_and(|tree| tree.tiles.find_pane(&pane).is_some())
        };
        let Some(workspace) =
            std::iter::once(self.workspace).chain(Workspace::ALL).find(|workspace| holds(workspace, self))
        else {
            return;
        };
        self.workspace = workspace;
        if let Some(tree) = self.trees.get_mut(&workspace) {
            tree.make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(p) if *p == pane));
        }
    }

    /// True while the job that opens the first run is at work.
    pub(super) fn opening(&self) -> bool {
        self.state.jobs.iter().any(|job| job.kind == JobKind::OpenRun && job.state == JobState::Running)
    }
}
