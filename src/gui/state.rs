use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use super::dataset::DatasetState;
use super::formulas::Formulas;
use super::indicators::Indicators;
pub use super::job_row::{JobId, JobKind, JobRow, JobState};
use super::market::DataView;
use crate::backtest::{Direction, StrategyReport, Trade};
use crate::config::{FieldError, RunConfig, preset};
use crate::data::LibraryListing;
use crate::runs::{RunEntry, RunStatus, Stage};
use crate::tasks::{Check, Explanation, Filter, FilteredRun, ModelBench, RunCurves, RunView};
use crate::training::EpochMetrics;

/// Something that is read or computed elsewhere.
#[derive(Debug, Clone, Default)]
pub enum Loadable<T> {
    /// Nobody asked for it.
    #[default]
    Empty,
    /// On its way; what is being done.
    Loading(String),
    /// Here.
    Ready(T),
    /// It failed, with the sentence to show.
    Failed(String),
}

impl<T> Loadable<T> {
    /// The value, when it is here.
    pub fn ready(&self) -> Option<&T> {
        if let Self::Ready(value) = self { Some(value) } else { None }
    }
}

/// One cell of an attention map: places within the window, 0 the oldest bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// The bar that looks.
    pub query: usize,
    /// The bar looked at.
    pub key: usize,
}

/// What is pinned by a click; shared by all panels. Esc clears it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// The deciding bar: last of the shared window.
    pub bar: Option<usize>,
    /// Trade of the network, by its place in the run's list.
    pub trade: Option<usize>,
    /// Encoder layer; the last one when `None`.
    pub layer: Option<usize>,
    /// Attention head; the mean of all when `None`.
    pub head: Option<usize>,
    /// Attention cell.
    pub cell: Option<Cell>,
    /// Feature by name.
    pub feature: Option<String>,
    /// Regimes that may pass; all when empty.
    pub regimes: BTreeSet<usize>,
    /// Side that may pass; both when `None`.
    pub side: Option<Direction>,
}

impl Selection {
    /// The filters among it.
    pub fn filter(&self) -> Filter {
        Filter { regimes: self.regimes.clone(), side: self.side }
    }

    /// True if something is held back.
    pub fn filters(&self) -> bool {
        !self.regimes.is_empty() || self.side.is_some()
    }
}

/// What the pointer is over in any panel; set anew each frame.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hover {
    /// A bar.
    pub bar: Option<usize>,
    /// A trade.
    pub trade: Option<usize>,
    /// An attention cell.
    pub cell: Option<Cell>,
    /// A feature.
    pub feature: Option<String>,
    /// A regime.
    pub regime: Option<usize>,
}

/// How far a run was trained.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunScore {
    /// Epochs done.
    pub epochs: usize,
    /// Best epoch and its early-stopping score on validation.
    pub best: Option<(usize, f64)>,
}

impl RunScore {
    /// Of the epochs of a run.
    pub fn new(epochs: &[EpochMetrics]) -> Self {
        let finite = epochs.iter().filter(|epoch| epoch.score.is_finite());
        let best = finite.min_by(|a, b| a.score.total_cmp(&b.score)).map(|epoch| (epoch.epoch, epoch.score));
        Self { epochs: epochs.len(), best }
    }
}

/// The run that is being trained from this window.
#[derive(Debug, Clone, Default)]
pub struct LiveTraining {
    /// Its job.
    pub job: Option<JobId>,
    /// Run id once there is a folder.
    pub run: Option<String>,
    /// Its folder once there is one.
    pub folder: Option<PathBuf>,
    /// Curves so far.
    pub curves: RunCurves,
    /// Stage at work.
    pub stage: Option<Stage>,
    /// Stages done.
    pub done: BTreeSet<Stage>,
    /// Held before its next step.
    pub paused: bool,
}

/// A pipeline stage in the top bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StageState {
    /// Not begun.
    Waiting,
    /// At work.
    Running,
    /// Done.
    Done,
    /// Ended with an error.
    Failed,
}

/// A sentence in the status bar, until the next job starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// True for errors.
    pub error: bool,
    /// The sentence.
    pub text: String,
    /// Jobs started before it.
    pub jobs: usize,
}

/// Everything the window shows, as plain data without anything of the toolkit.
#[derive(Debug)]
pub struct AppState {
    /// Folder of captures and runs.
    pub workspace: PathBuf,
    /// Threads of computation.
    pub threads: usize,
    /// Where tensors live.
    pub device: String,
    /// The run looked at.
    pub view: Loadable<Arc<RunView>>,
    /// True if it is the embedded demo.
    pub demo: bool,
    /// Why the network decided as it did at the selected bar.
    pub why: Loadable<Arc<Explanation>>,
    /// What the filters of the selection leave; without any, the sums over all trades.
    pub filtered: Loadable<Arc<FilteredRun>>,
    /// Features, labels and slices.
    pub dataset: DatasetState,
    /// Clicked.
    pub selection: Selection,
    /// Pointed at.
    pub hover: Hover,
    /// True while the runs of the workspace are read anew.
    pub listing: bool,
    /// Runs of the workspace, newest first.
    pub runs: Vec<RunEntry>,
    /// Run folders that cannot be read.
    pub broken_runs: Vec<String>,
    /// Runs chosen for comparison, by id, with their curves by epoch.
    pub compared: BTreeMap<String, RunCurves>,
    /// The network's paper trading of the compared runs that were backtested, by id.
    pub compared_tests: BTreeMap<String, StrategyReport>,
    /// How far each run of the workspace was trained, by id.
    pub run_scores: BTreeMap<String, RunScore>,
    /// Jobs of this window, newest last.
    pub jobs: Vec<JobRow>,
    /// Training at work, or the last one of this window.
    pub live: LiveTraining,
    /// The configuration of the next run.
    pub config: RunConfig,
    /// What is wrong with it.
    pub config_errors: Vec<FieldError>,
    /// The file of bars looked at.
    pub data: Option<DataView>,
    /// Series and captures of the workspace.
    pub stored: Loadable<LibraryListing>,
    /// Indicators, and their lines on the chart.
    pub indicators: Indicators,
    /// Formula files.
    pub formulas: Formulas,
    /// What the program stands on.
    pub health: Vec<Check>,
    /// Speed of an open run's network, the last one measured.
    pub bench: Loadable<Arc<ModelBench>>,
    /// The last thing said that is no job's outcome.
    pub note: Option<Note>,
}

impl Default for AppState {
    fn default() -> Self {
        Self {
            workspace: PathBuf::new(),
            threads: 1,
            device: "CPU".to_owned(),
            view: Loadable::Empty,
            demo: false,
            why: Loadable::Empty,
            filtered: Loadable::Empty,
            dataset: DatasetState::default(),
            selection: Selection::default(),
            hover: Hover::default(),
            listing: false,
            runs: Vec::new(),
            broken_runs: Vec::new(),
            compared: BTreeMap::new(),
            compared_tests: BTreeMap::new(),
            run_scores: BTreeMap::new(),
            jobs: Vec::new(),
            live: LiveTraining::default(),
            config: preset("demo").unwrap_or_default(),
            config_errors: Vec::new(),
            data: None,
            stored: Loadable::Empty,
            indicators: Indicators::default(),
            formulas: Formulas::default(),
            health: Vec::new(),
            bench: Loadable::Empty,
            note: None,
        }
    }
}

impl AppState {
    /// Says something in the status bar.
    pub fn say(&mut self, error: bool, text: impl Into<String>) {
        self.note = Some(Note { error, text: text.into(), jobs: self.jobs.len() });
    }

    /// What was said since the last job started.
    pub fn said(&self) -> Option<&Note> {
        self.note.as_ref().filter(|note| note.jobs == self.jobs.len())
    }

    /// The open run.
    pub fn run(&self) -> Option<&RunView> {
        self.view.ready().map(Arc::as_ref)
    }

    /// The open run, if it has a network: bars that are looked at have none.
    pub fn trained_run(&self) -> Option<&RunView> {
        self.run().filter(|run| run.card.is_some())
    }

    /// The explanation, if it is the selected bar's.
    pub fn explanation(&self) -> Option<&Explanation> {
        self.why.ready().map(Arc::as_ref).filter(|why| Some(why.bar) == self.selection.bar)
    }

    /// What the filters leave, if it is known yet.
    pub fn filtered(&self) -> Option<&Arc<FilteredRun>> {
        let selection = &self.selection;
        let same = |found: &Filter| found.regimes == selection.regimes && found.side == selection.side;
        self.filtered.ready().filter(|found| same(&found.filter))
    }

    /// The one time cursor: the bar pointed at, else the selected one.
    pub fn cursor(&self) -> Option<usize> {
        self.hover.bar.or(self.selection.bar)
    }

    /// The attention cell pointed at, else the pinned one.
    pub fn cell(&self) -> Option<Cell> {
        self.hover.cell.or(self.selection.cell)
    }

    /// Bars of the shared window.
    pub fn window(&self) -> Option<Range<usize>> {
        let (run, bar) = (self.run()?, self.selection.bar?);
        Some((bar + 1).saturating_sub(run.seq_len())..bar + 1)
    }

    /// Bars behind the attention cell: (query, key).
    pub fn cell_bars(&self) -> Option<(usize, usize)> {
        let (cell, window) = (self.cell()?, self.window()?);
        Some((window.start + cell.query, window.start + cell.key))
            .filter(|(q, k)| window.contains(q) && window.contains(k))
    }

    /// True if the regime passes the filter.
    pub fn shows_regime(&self, regime: Option<usize>) -> bool {
        self.selection.regimes.is_empty() || regime.is_some_and(|regime| self.selection.regimes.contains(&regime))
    }

    /// Trades of the network that pass the filters, with their places in the run's list.
    pub fn trades(&self) -> impl Iterator<Item = (usize, &Trade)> {
        let side = self.selection.side;
        self.run()
            .map_or(&[][..], RunView::trades)
            .iter()
            .enumerate()
            .filter(move |(_, trade)| self.shows_regime(trade.regime) && side.is_none_or(|side| side == trade.side))
    }

    /// The trade decided at a bar.
    pub fn trade_at(&self, bar: usize) -> Option<usize> {
        self.run()?.trades().iter().position(|trade| trade.decision_bar == bar)
    }

    /// The job at work, the newest if there are several.
    pub fn running(&self) -> Option<&JobRow> {
        self.jobs.iter().rev().find(|job| job.state == JobState::Running)
    }

    /// True while a run or stage is at work: there is one at a time.
    pub fn busy(&self) -> bool {
        let works = |job: &&JobRow| matches!(job.kind, JobKind::Run(_) | JobKind::Stage(_));
        self.jobs.iter().filter(works).any(|job| job.state == JobState::Running)
    }

    /// Where a pipeline stage stands, of the running job or else of the open run.
    pub fn stage(&self, stage: Stage) -> StageState {
        if self.busy() {
            return match self.live.stage {
                Some(now) if now == stage => StageState::Running,
                _ if self.live.done.contains(&stage) => StageState::Done,
                _ => StageState::Waiting,
            };
        }
        let Some(run) = self.run() else { return StageState::Waiting };
        let next = [Stage::Collect, Stage::Train, Stage::Analyze, Stage::Backtest]
            .into_iter()
            .find(|stage| !run.manifest.has(*stage));
        match (run.manifest.has(stage), run.manifest.status) {
            (true, _) => StageState::Done,
            (false, RunStatus::Failed) if next == Some(stage) => StageState::Failed,
            _ => StageState::Waiting,
        }
    }
}
