use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::Value;

use super::scalars::{EpochScalars, epoch_scalars};
use super::tensorboard::{epoch_record, first_record};
use super::{RunDir, read_lines};
use crate::files::write_atomic;

/// Keeps a run's curves in the formats other programs read, metrics.csv and a TensorBoard event file, in step with
/// metrics.jsonl and timing.jsonl. Both are made of these two alone and can be made anew at any time.
#[derive(Debug)]
pub struct Exports {
    dir: RunDir,
    /// The run's beginning, UTC milliseconds.
    started: i64,
}

impl Exports {
    /// Makes both files anew from the lines there are.
    ///
    /// Errors if one cannot be written.
    pub fn begin(dir: &RunDir, started: i64) -> io::Result<Self> {
        let exports = Self { dir: dir.clone(), started };
        let epochs = exports.read();
        let seconds = exports.seconds();
        let mut events = first_record(seconds);
        for epoch in &epochs {
            events.extend(epoch_record(seconds, epoch));
        }
        write_atomic(&exports.event_file(), &events)?;
        exports.write_csv(&epochs)?;
        Ok(exports)
    }

    /// Adds the epoch whose lines were just written.
    ///
    /// Errors if a file cannot be written.
    pub fn add_last(&self) -> io::Result<()> {
        let epochs = self.read();
        if let Some(epoch) = epochs.last() {
            // At the end of the same file: whoever follows it keeps it open.
            let mut file = OpenOptions::new().append(true).create(true).open(self.event_file())?;
            file.write_all(&epoch_record(self.seconds(), epoch))?;
        }
        self.write_csv(&epochs)
    }

    fn event_file(&self) -> PathBuf {
        self.dir.tensorboard_file(self.started)
    }

    fn seconds(&self) -> f64 {
        self.started as f64 / 1000.0
    }

    fn read(&self) -> Vec<EpochScalars> {
        let lines = |path: PathBuf| read_lines::<Value>(&path);
        epoch_scalars(&lines(self.dir.metrics_file()), &lines(self.dir.timing_file()))
    }

    fn write_csv(&self, epochs: &[EpochScalars]) -> io::Result<()> {
        write_atomic(&self.dir.metrics_csv_file(), csv(epochs).as_bytes())
    }
}

/// One row per epoch, one column per figure; what has no value is empty.
fn csv(epochs: &[EpochScalars]) -> String {
    let names: BTreeSet<&str> = epochs.iter().flat_map(|epoch| epoch.values.keys().map(String::as_str)).collect();
    let mut text = String::from("epoch,step");
    for name in &names {
        text.extend([",", name]);
    }
    text.push('\n');
    for epoch in epochs {
        // A String takes all that is written to it.
        write!(text, "{},{}", epoch.epoch, epoch.step).ok();
        for name in &names {
            text.push(',');
            if let Some(value) = epoch.values.get(*name) {
                write!(text, "{value}").ok();
            }
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::runs::append_line;

    #[test]
    fn files_made_step_by_step_are_those_made_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::imaginary(folder.path());
        let exports = Exports::begin(&dir, 5000).unwrap();
        assert_eq!(fs::read_to_string(dir.metrics_csv_file()).unwrap(), "epoch,step\n");
        for epoch in 1..=3 {
            let auc = if epoch == 1 { Value::Null } else { json!(0.1 * f64::from(epoch)) };
            let line =
                json!({"event": "epoch", "epoch": epoch, "step": 10 * epoch, "score": 0.25, "learned": {"auc": auc}});
            append_line(&dir.metrics_file(), &line).unwrap();
            append_line(&dir.timing_file(), &json!({"epoch": epoch, "seconds": 0.5})).unwrap();
            exports.add_last().unwrap();
        }
        let both = || (fs::read(exports.event_file()).unwrap(), fs::read_to_string(dir.metrics_csv_file()).unwrap());
        let (events, csv) = both();
        let expected = "epoch,step,learned/auc,score,timing/seconds\n1,10,,0.25,0.5\n2,20,0.2,0.25,0.5\n";
        assert!(csv.starts_with(expected) && csv.lines().count() == 4, "{csv}");
        // A torn record, as of a killed writer.
        fs::write(exports.event_file(), &events[..events.len() - 3]).unwrap();
        Exports::begin(&dir, 5000).unwrap();
        assert_eq!(both(), (events, csv));
        assert!(exports.event_file().to_string_lossy().contains("tfevents.5."));
    }
}
