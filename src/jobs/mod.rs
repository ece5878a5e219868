//! Worker threads, progress, cancellation and control. The only room that starts threads; knows nothing else of Glassbox.

mod context;
mod control;
mod spawn;
mod worker;

pub use context::{CancelToken, Cancelled, JobContext, Progress, Waker};
pub use control::{Control, Order};
pub use spawn::{Job, Outcome, spawn};
pub use worker::Worker;
