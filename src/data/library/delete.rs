use std::io;
use std::path::{Path, PathBuf};

use super::{CAPTURES, SERIES};
use crate::data::DataError;
use crate::data::capture::{CaptureLock, SavedStates, causality_path};

/// Why a file was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// Not one of the workspace's own files.
    #[error("{} is not in {SERIES}/ or {CAPTURES}/ of the workspace {}: it is left alone", path.display(), workspace.display())]
    Outside {
        /// The file.
        path: PathBuf,
        /// The workspace.
        workspace: PathBuf,
    },
    /// Neither a series nor a capture.
    #[error("{} is neither a series nor a capture: it is left alone", path.display())]
    OtherKind {
        /// The file.
        path: PathBuf,
    },
    /// Another process is at it.
    #[error("{} is being computed or continued by another process: wait until it is done", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The system refused.
    #[error("cannot delete {}: {source}", path.display())]
    Refused {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The lock could not be had.
    #[error(transparent)]
    Lock(#[from] DataError),
}

/// Deletes a series or a capture of the workspace, a capture with its indicator states; gives the files deleted.
///
/// # Errors
/// A file elsewhere, of another kind, or in use; nothing is deleted then.
pub fn delete_stored(workspace: &Path, path: &Path) -> Result<Vec<PathBuf>, DeleteError> {
    let refused = |path: &Path| {
        let path = path.to_owned();
        |source| DeleteError::Refused { path, source }
    };
    let outside = || DeleteError::Outside { path: path.to_owned(), workspace: workspace.to_owned() };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Err(outside()) };
    // Links are followed, so that none leads out of the workspace.
    let root = workspace.canonicalize().map_err(refused(workspace))?;
    let folder = folder.canonicalize().map_err(refused(path))?;
    let is_capture = folder == root.join(CAPTURES);
    if !is_capture && folder != root.join(SERIES) {
        return Err(outside());
    }
    let path = folder.join(name);
    let about = path.symlink_metadata().map_err(refused(&path))?;
    let parquet = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("parquet"));
    if about.is_dir() || !parquet || name.to_string_lossy().starts_with('.') {
        return Err(DeleteError::OtherKind { path });
    }
    let mut deleted = Vec::new();
    let _lock = if is_capture {
        let Some(lock) = CaptureLock::try_take(&path)? else { return Err(DeleteError::Busy { path }) };
        // States first: none are left without their capture.
        deleted.extend(SavedStates::remove(&path).map_err(refused(&path))?);
        let verdicts = causality_path(&path);
        match std::fs::remove_file(&verdicts) {
            Ok(()) => deleted.push(verdicts),
            Err(err) if err.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(DeleteError::Refused { path: verdicts, source }),
        }
        Some(lock)
    } else {
        None
    };
    std::fs::remove_file(&path).map_err(refused(&path))?;
    deleted.insert(0, path);
    Ok(deleted)
}
