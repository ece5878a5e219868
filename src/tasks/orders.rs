use std::path::Path;
use std::str::FromStr;

use anyhow::{Context as _, Result, bail};

use crate::jobs::{Control, Order};
use crate::runs::{RunDir, RunError, Stage};

/// What one process may ask of the training that another one is at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Wish {
    /// Stand still after the step at work.
    Pause,
    /// Go on.
    Resume,
    /// Obey.
    Order(Order),
}

impl FromStr for Wish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || {
            format!("{text:?} is none of pause, resume, stop, save, lr=RATE (above 0) and patience=EPOCHS (at least 1)")
        };
        let (word, value) = text.split_once('=').map_or((text, None), |(word, value)| (word, Some(value)));
        match (word, value) {
            ("pause", None) => Ok(Self::Pause),
            ("resume", None) => Ok(Self::Resume),
            ("stop", None) => Ok(Self::Order(Order::Stop)),
            ("save", None) => Ok(Self::Order(Order::Save)),
            ("lr", Some(value)) => {
                let rate = value.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
                rate.map(|rate| Self::Order(Order::LearningRate(rate))).ok_or_else(bad)
            }
            ("patience", Some(value)) => {
                let epochs = value.parse().ok().filter(|epochs| *epochs > 0);
                epochs.map(|epochs| Self::Order(Order::Patience(epochs))).ok_or_else(bad)
            }
            _ => Err(bad()),
        }
    }
}

impl Wish {
    /// Hands it to a job.
    pub fn give(self, control: &Control) {
        match self {
            Self::Pause => control.pause(),
            Self::Resume => control.resume(),
            Self::Order(order) => control.order(order),
        }
    }
}

/// Leaves `wishes` in the folder of a run that another process is training, a window or a command line.
///
/// Errors if one is garbled, no process is working on the run, or its training is over.
pub fn leave_wishes(run: &Path, wishes: &[String]) -> Result<()> {
    for wish in wishes {
        wish.parse::<Wish>().map_err(anyhow::Error::msg)?;
    }
    let dir = RunDir::open(run)?;
    match dir.lock() {
        Err(RunError::Busy(_)) => {}
        Ok(_) => bail!("no process is working on {}: `glassbox train --resume` goes on with it", run.display()),
        Err(other) => return Err(other.into()),
    }
    if dir.load()?.has(Stage::Train) {
        bail!("the training of {} is over: nothing in its later stages can be told", run.display());
    }
    dir.leave_orders(wishes).context("leaving word in the run folder")
}

/// Hands what was left in the folder of a run to the job that is training it.
pub(super) fn forward_wishes(run: &RunDir, control: &Control) {
    for wish in run.take_orders().iter().filter_map(|line| line.parse::<Wish>().ok()) {
        wish.give(control);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_read_or_refused_in_a_sentence() {
        let read = |text: &str| text.parse::<Wish>();
        assert_eq!(read("pause"), Ok(Wish::Pause));
        assert_eq!(read("lr=3e-4"), Ok(Wish::Order(Order::LearningRate(3e-4))));
        assert_eq!(read("patience=7"), Ok(Wish::Order(Order::Patience(7))));
        for bad in ["", "halt", "lr", "lr=", "lr=-1", "lr=inf", "patience=0", "patience=1.5", "stop=1", "pause="] {
            let text = read(bad).unwrap_err();
            assert!(text.contains("patience=EPOCHS") && text.lines().count() == 1, "{bad}: {text}");
        }
    }

    /// A run folder whose stages up to `done` are done.
    fn run(folder: &Path, done: &[Stage]) -> RunDir {
        let dir = RunDir::imaginary(folder);
        let manifest = serde_json::json!({
            "id": "a", "version": "", "status": "running", "error": null, "done": done, "key": "", "config": {},
            "data_file": "", "fingerprint": "", "symbol": "", "timeframe": "4h", "bars": 0, "first_timestamp": 0,
            "last_timestamp": 0, "threads": 1, "device": "", "started": 0, "ended": null,
        });
        std::fs::write(dir.manifest_file(), manifest.to_string()).unwrap();
        dir
    }

    #[test]
    fn wishes_reach_the_job_once_and_only_of_a_run_at_work() {
        let folder = tempfile::tempdir().unwrap();
        let dir = run(folder.path(), &[Stage::Collect]);
        let wishes = ["pause", "lr=0.5", "stop"].map(str::to_owned);
        let refused = leave_wishes(folder.path(), &wishes).unwrap_err().to_string();
        assert!(refused.contains("no process"), "{refused}");
        let lock = dir.lock().unwrap();
        leave_wishes(folder.path(), &wishes[..2]).unwrap();
        leave_wishes(folder.path(), &wishes[2..]).unwrap();
        let control = Control::default();
        forward_wishes(&dir, &control);
        assert!(control.is_paused());
        assert_eq!(control.take(), [Order::LearningRate(0.5), Order::Stop]);
        forward_wishes(&dir, &control);
        assert_eq!(control.take(), []);
        assert!(leave_wishes(folder.path(), &["halt".to_owned()]).is_err());
        // What a killed process did not read is not meant for the next one.
        leave_wishes(folder.path(), &wishes).unwrap();
        drop(lock);
        let _lock = dir.lock().unwrap();
        forward_wishes(&dir, &control);
        assert_eq!(control.take(), []);
    }

    #[test]
    fn a_training_that_is_over_is_told_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let dir = run(folder.path(), &[Stage::Collect, Stage::Train]);
        let _lock = dir.lock().unwrap();
        let refused = leave_wishes(folder.path(), &["pause".to_owned()]).unwrap_err().to_string();
        assert!(refused.contains("is over") && refused.lines().count() == 1, "{refused}");
        assert_eq!(dir.take_orders(), [""; 0]);
    }
}
