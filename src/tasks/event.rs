use std::time::Instant;

use serde_json::{Value, json};

use crate::jobs::JobContext;
use crate::runs::Stage;

/// What a task tells while it works; one JSON object per line on the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskEvent {
    /// A record with an `event` field.
    Record(Value),
    /// A sentence for people.
    Note(String),
}

/// A task's view of its caller.
pub type Job = JobContext<TaskEvent>;

/// Measures one stage and reports it when done.
pub(super) struct StageClock {
    stage: Stage,
    start: Instant,
}

impl StageClock {
    pub(super) fn start(stage: Stage, job: &Job) -> Self {
        job.progress(0, 0, &stage.to_string());
        Self { stage, start: Instant::now() }
    }

    pub(super) fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Emits the stage record; `more` adds fields.
    pub(super) fn done(&self, job: &Job, reused: bool, reason: &str, more: &Value) {
        let mut record = json!({
            "event": "stage",
            "stage": self.stage.to_string(),
            "seconds": self.seconds(),
            "reused": reused,
            "reason": reason,
        });
        if let (Some(record), Some(more)) = (record.as_object_mut(), more.as_object()) {
            record.extend(more.clone());
        }
        job.emit(TaskEvent::Record(record));
    }
}

/// The time, UTC milliseconds.
pub(super) fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}
