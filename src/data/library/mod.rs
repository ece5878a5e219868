//! What a workspace holds: series in `data/` and captures in `neural_data/`, told from their footers.

mod delete;
mod freshness;
mod list;

pub use delete::{DeleteError, delete_stored};
pub use freshness::{Freshness, StaleCause};
pub use list::{CaptureEntry, LibraryListing, SeriesEntry, StoredFile, list_stored};

/// Folder of imported series in a workspace.
const SERIES: &str = "data";
/// Folder of captures in a workspace.
const CAPTURES: &str = "neural_data";
