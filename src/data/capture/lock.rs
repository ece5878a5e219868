use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use super::name::CaptureName;
use crate::data::DataError;

/// The right to write, replace and remove the captures of one series, whatever their ends.
///
/// An advisory lock of the system on a hidden file beside them, held until dropped; the system releases that of a dead
/// process, so none can be left behind. The empty file stays.
#[derive(Debug)]
pub struct CaptureLock {
    _file: File,
    path: PathBuf,
}

impl CaptureLock {
    /// Waits until no other process or thread holds it. Never inside a rayon task: the thread that waits may be the one
    /// that would have to go on.
    pub fn wait(capture: &Path) -> Result<Self, DataError> {
        let (file, path) = open(capture)?;
        file.lock().map_err(|err| DataError::write(&path, err))?;
        Ok(Self { _file: file, path })
    }

    /// Nothing while another process or thread holds it.
    pub fn try_take(capture: &Path) -> Result<Option<Self>, DataError> {
        let (file, path) = open(capture)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file, path })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(err)) => Err(DataError::write(&path, err)),
        }
    }

    /// True if it covers `capture`.
    pub(super) fn covers(&self, capture: &Path) -> bool {
        lock_file(capture) == self.path
    }
}

fn open(capture: &Path) -> Result<(File, PathBuf), DataError> {
    let path = lock_file(capture);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|err| DataError::write(&path, err))?;
    }
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    Ok((file.map_err(|err| DataError::write(&path, err))?, path))
}

/// All captures of one symbol, timeframe and start share a lock, since one may continue the other.
fn lock_file(capture: &Path) -> PathBuf {
    let name = capture.file_name().unwrap_or_default().to_string_lossy();
    let stem = CaptureName::of(&name).map_or_else(|| name.clone().into_owned(), |name| name.series().to_owned());
    capture.with_file_name(format!(".{stem}.lock"))
}
