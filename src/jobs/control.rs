use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{CancelToken, Cancelled};

/// How often a paused worker looks whether it was cancelled.
const LOOK: Duration = Duration::from_millis(50);

/// What a watcher may ask of a training while it works; it obeys at its next optimiser step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// End the training and go on with its best weights.
    Stop,
    /// Write a checkpoint.
    Save,
    /// Another peak of the learning rate's schedule.
    LearningRate(f64),
    /// Another number of epochs without improvement before stopping.
    Patience(usize),
}

/// The watcher's hand on a job in work: pauses it and gives it orders. Jobs that know no orders ignore them.
#[derive(Debug, Clone, Default)]
pub struct Control(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Desk {
    paused: bool,
    orders: Vec<Order>,
}

impl Control {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.0.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the job before its next optimiser step.
    pub fn pause(&self) {
        self.desk().paused = true;
    }

    /// Lets a paused job go on.
    pub fn resume(&self) {
        self.desk().paused = false;
        self.0.changed.notify_all();
    }

    /// True between [`Self::pause`] and [`Self::resume`].
    pub fn is_paused(&self) -> bool {
        self.desk().paused
    }

    /// Gives an order; a paused job obeys, too.
    pub fn order(&self, order: Order) {
        self.desk().orders.push(order);
        self.0.changed.notify_all();
    }

    /// The orders since the last call, oldest first.
    pub fn take(&self) -> Vec<Order> {
        std::mem::take(&mut self.desk().orders)
    }

    /// Returns at once unless paused; else when resumed, given an order or cancelled. Calls `look` now and then meanwhile.
    pub(super) fn wait(&self, token: &CancelToken, look: &dyn Fn()) -> Result<(), Cancelled> {
        loop {
            let desk = self.desk();
            if token.is_cancelled() {
                return Err(Cancelled);
            }
            if !desk.paused || !desk.orders.is_empty() {
                return Ok(());
            }
            drop(self.0.changed.wait_timeout(desk, LOOK).unwrap_or_else(PoisonError::into_inner));
            // Not with the desk in hand: it may write on it.
            look();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::jobs::{Outcome, spawn};

    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_paused_job_stands_still_and_obeys_meanwhile() {
        let rounds = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&rounds);
        let job = spawn::<Vec<Order>, ()>("paused", Arc::new(|| ()), move |ctx| {
            ctx.control().pause();
            let mut taken = Vec::new();
            loop {
                ctx.wait_while_paused(&|| ())?;
                taken.extend(ctx.control().take());
                if !ctx.control().is_paused() {
                    return Ok(taken);
                }
                counter.fetch_add(1, Ordering::SeqCst);
            }
        })
        .unwrap();
        let control = job.control();
        while !control.is_paused() {
            std::thread::yield_now();
        }
        control.order(Order::Save);
        while rounds.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        control.resume();
        let Some(Outcome::Finished(taken)) = job.wait(LONG) else { panic!("it did not end") };
        assert_eq!((taken, rounds.load(Ordering::SeqCst)), (vec![Order::Save], 1));
    }

    #[test]
    fn waiting_ends_by_an_order_a_resume_or_a_cancel() {
        let control = Control::default();
        let token = CancelToken::default();
        control.wait(&token, &|| ()).unwrap();
        control.pause();
        control.order(Order::Save);
        control.order(Order::Patience(3));
        control.wait(&token, &|| ()).unwrap();
        assert_eq!(control.take(), [Order::Save, Order::Patience(3)]);
        assert_eq!(control.take(), []);
        let started = Arc::new(AtomicUsize::new(0));
        let (flag, waiting) = (Arc::clone(&started), control.clone());
        let job = spawn::<(), ()>("waits", Arc::new(|| ()), move |_| {
            flag.fetch_add(1, Ordering::SeqCst);
            Ok(waiting.wait(&CancelToken::default(), &|| ())?)
        })
        .unwrap();
        while started.load(Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        assert!(job.poll().is_none(), "it waits");
        control.resume();
        assert!(matches!(job.wait(LONG), Some(Outcome::Finished(()))));
        control.pause();
        token.cancel();
        assert!(control.wait(&token, &|| ()).is_err());
    }

    #[test]
    fn who_waits_looks_around_and_may_end_the_wait_itself() {
        let (control, looks) = (Control::default(), AtomicUsize::new(0));
        let look = || {
            if looks.fetch_add(1, Ordering::SeqCst) == 2 {
                control.resume();
            }
        };
        control.wait(&CancelToken::default(), &look).unwrap();
        assert_eq!(looks.load(Ordering::SeqCst), 0, "nothing to wait for");
        control.pause();
        control.wait(&CancelToken::default(), &look).unwrap();
        assert_eq!(looks.load(Ordering::SeqCst), 3);
    }
}
