//! Worker threads, progress and cancellation. The only room that starts threads; knows nothing else of Glassbox.

mod context;
mod spawn;
mod worker;

pub use context::{CancelToken, Cancelled, JobContext, Progress, Waker};
pub use spawn::{Job, Outcome, spawn};
pub use worker::Worker;
