//! Whole files appear at once: readers see the old file or the new one, never half of one.

use std::fs::{self, File, TryLockError};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Keeps two writers of one process apart.
static WRITERS: AtomicU64 = AtomicU64::new(0);

/// Writes `bytes` to `path` through a temporary file, fsync and rename.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes)?;
    file.commit()
}

/// A file that replaces `path` when committed and leaves it untouched when dropped before.
#[derive(Debug)]
pub struct AtomicFile {
    temporary: PathBuf,
    target: PathBuf,
    writer: Option<BufWriter<File>>,
}

impl AtomicFile {
    /// Opens a temporary file beside `path`, whose folder is made if missing; what killed writers of `path` left goes.
    pub fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "not a file name"))?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        if let Some(name) = name.to_str() {
            remove_unfinished(folder, &format!(".{name}."));
        }
        loop {
            let mut hidden = std::ffi::OsString::from(".");
            hidden.push(name);
            let number = WRITERS.fetch_add(1, Ordering::Relaxed);
            hidden.push(format!(".{}-{number}.tmp", std::process::id()));
            let temporary = path.with_file_name(hidden);
            let file = match File::create_new(&temporary) {
                Ok(file) => file,
                // A dead process had the same number.
                Err(err) if err.kind() == ErrorKind::AlreadyExists => continue,
                Err(err) => return Err(err),
            };
            // The lock tells others that this writer lives; without locks nobody can take it for dead either.
            file.lock().ok();
            // Somebody may have cleared the file away before it was locked.
            if fs::exists(&temporary)? {
                return Ok(Self { temporary, target: path.to_owned(), writer: Some(BufWriter::new(file)) });
            }
        }
    }

    /// Flushes to disk and takes the target's place.
    pub fn commit(mut self) -> io::Result<()> {
        let Some(writer) = self.writer.take() else { return Ok(()) };
        let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&self.temporary, &self.target)?;
        // The rename itself lasts only once the folder is on disk.
        if let Some(folder) = self.target.parent()
            && let Ok(folder) = File::open(folder)
        {
            folder.sync_all().ok();
        }
        Ok(())
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.as_mut().map_or(Ok(0), |w| w.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.as_mut().map_or(Ok(()), Write::flush)
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        self.writer = None;
        // Gone already after a commit.
        fs::remove_file(&self.temporary).ok();
    }
}

/// Removes what killed writers left in `folder`: temporary files whose names begin with `start` (`.` or `.name.`) and
/// that no living writer holds.
pub fn remove_unfinished(folder: &Path, start: &str) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let temporary = entry.path().extension().is_some_and(|extension| extension == "tmp");
        if temporary && entry.file_name().to_str().is_some_and(|name| name.starts_with(start)) {
            // Litter that stays does no harm.
            remove_if_left(&entry.path()).ok();
        }
    }
}

fn remove_if_left(temporary: &Path) -> io::Result<()> {
    // Locked until after the removal, so that a writer about to begin sees that its file is gone.
    let file = File::open(temporary)?;
    match file.try_lock() {
        Ok(()) => fs::remove_file(temporary),
        Err(TryLockError::WouldBlock) => Ok(()),
        Err(TryLockError::Error(err)) => Err(err),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_uncommitted_file_leaves_the_old_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/er/a.txt");
        write_atomic(&path, b"old").unwrap();
        let mut half = AtomicFile::create(&path).unwrap();
        half.write_all(b"ne").unwrap();
        drop(half);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        write_atomic(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_dead_writer_left_goes_and_a_living_one_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.txt");
        let left = dir.path().join(".a.txt.1234.tmp");
        fs::write(&left, "half").unwrap();
        let other = dir.path().join(".b.txt.1234.tmp");
        fs::write(&other, "half").unwrap();
        let mut first = AtomicFile::create(&path).unwrap();
        assert!(!left.exists() && other.exists());
        first.write_all(b"first").unwrap();
        let mut second = AtomicFile::create(&path).unwrap();
        second.write_all(b"second").unwrap();
        remove_unfinished(dir.path(), ".");
        assert!(!other.exists());
        first.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"first");
        second.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
