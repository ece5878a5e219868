use eframe::egui;
use std::path::PathBuf;
use std::sync::Arc;

use super::board::Done;
use super::command::{Command, Teach};
use super::panels::Pane;
use super::shell::Shell;
use super::state::{JobId, JobKind, JobState, Loadable, Selection};
use super::workspace::Workspace;
use crate::config::preset;
use crate::dataset::Slice;
use crate::jobs::Worker;
use crate::runs::Stage;
use crate::tasks::{
    Explainer, Explanation, Filter, FilteredRun, Job, RunCurves, RunRequest, RunView, bench_model, doctor, open_run,
    read_reports, run, stage_of_run,
};

impl Shell {
    /// Does one command. Whatever takes time becomes a job.
    pub(super) fn run(&mut self, command: Command, ctx: &egui::Context, now: f64) {
        let rest = self.run_indicators(command).and_then(|command| self.run_formulas(command));
        let Some(command) = rest.and_then(|command| self.run_market(command, now)) else { return };
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
            Command::AskData => self.dialog.show(),
            Command::OpenPath(path) => self.open_path(&path, now),
            Command::OpenDemo => self.open_demo(now),
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
            Command::Teach(teach) => self.teach(teach),
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
            Command::BenchModel => self.bench_model(now),
            Command::ShowWorkspace(workspace) => self.workspace = workspace,
            Command::ShowPane(pane) => self.show_pane(pane),
            Command::ResetLayout => self.trees = Workspace::ALL.map(|w| (w, w.tree())).into_iter().collect(),
            Command::TogglePalette => self.palette.toggle(),
            Command::ToggleKeys => self.keys_open = !self.keys_open,
            Command::ToggleAbout => self.about_open = !self.about_open,
            Command::Say(text) => self.state.say(false, text),
            Command::Copy(text) => ctx.copy_text(text),
            Command::Zoom(step) => {
                let factor = if step == 0 { 1.0 } else { ctx.zoom_factor() + 0.1 * f32::from(step) };
                ctx.set_zoom_factor(factor.clamp(0.6, 2.5));
            }
            Command::ExamineColumns => self.examine_columns(now),
            Command::LabelsOnChart(on) => self.state.dataset.on_chart = on,
            Command::InspectData(_)
            | Command::ReadDataAs(_)
            | Command::ShowBars(_)
            | Command::AcceptFinding(..)
            | Command::SaveBars(_)
            | Command::DeleteStored(_)
            | Command::AddLine(_)
            | Command::RemoveLine(_)
            | Command::PlaceLine(..)
            | Command::ClearLines
            | Command::ChooseIndicator(_)
            | Command::TuneIndicator { .. }
            | Command::ResetIndicator
            | Command::NewFormula(_)
            | Command::OpenFormula(_)
            | Command::EditFormula(_)
            | Command::NameFormula(_)
            | Command::SaveFormula
            | Command::ReloadFormula
            | Command::KeepFormula
            | Command::CloseFormula
            | Command::DeleteFormula
            | Command::PreviewFormula(_) => {}
            Command::Quit => ctx.send_viewport_cmd(egui::ViewportCommand::Close),
        }
    }

    pub(super) fn start(
        &mut self,
        name: &str,
        kind: JobKind,
        now: f64,
        task: impl FnOnce(&Job) -> anyhow::Result<Done> + Send + 'static,
    ) -> Option<JobId> {
        self.board.start(&mut self.state, name, kind, now, Arc::clone(&self.wake), task)
    }

    /// Takes in what a job brought, unless another of its kind was asked for since.
    pub(super) fn finish(&mut self, id: JobId, kind: JobKind, result: Result<Done, String>, now: f64) {
        let newest = match kind {
            JobKind::OpenRun => self.opens,
            JobKind::Inspect => self.inspects,
            JobKind::Columns => self.dataset_desk.columns,
            _ => Some(id),
        };
        if newest != Some(id) {
            return;
        }
        match (kind, result) {
            (_, Ok(Done::View(view))) => self.show_run(Arc::new(*view)),
            (_, Ok(Done::Looked(looked))) => self.take_look(*looked),
            (_, Ok(Done::Columns(view))) => self.state.dataset.columns = Loadable::Ready(Arc::new(*view)),
            (JobKind::Columns, Err(problem)) => self.state.dataset.columns = Loadable::Failed(problem),
            (_, Ok(Done::Saved(path))) => self.take_saved_bars(Ok(path)),
            (_, Ok(Done::Health(checks))) => self.state.health = checks,
            (_, Ok(Done::Run(summary))) => {
                self.refresh_runs();
                self.open_run_folder(summary.dir.path().to_owned(), now);
            }
            (_, Ok(Done::Bench(bench))) => self.state.bench = Loadable::Ready(Arc::new(*bench)),
            (JobKind::Bench, Err(problem)) => self.state.bench = Loadable::Failed(problem),
            (JobKind::OpenRun, Err(problem)) => self.state.view = Loadable::Failed(problem),
            (JobKind::Inspect, Err(problem)) => {
                if let Some(data) = &mut self.state.data {
                    data.report = Loadable::Failed(problem);
                }
            }
            (JobKind::SaveBars, Err(problem)) => self.take_saved_bars(Err(problem)),
            (_, Ok(Done::Deleted)) | (JobKind::Run(_) | JobKind::Stage(_), Err(_)) => self.refresh_runs(),
            (JobKind::Doctor | JobKind::DeleteStored, Err(_)) => {}
        }
    }

    pub(super) fn show_run(&mut self, view: Arc<RunView>) {
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
        .map_err(|err| self.state.say(true, format!("cannot explain: {err}")))
        .ok();
        let base = Arc::clone(&view);
        self.state.filtered = Loadable::Empty;
        self.sifted = None;
        self.sieve = Worker::<Filter, FilteredRun>::start(
            "filter",
            Arc::clone(&self.wake),
            move || Ok(base),
            |run, filter| Ok(FilteredRun::new(run, filter)),
        )
        .map_err(|err| self.state.say(true, format!("cannot filter: {err}")))
        .ok();
        // The last trade shows every panel at work at once; without trades the last bar does.
        let trades = view.trades().len();
        let last = view.collected.series.len().saturating_sub(1);
        self.panels.chart.reset();
        self.open_dataset(&view);
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

    /// Asks for what the filters leave whenever they change; the latest question wins.
    pub(super) fn sift(&mut self) {
        let Some(sieve) = self.sieve.as_ref().filter(|_| self.state.view.ready().is_some()) else { return };
        let filter = self.state.selection.filter();
        if self.sifted.as_ref() == Some(&filter) {
            return;
        }
        sieve.ask(filter.clone());
        self.sifted = Some(filter);
        if !matches!(self.state.filtered, Loadable::Ready(_)) {
            self.state.filtered = Loadable::Loading("filtering".to_owned());
        }
    }

    pub(super) fn select_bar(&mut self, bar: usize, center: bool) {
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

    fn new_run(&mut self, until: Stage, resume: bool, now: f64) {
        if self.state.busy() {
            return;
        }
        // Menus, keys and the palette ask for runs, too.
        if let Some(problem) = self.state.config_errors.first().map(ToString::to_string) {
            self.state.say(true, format!("no run is started: {problem}"));
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

    fn teach(&mut self, teach: Teach) {
        let Some(control) = self.state.live.job.and_then(|id| self.board.control(id)) else { return };
        match teach {
            Teach::Pause => control.pause(),
            Teach::Continue => control.resume(),
            Teach::Order(order) => {
                control.order(order);
                self.state.say(false, format!("{}: at the next step", Command::Teach(teach).text()));
            }
        }
        self.state.live.paused = control.is_paused();
    }

    fn bench_model(&mut self, now: f64) {
        let Some(view) = self.state.view.ready().cloned() else { return };
        if !Command::BenchModel.is_enabled(&self.state) {
            return;
        }
        self.state.bench = Loadable::Loading(String::new());
        let job = self.start("benchmark", JobKind::Bench, now, move |job| {
            bench_model(&view, job).map(|bench| Done::Bench(Box::new(bench)))
        });
        if job.is_none() {
            self.state.bench = Loadable::Empty;
        }
    }

    fn toggle_compare(&mut self, id: String) {
        if self.state.compared.remove(&id).is_some() {
            self.state.compared_tests.remove(&id);
            return;
        }
        if let Some(run) = self.state.runs.iter().find(|run| run.manifest.id == id) {
            let network = read_reports(&run.dir).ok().and_then(|reports| reports.strategies.into_iter().next());
            self.state.compared_tests.extend(network.map(|network| (id.clone(), network)));
            self.state.compared.insert(id, RunCurves::read(&run.dir, false));
        }
    }

    pub(super) fn show_pane(&mut self, pane: Pane) {
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
        self.moved_in
            || self.state.jobs.iter().any(|job| job.kind == JobKind::OpenRun && job.state == JobState::Running)
    }
}
