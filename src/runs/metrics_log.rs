use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::files::write_atomic;

/// Appends one JSON line and waits until it is on disk.
pub fn append_line(path: &Path, record: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(record)?;
    line.push('\n');
    let mut file: File = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(line.as_bytes())?;
    file.sync_data()
}

/// Replaces a log by `records`, one line each; without any there shall be no file.
pub fn write_lines(path: &Path, records: &[impl Serialize]) -> io::Result<()> {
    if records.is_empty() {
        return match std::fs::remove_file(path) {
            Err(err) if err.kind() != io::ErrorKind::NotFound => Err(err),
            _ => Ok(()),
        };
    }
    let mut text = String::new();
    for record in records {
        text.push_str(&serde_json::to_string(record)?);
        text.push('\n');
    }
    write_atomic(path, text.as_bytes())
}

/// All whole lines; a torn last one and a missing file are no error.
pub fn read_lines<T: DeserializeOwned>(path: &Path) -> Vec<T> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// Cuts the log back to its first `epochs` lines: what came later was not covered by a checkpoint and will come again.
pub fn keep_epochs(path: &Path, epochs: usize) -> io::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    let kept: String = text.split_inclusive('\n').filter(|line| line.ends_with('\n')).take(epochs).collect();
    if kept.len() == text.len() { Ok(()) } else { write_atomic(path, kept.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn torn_and_surplus_lines_go() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("metrics.jsonl");
        for n in 1..=3 {
            append_line(&path, &n).unwrap();
        }
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push('4');
        std::fs::write(&path, &text).unwrap();
        assert_eq!(read_lines::<u32>(&path), [1, 2, 3]);
        keep_epochs(&path, 2).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "1\n2\n");
        write_lines(&path, &[7, 8]).unwrap();
        append_line(&path, &9).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "7\n8\n9\n");
        for _ in 0..2 {
            write_lines(&path, &[0_u32; 0]).unwrap();
            assert!(!path.exists());
        }
        keep_epochs(&dir.path().join("absent"), 2).unwrap();
        assert_eq!(read_lines::<u32>(&dir.path().join("absent")), Vec::<u32>::new());
    }
}
