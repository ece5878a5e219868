//! Makes what is shown of the dataset: the open run's features, and the labels that the next run would have.

use std::sync::Arc;

use super::board::Done;
use super::panels::Pane;
use super::shell::Shell;
use super::state::{JobId, JobKind, Loadable};
use crate::config::RunConfig;
use crate::jobs::Worker;
use crate::tasks::{FoldCutter, FoldsView, LabelsRequest, LabelsView, RunView, columns_view};

/// Workers and questions of the dataset.
#[derive(Debug, Default)]
pub(super) struct DatasetDesk {
    /// The newest job that makes the features of the open run.
    pub(super) columns: Option<JobId>,
    labeller: Option<Worker<LabelsRequest, LabelsView>>,
    /// What the labeller was last asked for.
    asked: Option<LabelsRequest>,
    cutter: Option<Worker<Box<RunConfig>, FoldsView>>,
    /// What the cutter was last asked for.
    cut: Option<RunConfig>,
}

impl Shell {
    pub(super) fn examine_columns(&mut self, now: f64) {
        let Some(run) = self.state.view.ready().map(Arc::clone) else { return };
        if matches!(self.state.dataset.columns, Loadable::Loading(_)) {
            return;
        }
        self.dataset_desk.columns = self.start("features", JobKind::Columns, now, move |job| {
            let view = columns_view(&run.collected, &run.manifest.config, run.card.as_ref(), job)?;
            Ok(Done::Columns(Box::new(view)))
        });
        self.state.dataset.columns = match self.dataset_desk.columns {
            Some(_) => Loadable::Loading("making the features".to_owned()),
            None => Loadable::Failed("no thread could be started".to_owned()),
        };
    }

    /// Starts anew for the bars of `view`.
    pub(super) fn open_dataset(&mut self, view: &Arc<RunView>) {
        if let Some(job) = self.dataset_desk.columns.take() {
            self.board.cancel(job);
        }
        self.state.dataset.columns = Loadable::Empty;
        self.state.dataset.labels = Loadable::Empty;
        self.state.dataset.folds = Loadable::Empty;
        let base = Arc::clone(view);
        let labeller = Worker::start(
            "labels",
            Arc::clone(&self.wake),
            move || Ok(base),
            |run: &mut Arc<RunView>, request| {
                Ok(LabelsView::new(&run.collected, run.card.as_ref().map(|card| &card.slices), request))
            },
        );
        self.dataset_desk.labeller =
            labeller.map_err(|err| self.state.say(true, format!("cannot draw labels: {err}"))).ok();
        self.dataset_desk.asked = None;
        let base = Arc::clone(view);
        let cutter = Worker::start(
            "slices",
            Arc::clone(&self.wake),
            move || Ok((FoldCutter::new(base.card.as_ref(), &base.manifest.config), base)),
            |(cutter, run): &mut (FoldCutter, Arc<RunView>), config: Box<RunConfig>| {
                cutter.cut(&run.collected, &config)
            },
        );
        self.dataset_desk.cutter = cutter.map_err(|err| self.state.say(true, format!("cannot cut slices: {err}"))).ok();
        self.dataset_desk.cut = None;
    }

    /// Asks for labels and slices whenever they are looked at and their configuration changed; takes in what was found.
    pub(super) fn serve_dataset(&mut self) {
        if let Some(answer) = self.dataset_desk.labeller.as_ref().and_then(Worker::poll) {
            self.state.dataset.labels = answered(answer);
        }
        if let Some(answer) = self.dataset_desk.cutter.as_ref().and_then(Worker::poll) {
            self.state.dataset.folds = answered(answer);
        }
        if !self.state.config_errors.is_empty() {
            return;
        }
        let visible = self.visible();
        if self.state.dataset.on_chart || visible.contains(&Pane::Labels) {
            self.ask_labels();
        }
        if visible.contains(&Pane::Folds) {
            self.ask_folds();
        }
    }

    fn ask_labels(&mut self) {
        let Some(labeller) = &self.dataset_desk.labeller else { return };
        let config = &self.state.config;
        let request = LabelsRequest { labels: config.labels.clone(), cost: config.backtest.round_trip_cost() };
        if self.dataset_desk.asked.as_ref() == Some(&request) {
            return;
        }
        labeller.ask(request.clone());
        self.dataset_desk.asked = Some(request);
        if self.state.dataset.labels.ready().is_none() {
            self.state.dataset.labels = Loadable::Loading("drawing labels".to_owned());
        }
    }

    fn ask_folds(&mut self) {
        let Some(cutter) = &self.dataset_desk.cutter else { return };
        let config = &self.state.config;
        if self.dataset_desk.cut.as_ref().is_some_and(|cut| cuts_alike(cut, config)) {
            return;
        }
        cutter.ask(Box::new(config.clone()));
        self.dataset_desk.cut = Some(config.clone());
        if self.state.dataset.folds.ready().is_none() {
            self.state.dataset.folds = Loadable::Loading("cutting slices".to_owned());
        }
    }
}

fn answered<T>(answer: Result<T, String>) -> Loadable<Arc<T>> {
    match answer {
        Ok(view) => Loadable::Ready(Arc::new(view)),
        Err(problem) => Loadable::Failed(problem),
    }
}

/// True if both configurations cut the same bars into the same slices.
fn cuts_alike(a: &RunConfig, b: &RunConfig) -> bool {
    a.splits == b.splits
        && a.features == b.features
        && a.labels.prediction_horizon == b.labels.prediction_horizon
        && a.model.seq_len == b.model.seq_len
        && (&a.data.start, &a.data.end) == (&b.data.start, &b.data.end)
}
