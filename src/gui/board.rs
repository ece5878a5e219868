use std::path::PathBuf;

use serde_json::Value;

use super::state::{AppState, JobId, JobKind, JobRow, JobState, LiveTraining};
use crate::jobs::{Cancelled, Control, Job as Handle, Outcome, Progress, Waker, spawn};
use crate::runs::Stage;
use crate::tasks::{Check, ColumnsView, Job, Looked, RunSummary, RunView, TaskEvent};

/// What a finished job hands over.
#[derive(Debug)]
pub(super) enum Done {
    View(Box<RunView>),
    Looked(Box<Looked>),
    Columns(Box<ColumnsView>),
    Saved(PathBuf),
    Deleted,
    Run(Box<RunSummary>),
    Health(Vec<Check>),
}

/// Notes kept per job.
const NOTES: usize = 200;

/// The window's jobs: handles here, plain rows in the state.
#[derive(Debug, Default)]
pub(super) struct Board {
    next: u64,
    jobs: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    id: JobId,
    handle: Handle<Done, TaskEvent>,
    started: f64,
    /// Stage at work, when it began and with how many units done.
    stage: (String, f64, u64),
}

impl Board {
    /// Starts a job; `now` in seconds of the window's clock.
    pub(super) fn start(
        &mut self,
        state: &mut AppState,
        name: &str,
        kind: JobKind,
        now: f64,
        wake: Waker,
        task: impl FnOnce(&Job) -> anyhow::Result<Done> + Send + 'static,
    ) -> Option<JobId> {
        let id = JobId(self.next);
        self.next += 1;
        match spawn(name, wake, task) {
            Ok(handle) => {
                self.jobs.push(Entry { id, handle, started: now, stage: (String::new(), now, 0) });
                state.jobs.push(JobRow {
                    id,
                    name: name.to_owned(),
                    kind,
                    state: JobState::Running,
                    progress: Progress::default(),
                    seconds: 0.0,
                    rate: None,
                    eta: None,
                    notes: Vec::new(),
                });
                if matches!(kind, JobKind::Run(_) | JobKind::Stage(_)) {
                    state.live = LiveTraining { job: Some(id), ..LiveTraining::default() };
                }
                Some(id)
            }
            Err(err) => {
                state.say(true, format!("cannot start {name}: {err}"));
                None
            }
        }
    }

    pub(super) fn cancel(&self, id: JobId) {
        if let Some(entry) = self.jobs.iter().find(|entry| entry.id == id) {
            entry.handle.cancel();
        }
    }

    /// The hand on a job at work.
    pub(super) fn control(&self, id: JobId) -> Option<Control> {
        self.jobs.iter().find(|entry| entry.id == id).map(|entry| entry.handle.control())
    }

    /// Takes progress, events and outcomes in; gives what finished well.
    pub(super) fn drain(&mut self, state: &mut AppState, now: f64) -> Vec<(JobId, JobKind, Result<Done, String>)> {
        let mut finished = Vec::new();
        self.jobs.retain_mut(|entry| {
            // The outcome first: events sent before it are then all in the channel.
            let outcome = entry.handle.poll();
            let events: Vec<TaskEvent> = entry.handle.drain().collect();
            for event in events {
                take_event(state, entry.id, event);
            }
            let Some(row) = state.jobs.iter_mut().find(|row| row.id == entry.id) else { return false };
            row.progress = entry.handle.progress();
            if state.live.job == Some(entry.id) {
                // Another process may have paused it.
                state.live.paused = entry.handle.control().is_paused();
            }
            row.seconds = now - entry.started;
            if entry.stage.0 != row.progress.stage {
                entry.stage = (row.progress.stage.clone(), now, row.progress.done);
            }
            let (_, since, from) = &entry.stage;
            let (spent, done) = (now - since, row.progress.done.saturating_sub(*from) as f64);
            row.rate = (spent > 0.5 && done > 0.0).then(|| done / spent);
            let left = row.progress.total.saturating_sub(row.progress.done) as f64;
            row.eta = row.rate.filter(|_| row.progress.total > 0).map(|rate| left / rate);
            let Some(outcome) = outcome else { return true };
            let (job_state, result) = match outcome {
                Outcome::Finished(done) => (JobState::Finished, Ok(done)),
                Outcome::Cancelled => (JobState::Cancelled, Err("cancelled".to_owned())),
                Outcome::Failed(err) if err.chain().any(|cause| cause.is::<Cancelled>()) => {
                    (JobState::Cancelled, Err("cancelled".to_owned()))
                }
                Outcome::Failed(err) => failed(&format!("{err:#}")),
                Outcome::Panicked(text) => failed(&format!("a defect in the program stopped the job: {text}")),
            };
            row.state = job_state;
            row.eta = None;
            finished.push((row.id, row.kind, result));
            false
        });
        finished
    }

    pub(super) fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }
}

fn failed(text: &str) -> (JobState, Result<Done, String>) {
    let text = text.split("\n   0: ").next().unwrap_or_default().to_owned();
    (JobState::Failed(text.clone()), Err(text))
}

fn take_event(state: &mut AppState, id: JobId, event: TaskEvent) {
    match event {
        TaskEvent::Note(text) => {
            if let Some(row) = state.jobs.iter_mut().find(|row| row.id == id) {
                row.notes.push(text);
                if row.notes.len() > NOTES {
                    row.notes.remove(0);
                }
            }
        }
        TaskEvent::Record(record) if state.live.job == Some(id) => take_record(&mut state.live, record),
        TaskEvent::Record(_) => {}
    }
}

fn take_record(live: &mut LiveTraining, record: Value) {
    let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
    let next = |stage| match stage {
        Stage::Collect => Some(Stage::Train),
        Stage::Train => Some(Stage::Analyze),
        Stage::Analyze => Some(Stage::Backtest),
        Stage::Backtest => None,
    };
    match text("event").as_deref() {
        Some("run_started") => live.run = text("run"),
        Some("stage") => {
            if let Some(stage) = record.get("stage").cloned().and_then(|s| serde_json::from_value::<Stage>(s).ok()) {
                live.done.insert(stage);
                live.stage = next(stage);
            }
        }
        Some("epoch") => live.epochs.extend(serde_json::from_value(record)),
        _ => {}
    }
}
