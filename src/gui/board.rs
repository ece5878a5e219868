use std::path::PathBuf;

use serde_json::Value;

use super::state::{AppState, JobId, JobKind, JobRow, JobState, LiveTraining};
use crate::jobs::{Cancelled, Control, Job as Handle, Outcome, Progress, Waker, spawn};
use crate::runs::{RunDir, Stage};
use crate::tasks::{Check, ColumnsView, Job, Looked, ModelBench, RunCurves, RunSummary, RunView, TaskEvent};
use crate::training::{EpochMetrics, StepMetrics};

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
    Bench(Box<ModelBench>),
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
        Some("run_started") => {
            live.run = text("run");
            live.folder = text("folder").map(PathBuf::from);
        }
        Some("stage") => {
            if let Some(stage) = record.get("stage").cloned().and_then(|s| serde_json::from_value::<Stage>(s).ok()) {
                live.done.insert(stage);
                live.stage = next(stage);
            }
        }
        Some("resumed") => {
            let number = |name: &str| record.get(name).and_then(Value::as_u64).unwrap_or(0);
            read_back(live);
            live.curves.cut(number("epoch") as usize, number("step"));
        }
        Some("epoch") => take_epoch(live, record),
        Some("step") => {
            let seconds = record.get("seconds").and_then(Value::as_f64);
            if let Ok(line) = serde_json::from_value::<StepMetrics>(record)
                && live.curves.steps.last().is_none_or(|(last, _)| last.step < line.step)
            {
                live.curves.steps.push((line, seconds));
            }
        }
        _ => {}
    }
}

fn take_epoch(live: &mut LiveTraining, record: Value) {
    let seconds = record.get("seconds").and_then(Value::as_f64);
    let Ok(epoch) = serde_json::from_value::<EpochMetrics>(record) else { return };
    let curves = &mut live.curves;
    if epoch.epoch <= curves.epochs.len() {
        return;
    }
    if epoch.epoch > curves.epochs.len() + 1 {
        // Events are hints and may be lost; the disk is the record.
        read_back(live);
        return;
    }
    if let Some(seconds) = seconds.filter(|_| curves.seconds.len() == curves.epochs.len()) {
        curves.seconds.push(curves.seconds.last().unwrap_or(&0.0) + seconds);
    }
    curves.epochs.push(epoch);
}

/// Takes the curves from the run's folder.
fn read_back(live: &mut LiveTraining) {
    if let Some(folder) = &live.folder {
        live.curves = RunCurves::read(&RunDir::imaginary(folder), true);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::runs::append_line;

    fn epoch(n: usize) -> Value {
        let losses = json!({"entry": 1.0, "exit": 1.0, "return": 1.0, "volatility": 1.0, "vae": 1.0, "size": 1.0});
        json!({"event": "epoch", "epoch": n, "step": 10 * n, "learning_rate": 1e-4, "train": losses,
            "validation": losses, "score": 1.0, "best": true, "learned": {"entry_brier": 0.2}, "gradient_norm": 1.0,
            "gradient_norm_max": 1.0, "log_variances": [], "kl": [], "active_latents": 0, "attention_entropy": [],
            "seconds": 2.0})
    }

    fn step(n: u64) -> Value {
        json!({"event": "step", "epoch": n / 11 + 1, "step": n, "epochs": n as f64 / 10.0, "steps": 5, "windows": n,
            "train": epoch(1)["train"], "total": 1.0, "learning_rate": 1e-4, "gradient_norm": 1.0,
            "gradient_norm_max": 1.0, "seconds": n as f64})
    }

    #[test]
    fn a_resumed_training_goes_on_from_its_checkpoint_and_lost_hints_are_read_from_disk() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::imaginary(folder.path());
        for n in 1..=4 {
            append_line(&dir.metrics_file(), &epoch(n)).unwrap();
            append_line(
                &dir.timing_file(),
                &json!({"epoch": n, "seconds": 2.0, "windows_per_s": 1.0, "data_wait": 0.0}),
            )
            .unwrap();
            append_line(&dir.steps_file(), &step(10 * n as u64)).unwrap();
        }
        let mut live = LiveTraining::default();
        take_record(&mut live, json!({"event": "run_started", "run": "r", "folder": folder.path()}));
        take_record(&mut live, json!({"event": "resumed", "epoch": 2, "step": 25}));
        let shown = |live: &LiveTraining| {
            let steps: Vec<u64> = live.curves.steps.iter().map(|(line, _)| line.step).collect();
            (live.curves.epochs.len(), live.curves.seconds.clone(), steps)
        };
        assert_eq!(shown(&live), (2, vec![2.0, 4.0], vec![10, 20]));
        for record in [step(30), step(30), step(20), epoch(3), epoch(3), epoch(1)] {
            take_record(&mut live, record);
        }
        assert_eq!(shown(&live), (3, vec![2.0, 4.0, 6.0], vec![10, 20, 30]));
        // The hint of epoch 4 was lost.
        append_line(&dir.metrics_file(), &epoch(5)).unwrap();
        take_record(&mut live, epoch(5));
        assert_eq!((live.curves.epochs.len(), live.curves.steps.len()), (5, 4));
    }
}
