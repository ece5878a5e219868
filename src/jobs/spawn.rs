use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::{CancelToken, Cancelled, Control, JobContext, Progress, Waker};

/// Hints kept for a slow watcher; later ones are dropped, the run folder has them all.
const EVENT_CAPACITY: usize = 1024;
/// candle walks the autograd graph recursively; the default 2 MiB overflows on deep ones.
pub(super) const STACK_BYTES: usize = 64 << 20;

/// How a job ended.
#[derive(Debug)]
pub enum Outcome<T> {
    /// With its value.
    Finished(T),
    /// Because the user asked.
    Cancelled,
    /// With an error to show.
    Failed(anyhow::Error),
    /// With a panic, whose text this is.
    Panicked(String),
}

/// The watcher's side of a job.
pub struct Job<T, E> {
    /// Thread and display name.
    pub name: String,
    token: CancelToken,
    control: Control,
    progress: Arc<Mutex<Progress>>,
    events: Receiver<E>,
    outcome: Receiver<Outcome<T>>,
}

impl<T, E> fmt::Debug for Job<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Starts `task` on its own named thread. `wake` is called, on the worker, whenever there is something to see.
pub fn spawn<T, E>(
    name: &str,
    wake: Waker,
    task: impl FnOnce(&JobContext<E>) -> anyhow::Result<T> + Send + 'static,
) -> std::io::Result<Job<T, E>>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let (token, control) = (CancelToken::default(), Control::default());
    let progress = Arc::new(Mutex::new(Progress::default()));
    let (events_tx, events) = bounded(EVENT_CAPACITY);
    let (outcome_tx, outcome) = bounded(1);
    let context = JobContext::new(token.clone(), control.clone(), Arc::clone(&progress), events_tx, Arc::clone(&wake));
    std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(move || {
        let outcome = match catch_unwind(AssertUnwindSafe(|| task(&context))) {
            Ok(Ok(value)) => Outcome::Finished(value),
            Ok(Err(err)) if err.is::<Cancelled>() => Outcome::Cancelled,
            Ok(Err(err)) => Outcome::Failed(err),
            Err(panic) => Outcome::Panicked(panic_text(&*panic)),
        };
        outcome_tx.send(outcome).ok();
        wake();
    })?;
    Ok(Job { name: name.to_owned(), token, control, progress, events, outcome })
}

pub(super) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown panic".to_owned())
}

impl<T, E> Job<T, E> {
    /// Asks the worker to stop at its next check.
    pub fn cancel(&self) {
        self.token.cancel();
    }

    /// A handle that can cancel this job from elsewhere (a signal handler).
    pub fn cancel_token(&self) -> CancelToken {
        self.token.clone()
    }

    /// Pauses the job and gives it orders.
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// The latest progress.
    pub fn progress(&self) -> Progress {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Events that arrived since the last call.
    pub fn drain(&self) -> impl Iterator<Item = E> + '_ {
        self.events.try_iter()
    }

    /// The outcome, exactly once, when there is one.
    pub fn poll(&self) -> Option<Outcome<T>> {
        self.outcome.try_recv().ok()
    }

    /// Waits at most `timeout` for the outcome.
    pub fn wait(&self, timeout: Duration) -> Option<Outcome<T>> {
        match self.outcome.recv_timeout(timeout) {
            Ok(outcome) => Some(outcome),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Outcome::Panicked("the worker vanished".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet() -> Waker {
        Arc::new(|| ())
    }

    fn end<T, E>(job: &Job<T, E>) -> Outcome<T> {
        job.wait(Duration::from_secs(20)).expect("the job ends")
    }

    #[test]
    fn cancel_ends_a_job() {
        let job = spawn::<(), ()>("endless", quiet(), |ctx| {
            loop {
                ctx.check()?;
                std::thread::yield_now();
            }
        })
        .unwrap();
        job.cancel();
        assert!(matches!(end(&job), Outcome::Cancelled));
    }

    #[test]
    fn a_panic_is_an_outcome() {
        let job = spawn::<(), ()>("panics", quiet(), |_| panic!("boom {}", 7)).unwrap();
        let Outcome::Panicked(text) = end(&job) else { panic!("not reported") };
        assert_eq!(text, "boom 7");
    }

    #[test]
    fn a_full_channel_never_blocks_the_worker() {
        let job = spawn("chatty", quiet(), |ctx| {
            for i in 0..100_000_u32 {
                ctx.emit(i);
            }
            Ok(5)
        })
        .unwrap();
        assert!(matches!(end(&job), Outcome::Finished(5)));
        assert_eq!(job.drain().count(), EVENT_CAPACITY);
    }

    #[test]
    fn an_error_keeps_its_chain() {
        let job = spawn::<(), ()>("fails", quiet(), |_| Err(anyhow::anyhow!("inner").context("outer"))).unwrap();
        let Outcome::Failed(err) = end(&job) else { panic!("not reported") };
        assert_eq!(format!("{err:#}"), "outer: inner");
    }
}
