use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::RunDir;
use crate::files::write_atomic;

/// steps.jsonl and step_timing.jsonl, open to be written on. A line reaches the system in one piece, so that a kill loses
/// the one at work at most; the disk has it for sure after [`StepLog::sync`].
#[derive(Debug)]
pub struct StepLog {
    lines: File,
    timing: File,
}

#[derive(Deserialize)]
struct Numbered {
    step: u64,
}

impl StepLog {
    /// Opens both files and cuts them back to optimiser step `step`: what came later was not covered by a checkpoint and
    /// will come again.
    ///
    /// Errors if one cannot be read or written.
    pub fn open(dir: &RunDir, step: u64) -> io::Result<Self> {
        std::fs::create_dir_all(dir.path())?;
        let open = |path: &Path| {
            keep_steps(path, step)?;
            OpenOptions::new().create(true).append(true).open(path)
        };
        Ok(Self { lines: open(&dir.steps_file())?, timing: open(&dir.step_timing_file())? })
    }

    /// Adds a line and its timing.
    pub fn add(&mut self, line: &impl Serialize, timing: &impl Serialize) -> io::Result<()> {
        write_line(&mut self.lines, line)?;
        write_line(&mut self.timing, timing)
    }

    /// Waits until all is on disk: before a checkpoint that counts on it.
    pub fn sync(&self) -> io::Result<()> {
        self.lines.sync_data()?;
        self.timing.sync_data()
    }
}

fn write_line(file: &mut File, record: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_string(record)?;
    line.push('\n');
    file.write_all(line.as_bytes())
}

/// Keeps the whole lines with rising steps up to `last`.
fn keep_steps(path: &Path, last: u64) -> io::Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err),
    };
    let mut before = 0;
    let kept: String = text
        .split_inclusive('\n')
        .take_while(|line| {
            let step =
                serde_json::from_str::<Numbered>(line).ok().filter(|_| line.ends_with('\n')).map(|line| line.step);
            let good = step.is_some_and(|step| step > before && step <= last);
            before = step.unwrap_or(before);
            good
        })
        .collect();
    if kept.len() == text.len() { Ok(()) } else { write_atomic(path, kept.as_bytes()) }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;

    #[test]
    fn lines_after_the_checkpoint_torn_and_repeated_ones_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::imaginary(folder.path());
        let add = |log: &mut StepLog, step: u64| {
            log.add(&json!({"step": step, "total": 0.5}), &json!({"step": step, "seconds": 1.5})).unwrap();
        };
        let mut log = StepLog::open(&dir, 0).unwrap();
        for step in [2, 4, 6] {
            add(&mut log, step);
        }
        log.sync().unwrap();
        let whole =
            || (fs::read_to_string(dir.steps_file()).unwrap(), fs::read_to_string(dir.step_timing_file()).unwrap());
        let before = whole();
        let torn = before.0.clone() + "{\"step\": 8, \"to";
        fs::write(dir.steps_file(), &torn).unwrap();
        // A checkpoint between two lines, then the same steps again.
        let mut log = StepLog::open(&dir, 5).unwrap();
        assert_eq!((whole().0.lines().count(), whole().1.lines().count()), (2, 2));
        add(&mut log, 6);
        assert_eq!(whole(), before);
        add(&mut log, 6);
        drop(StepLog::open(&dir, 9).unwrap());
        assert_eq!(whole(), before);
        drop(StepLog::open(&dir, 0).unwrap());
        assert_eq!(whole(), (String::new(), String::new()), "without a checkpoint all begins anew");
    }
}
