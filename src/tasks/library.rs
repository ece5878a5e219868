use std::path::{Path, PathBuf};

use anyhow::Result;
use serde::Serialize;

use super::event::Job;
use super::formulas::formulas_of;
use crate::data::{LibraryListing, delete_stored, list_stored};
use crate::indicators::{Library, Mode, catalogue_key};

/// Whose series and captures to list.
#[derive(Debug, Clone, Default)]
pub struct LibraryRequest {
    /// The workspace; one that does not exist holds nothing.
    pub workspace: PathBuf,
    /// Indicators that captures should hold; the catalogue and the workspace's formulas when absent.
    pub library: Option<Library>,
}

/// What was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// The file asked for, then what belonged to it.
    pub files: Vec<PathBuf>,
}

/// Lists every series in `data/` and every capture in `neural_data/` of a workspace with size, range and freshness;
/// only footers are read.
///
/// # Errors
/// Unsound formulas in the workspace. Unreadable files are in the list, with the reason.
pub fn library(request: &LibraryRequest, job: &Job) -> Result<LibraryListing> {
    job.progress(0, 0, "listing series and captures");
    let library = match &request.library {
        Some(library) => library.clone(),
        None => formulas_of(&request.workspace)?,
    };
    let catalogue = catalogue_key(&library.catalogue(Mode::Standard));
    Ok(list_stored(&request.workspace, &catalogue))
}

/// Deletes one series or capture of a workspace, a capture with its indicator states. `file` is a path as listed.
///
/// # Errors
/// A file that is not the workspace's, is no series or capture, or is in use by another process.
pub fn delete_from_library(workspace: &Path, file: &Path) -> Result<Deleted> {
    Ok(Deleted { files: delete_stored(workspace, file)? })
}
