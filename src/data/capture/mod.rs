//! The cache of computed indicator lines: one Parquet file per range of bars, continued when the bars grow.

mod build;
mod change;
mod lock;
mod name;
mod predecessor;
mod read;
mod states;
mod write;

pub use build::CaptureBuilder;
pub use lock::CaptureLock;
pub use name::{capture_path, causality_path};
pub use read::{CaptureFile, check_capture, read_capture, read_capture_lines};
pub use write::{CaptureWriter, write_capture};

#[cfg(test)]
pub(super) use change::canonical;
pub(super) use change::catalogue_change;
pub(super) use name::{CaptureName, states_path};
pub(super) use states::SavedStates;

use crate::indicators::Lines;

const CATALOGUE: &str = "catalogue";
const LINES: &str = "lines";

/// What a capture was computed from; a capture with another key is stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureKey {
    /// Of the source bars.
    pub fingerprint: String,
    /// Catalogue version and the parameters of every indicator.
    pub catalogue: String,
}

/// What the cache holds.
#[derive(Debug, Clone)]
pub enum CaptureState {
    /// The lines asked for, as computed before.
    Fresh(Lines),
    /// No capture yet.
    Missing,
    /// A capture that must be computed again, with the reason in words.
    Stale(String),
}
