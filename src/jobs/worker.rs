use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::Waker;
use super::spawn::{STACK_BYTES, panic_text};

/// A thread that keeps something loaded and answers requests about it, the latest one only: a request that was not begun
/// yet is replaced by the next. Dropping the handle ends the thread after its current answer.
pub struct Worker<Q, A> {
    requests: Sender<Q>,
    pending: Receiver<Q>,
    answers: Receiver<Result<A, String>>,
}

impl<Q, A> fmt::Debug for Worker<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").finish_non_exhaustive()
    }
}

/// Puts `value` into a channel of one place, throwing out what was there.
fn replace<T>(sender: &Sender<T>, receiver: &Receiver<T>, mut value: T) {
    while let Err(full) = sender.try_send(value) {
        if full.is_disconnected() {
            return;
        }
        receiver.try_recv().ok();
        value = full.into_inner();
    }
}

impl<Q: Send + 'static, A: Send + 'static> Worker<Q, A> {
    /// Starts a thread that makes its state with `init` and answers with `answer`. An error or panic of `init` answers
    /// every request; a panic of `answer` answers that request.
    pub fn start<S>(
        name: &str,
        wake: Waker,
        init: impl FnOnce() -> anyhow::Result<S> + Send + 'static,
        answer: impl Fn(&mut S, Q) -> anyhow::Result<A> + Send + 'static,
    ) -> std::io::Result<Self> {
        let (requests, pending) = bounded::<Q>(1);
        let (answers_tx, answers) = bounded(1);
        // The thread holds no sender of requests, so it ends when the handle is dropped.
        let (inbox, outbox) = (pending.clone(), answers.clone());
        std::thread::Builder::new().name(name.to_owned()).stack_size(STACK_BYTES).spawn(move || {
            let mut state = match catch_unwind(AssertUnwindSafe(init)) {
                Ok(Ok(state)) => Ok(state),
                Ok(Err(err)) => Err(format!("{err:#}")),
                Err(panic) => Err(panic_text(&*panic)),
            };
            while let Ok(request) = inbox.recv() {
                let found = match &mut state {
                    Ok(state) => match catch_unwind(AssertUnwindSafe(|| answer(state, request))) {
                        Ok(found) => found.map_err(|err| format!("{err:#}")),
                        Err(panic) => Err(panic_text(&*panic)),
                    },
                    Err(problem) => Err(problem.clone()),
                };
                replace(&answers_tx, &outbox, found);
                wake();
            }
        })?;
        Ok(Self { requests, pending, answers })
    }

    /// Asks; never blocks. Replaces a request that was not begun.
    pub fn ask(&self, request: Q) {
        replace(&self.requests, &self.pending, request);
    }

    /// The latest answer, once.
    pub fn poll(&self) -> Option<Result<A, String>> {
        self.answers.try_recv().ok()
    }

    /// Waits for an answer; for tests and scripts.
    pub fn wait(&self, timeout: std::time::Duration) -> Option<Result<A, String>> {
        self.answers.recv_timeout(timeout).ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn the_latest_request_wins() {
        let (go, gate) = bounded::<()>(0);
        let worker = Worker::start(
            "answers",
            Arc::new(|| ()),
            || Ok(100),
            move |base, n: u32| {
                gate.recv_timeout(LONG).ok();
                Ok(*base + n)
            },
        )
        .unwrap();
        worker.ask(1);
        go.send_timeout((), LONG).unwrap();
        assert_eq!(worker.wait(LONG), Some(Ok(101)));
        worker.ask(2);
        while !worker.pending.is_empty() {
            std::thread::yield_now();
        }
        for n in 3..1000 {
            worker.ask(n);
        }
        go.send_timeout((), LONG).unwrap();
        assert_eq!(worker.wait(LONG), Some(Ok(102)));
        go.send_timeout((), LONG).unwrap();
        assert_eq!(worker.wait(LONG), Some(Ok(1099)), "3 to 998 were never begun");
    }

    #[test]
    fn failures_are_answers() {
        let worker =
            Worker::<u32, u32>::start("fails", Arc::new(|| ()), || anyhow::bail!("no state"), |(), n| Ok(n)).unwrap();
        worker.ask(1);
        assert_eq!(worker.wait(LONG), Some(Err("no state".to_owned())));
        let worker = Worker::<u32, u32>::start("panics", Arc::new(|| ()), || Ok(()), |(), _| panic!("boom")).unwrap();
        worker.ask(1);
        assert_eq!(worker.wait(LONG), Some(Err("boom".to_owned())));
    }
}
