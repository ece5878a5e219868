use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value;

use super::scalars::{Scalars, epoch_scalars, step_scalars};
use super::tensorboard::{first_record, scalars_record};
use super::{RunDir, read_lines};
use crate::files::write_atomic;

/// What stands before the names of figures within the epochs in TensorBoard.
const STEP: &str = "step/";

/// Keeps a run's curves in the formats other programs read, metrics.csv, steps.csv and a TensorBoard event file, in step
/// with metrics.jsonl, steps.jsonl and their timing files. They are made of these alone and can be made anew at any time.
#[derive(Debug)]
pub struct Exports {
    dir: RunDir,
    /// The run's beginning, UTC milliseconds.
    started: i64,
    /// Columns of steps.csv after the first two; none before its first row.
    step_columns: Vec<String>,
}

impl Exports {
    /// Makes all files anew from the lines there are.
    ///
    /// Errors if one cannot be written.
    pub fn begin(dir: &RunDir, started: i64) -> io::Result<Self> {
        let exports = Self { dir: dir.clone(), started, step_columns: Vec::new() };
        let (epochs, steps) = (exports.read(), exports.read_steps());
        let seconds = exports.seconds();
        let mut events = first_record(seconds);
        let mut rest = steps.iter().peekable();
        for epoch in &epochs {
            while let Some(line) = rest.next_if(|line| line.step <= epoch.step) {
                events.extend(scalars_record(seconds, STEP, line));
            }
            events.extend(scalars_record(seconds, "", epoch));
        }
        rest.for_each(|line| events.extend(scalars_record(seconds, STEP, line)));
        write_atomic(&exports.event_file(), &events)?;
        exports.write_csv(&epochs)?;
        let names = columns(&steps);
        write_atomic(&dir.steps_csv_file(), csv(&steps, &names).as_bytes())?;
        Ok(Self { step_columns: names, ..exports })
    }

    /// Adds the epoch whose lines were just written.
    ///
    /// Errors if a file cannot be written.
    pub fn add_last(&self) -> io::Result<()> {
        let epochs = self.read();
        if let Some(epoch) = epochs.last() {
            self.append_event("", epoch)?;
        }
        self.write_csv(&epochs)
    }

    /// Adds a line of steps.jsonl with its line of step_timing.jsonl.
    ///
    /// Errors if a file cannot be written.
    pub fn add_step(&mut self, line: &impl Serialize, timing: &impl Serialize) -> io::Result<()> {
        let line = step_scalars(&serde_json::to_value(line)?, Some(&serde_json::to_value(timing)?));
        self.append_event(STEP, &line)?;
        let path = self.dir.steps_csv_file();
        if self.step_columns.is_empty() {
            self.step_columns = columns(std::slice::from_ref(&line));
            return write_atomic(&path, csv(&[line], &self.step_columns).as_bytes());
        }
        OpenOptions::new().append(true).open(path)?.write_all(csv_row(&line, &self.step_columns).as_bytes())
    }

    fn append_event(&self, prefix: &str, scalars: &Scalars) -> io::Result<()> {
        // At the end of the same file: whoever follows it keeps it open.
        let mut file = OpenOptions::new().append(true).create(true).open(self.event_file())?;
        file.write_all(&scalars_record(self.seconds(), prefix, scalars))
    }

    fn event_file(&self) -> PathBuf {
        self.dir.tensorboard_file(self.started)
    }

    fn seconds(&self) -> f64 {
        self.started as f64 / 1000.0
    }

    fn read(&self) -> Vec<Scalars> {
        let lines = |path: PathBuf| read_lines::<Value>(&path);
        epoch_scalars(&lines(self.dir.metrics_file()), &lines(self.dir.timing_file()))
    }

    fn read_steps(&self) -> Vec<Scalars> {
        let timing = read_lines::<Value>(&self.dir.step_timing_file());
        let mut timing = timing.iter().peekable();
        let step = |line: &Value| line.get("step").and_then(Value::as_u64);
        let lines = read_lines::<Value>(&self.dir.steps_file());
        lines
            .iter()
            .map(|line| {
                while timing.next_if(|timing| step(timing) < step(line)).is_some() {}
                step_scalars(line, timing.next_if(|timing| step(timing) == step(line)))
            })
            .collect()
    }

    fn write_csv(&self, epochs: &[Scalars]) -> io::Result<()> {
        write_atomic(&self.dir.metrics_csv_file(), csv(epochs, &columns(epochs)).as_bytes())
    }
}

fn columns(rows: &[Scalars]) -> Vec<String> {
    let names: BTreeSet<&String> = rows.iter().flat_map(|row| row.values.keys()).collect();
    names.into_iter().cloned().collect()
}

/// One row per epoch or line of steps, one column per figure; what has no value is empty.
fn csv(rows: &[Scalars], names: &[String]) -> String {
    let mut text = String::from("epoch,step");
    for name in names {
        text.extend([",", name]);
    }
    text.push('\n');
    text.extend(rows.iter().map(|row| csv_row(row, names)));
    text
}

fn csv_row(row: &Scalars, names: &[String]) -> String {
    let mut text = format!("{},{}", row.epoch, row.step);
    for name in names {
        text.push(',');
        if let Some(value) = row.values.get(name) {
            // A String takes all that is written to it.
            write!(text, "{value}").ok();
        }
    }
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::fs;

    use serde_json::json;

    use super::*;
    use crate::runs::{StepLog, append_line};

    #[test]
    fn files_made_step_by_step_are_those_made_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::imaginary(folder.path());
        let mut exports = Exports::begin(&dir, 5000).unwrap();
        let mut log = StepLog::open(&dir, 0).unwrap();
        assert_eq!(fs::read_to_string(dir.metrics_csv_file()).unwrap(), "epoch,step\n");
        for epoch in 1..=3 {
            let auc = if epoch == 1 { Value::Null } else { json!(0.1 * f64::from(epoch)) };
            for step in [10 * epoch - 5, 10 * epoch] {
                let line =
                    json!({"event": "step", "epoch": epoch, "step": step, "total": 0.5, "train": {"entry": 0.25}});
                let timing = json!({"step": step, "seconds": 0.1 * f64::from(step)});
                log.add(&line, &timing).unwrap();
                exports.add_step(&line, &timing).unwrap();
            }
            let line =
                json!({"event": "epoch", "epoch": epoch, "step": 10 * epoch, "score": 0.25, "learned": {"auc": auc}});
            append_line(&dir.metrics_file(), &line).unwrap();
            append_line(&dir.timing_file(), &json!({"epoch": epoch, "seconds": 0.5})).unwrap();
            exports.add_last().unwrap();
        }
        let text = |path: PathBuf| fs::read_to_string(path).unwrap();
        let all =
            || (fs::read(exports.event_file()).unwrap(), text(dir.metrics_csv_file()), text(dir.steps_csv_file()));
        let (events, csv, steps) = all();
        let expected = "epoch,step,learned/auc,score,timing/seconds\n1,10,,0.25,0.5\n2,20,0.2,0.25,0.5\n";
        assert!(csv.starts_with(expected) && csv.lines().count() == 4, "{csv}");
        let expected = "epoch,step,timing/seconds,total,train/entry\n1,5,0.5,0.5,0.25\n1,10,1,0.5,0.25\n";
        assert!(steps.starts_with(expected) && steps.lines().count() == 7, "{steps}");
        assert_eq!(events.windows(16).filter(|part| part == b"step/train/entry").count(), 6);
        // A torn record, as of a killed writer.
        fs::write(exports.event_file(), &events[..events.len() - 3]).unwrap();
        Exports::begin(&dir, 5000).unwrap();
        assert_eq!(all(), (events, csv, steps));
        assert!(exports.event_file().to_string_lossy().contains("tfevents.5."));
    }
}
