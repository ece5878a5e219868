//! Run folders: their names, their manifest, their append-only metrics and what other programs read of them. The only room that decides file names under a
//! run folder; only the run's own task writes there.

mod dir;
mod export;
mod library;
mod manifest;
mod metrics_log;
mod scalars;
mod step_log;
mod tensorboard;

pub use dir::{RunDir, RunError, RunLock};
pub use export::Exports;
pub use library::{RunEntry, find_by_key, list_runs};
pub use manifest::{Manifest, RunStatus, Stage};
pub use metrics_log::{append_line, keep_epochs, read_lines, write_lines};
pub use step_log::StepLog;
