use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Sender, bounded};

use super::Control;

/// Raised once by the user, read often by the worker.
#[derive(Clone, Default, Debug)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks the worker to stop at its next [`JobContext::check`].
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True once [`CancelToken::cancel`] was called.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Travels through `?` when a worker notices the token; a state, never shown as a failure.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// How far a job is; the latest value wins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Units done.
    pub done: u64,
    /// Units in all; 0 while unknown.
    pub total: u64,
    /// What is being done, for people.
    pub stage: String,
}

/// Wakes whoever watches: the window repaints, the command line redraws its status line.
pub type Waker = Arc<dyn Fn() + Send + Sync>;

/// The worker's side of a job: all that a task may know about its caller.
#[derive(Clone)]
pub struct JobContext<E> {
    token: CancelToken,
    control: Control,
    progress: Arc<Mutex<Progress>>,
    events: Sender<E>,
    wake: Waker,
}

impl<E> fmt::Debug for JobContext<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JobContext").field("token", &self.token).finish_non_exhaustive()
    }
}

impl<E> JobContext<E> {
    pub(super) fn new(
        token: CancelToken,
        control: Control,
        progress: Arc<Mutex<Progress>>,
        events: Sender<E>,
        wake: Waker,
    ) -> Self {
        Self { token, control, progress, events, wake }
    }

    /// A context nobody watches, for tests and for tasks called inside other tasks.
    pub fn detached() -> Self {
        let (events, _) = bounded(1);
        Self::new(CancelToken::default(), Control::default(), Arc::default(), events, Arc::new(|| ()))
    }

    /// Pause and orders of this job; for tasks that obey them.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Returns at once unless the job is paused; else when it is resumed, given an order or cancelled. Calls `look` now
    /// and then meanwhile, which may do any of these.
    pub fn wait_while_paused(&self, look: &dyn Fn()) -> Result<(), Cancelled> {
        self.control.wait(&self.token, look)
    }

    /// Call between units of work; a job that never does cannot be stopped.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.token.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }

    /// Overwrites the progress: cheap enough for every batch.
    pub fn progress(&self, done: u64, total: u64, stage: &str) {
        {
            let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
            progress.done = done;
            progress.total = total;
            if progress.stage != stage {
                stage.clone_into(&mut progress.stage);
            }
        }
        (self.wake)();
    }

    /// A hint that new results exist. Never blocks: disk is the record, a full channel only drops the hint.
    pub fn emit(&self, event: E) {
        self.events.try_send(event).ok();
        (self.wake)();
    }
}
