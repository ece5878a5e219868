use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use indicatif::{ProgressBar, ProgressStyle};

use super::print::{Failure, Printer, epoch_text};
use crate::jobs::{Job as Handle, Outcome, Progress, spawn};
use crate::tasks::{Job, TaskEvent};

const LOOK: Duration = Duration::from_millis(50);

/// Runs `task` as a job: progress with ETA on standard error, records on standard output, Ctrl-C cancels.
pub(super) fn watch<T: Send + 'static>(
    name: &str,
    printer: Printer,
    task: impl FnOnce(&Job) -> Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let job = spawn(name, Arc::new(|| ()), task).context("cannot start a worker thread")?;
    let token = job.cancel_token();
    ctrlc::set_handler(move || token.cancel()).context("cannot listen to Ctrl-C")?;
    let bar = bar();
    let outcome = loop {
        let outcome = job.wait(LOOK);
        tell(&job, printer, bar.as_ref());
        if let Some(outcome) = outcome {
            break outcome;
        }
    };
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    match outcome {
        Outcome::Finished(value) => Ok(value),
        Outcome::Cancelled => Err(Failure::Cancelled),
        Outcome::Failed(err) if err.chain().any(|cause| cause.is::<crate::jobs::Cancelled>()) => {
            Err(Failure::Cancelled)
        }
        Outcome::Failed(err) => Err(Failure::Failed(err)),
        Outcome::Panicked(text) => Err(Failure::Failed(anyhow!("a defect in the program stopped the job: {text}"))),
    }
}

fn bar() -> Option<ProgressBar> {
    let bar = Printer::shows_progress().then(ProgressBar::no_length)?;
    let style =
        ProgressStyle::with_template("{msg:30} [{bar:32}] {percent:>3} %  {elapsed} elapsed, {eta} left").ok()?;
    bar.set_style(style.progress_chars("=> "));
    Some(bar)
}

/// Shows what the job told since the last call.
fn tell<T>(job: &Handle<T, TaskEvent>, printer: Printer, bar: Option<&ProgressBar>) {
    let say = |text: &str| match bar {
        Some(bar) => bar.suspend(|| Printer::note(text)),
        None => Printer::note(text),
    };
    for event in job.drain() {
        match event {
            TaskEvent::Note(text) => say(&text),
            TaskEvent::Record(record) => {
                printer.record(&record);
                if let Some(text) = epoch_text(&record).filter(|_| !printer.json) {
                    say(&text);
                }
            }
        }
    }
    if let Some(bar) = bar {
        let Progress { done, total, stage } = job.progress();
        if bar.message() != stage {
            bar.set_message(stage);
            bar.reset_eta();
        }
        if total > 0 {
            bar.set_length(total);
            bar.set_position(done);
        } else {
            bar.unset_length();
            bar.tick();
        }
    }
}
