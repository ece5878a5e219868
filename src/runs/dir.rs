use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Manifest;
use crate::files::{remove_unfinished, write_atomic};

/// Words for whoever is at work on the run.
const ORDERS: &str = ".orders";

/// `<workspace>/runs/<id>/`: everything one run wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir(PathBuf);

/// Held while a process works on a run; the system frees it if the process dies.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

/// Why a run folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    File {
        /// "create", "read" or "write".
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// Not a run folder.
    #[error("{} is no run folder: it has no run.json", .0.display())]
    NoRun(PathBuf),
    /// A garbled manifest.
    #[error("{} is garbled: {problem}", path.display())]
    Garbled {
        /// The file.
        path: PathBuf,
        /// Parser's message.
        problem: String,
    },
    /// Two processes on one run.
    #[error("another process is working on {}", .0.display())]
    Busy(PathBuf),
}

impl RunDir {
    /// Makes `<workspace>/runs/<id>/` with a first manifest; the id must be new.
    pub fn create(workspace: &Path, manifest: &Manifest) -> Result<Self, RunError> {
        let root = workspace.join("runs");
        let dir = Self(root.join(&manifest.id));
        let fail = |path: &Path| {
            let path = path.to_owned();
            move |source| RunError::File { action: "create", path, source }
        };
        fs::create_dir_all(&root).map_err(fail(&root))?;
        fs::create_dir(&dir.0).map_err(fail(&dir.0))?;
        dir.save(manifest)?;
        Ok(dir)
    }

    /// An existing run folder.
    pub fn open(path: &Path) -> Result<Self, RunError> {
        let dir = Self(path.to_owned());
        if dir.manifest_file().is_file() { Ok(dir) } else { Err(RunError::NoRun(path.to_owned())) }
    }

    /// A folder that need not exist: of bars that are looked at without a run.
    pub fn imaginary(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// run.json
    pub fn manifest_file(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// metrics.jsonl: one reproducible line per epoch.
    pub fn metrics_file(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// timing.jsonl: wall clock per epoch.
    pub fn timing_file(&self) -> PathBuf {
        self.0.join("timing.jsonl")
    }

    /// steps.jsonl: reproducible lines within the epochs.
    pub fn steps_file(&self) -> PathBuf {
        self.0.join("steps.jsonl")
    }

    /// step_timing.jsonl: wall clock per line of steps.jsonl.
    pub fn step_timing_file(&self) -> PathBuf {
        self.0.join("step_timing.jsonl")
    }

    /// events.jsonl: what the user changed during the training.
    pub fn events_file(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// metrics.csv: the curves for spreadsheets.
    pub fn metrics_csv_file(&self) -> PathBuf {
        self.0.join("metrics.csv")
    }

    /// steps.csv: the curves within the epochs for spreadsheets.
    pub fn steps_csv_file(&self) -> PathBuf {
        self.0.join("steps.csv")
    }

    /// The curves for TensorBoard. `started`: the run's beginning, UTC milliseconds.
    pub fn tensorboard_file(&self, started: i64) -> PathBuf {
        self.0.join("tensorboard").join(format!("events.out.tfevents.{}.glassbox", started / 1000))
    }

    /// model.safetensors: the best weights.
    pub fn model_file(&self) -> PathBuf {
        self.0.join("model.safetensors")
    }

    /// checkpoints/last.safetensors: all that a resume needs.
    pub fn checkpoint_file(&self) -> PathBuf {
        self.0.join("checkpoints").join("last.safetensors")
    }

    /// predictions.parquet
    pub fn predictions_file(&self) -> PathBuf {
        self.0.join("predictions.parquet")
    }

    /// analysis/<name>
    pub fn analysis_file(&self, name: &str) -> PathBuf {
        self.0.join("analysis").join(name)
    }

    /// formulas/<id>.indicator: a copy of a formula whose lines the run was made of.
    pub fn formula_file(&self, id: &str) -> PathBuf {
        self.0.join("formulas").join(format!("{id}.indicator"))
    }

    /// rule.indicator: a copy of the rule its configuration names.
    pub fn rule_file(&self) -> PathBuf {
        self.0.join("rule.indicator")
    }

    /// backtest/
    pub fn backtest_dir(&self) -> PathBuf {
        self.0.join("backtest")
    }

    /// Reads run.json.
    pub fn load(&self) -> Result<Manifest, RunError> {
        let path = self.manifest_file();
        let text = fs::read_to_string(&path).map_err(|source| RunError::File {
            action: "read",
            path: path.clone(),
            source,
        })?;
        serde_json::from_str(&text).map_err(|err| RunError::Garbled { path, problem: err.to_string() })
    }

    /// Writes run.json, atomically.
    pub fn save(&self, manifest: &Manifest) -> Result<(), RunError> {
        let path = self.manifest_file();
        let text = serde_json::to_string_pretty(manifest)
            .map_err(|err| RunError::Garbled { path: path.clone(), problem: err.to_string() })?;
        write_atomic(&path, text.as_bytes()).map_err(|source| RunError::File { action: "write", path, source })
    }

    /// Leaves words for the process that is at work on the run, one a line.
    pub fn leave_orders(&self, words: &[String]) -> io::Result<()> {
        let text: String = words.iter().flat_map(|word| [word.as_str(), "\n"]).collect();
        let mut file = OpenOptions::new().create(true).append(true).open(self.0.join(ORDERS))?;
        // Held until the file is closed, so that nobody takes half of it or what is not yet there.
        file.lock()?;
        file.write_all(text.as_bytes())
    }

    /// The words left since the last call.
    pub fn take_orders(&self) -> Vec<String> {
        // Nearly always there are none.
        let Ok(file) = OpenOptions::new().read(true).write(true).open(self.0.join(ORDERS)) else {
            return Vec::new();
        };
        let taken =
            file.lock().and_then(|()| io::read_to_string(&file)).and_then(|text| file.set_len(0).map(|()| text));
        taken.map_or_else(|_| Vec::new(), |text| text.lines().map(str::to_owned).collect())
    }

    /// Claims the run for this process and clears away the unfinished files of a killed one.
    pub fn lock(&self) -> Result<RunLock, RunError> {
        let path = self.0.join(".lock");
        let fail = |source| RunError::File { action: "write", path: path.clone(), source };
        let file = File::create(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {
                for folder in ["", "analysis", "backtest", "checkpoints", "formulas", "tensorboard"] {
                    remove_unfinished(&self.0.join(folder), ".");
                }
                // They were meant for a process that is gone.
                self.take_orders();
                Ok(RunLock { _file: file })
            }
            Err(TryLockError::WouldBlock) => Err(RunError::Busy(self.0.clone())),
            Err(TryLockError::Error(source)) => Err(RunError::File { action: "write", path, source }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn words_left_while_others_are_taken_are_not_lost() {
        const WORDS: usize = 400;
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir(folder.path().to_owned());
        let done = AtomicBool::new(false);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let take = || {
            let mut taken = Vec::new();
            while !done.load(Ordering::Acquire) {
                taken.extend(dir.take_orders());
            }
            taken
        };
        let leave = || {
            for i in 0..WORDS {
                dir.leave_orders(&[i.to_string()]).unwrap();
            }
            done.store(true, Ordering::Release);
        };
        let (mut taken, ()) = pool.install(|| rayon::join(take, leave));
        taken.extend(dir.take_orders());
        assert_eq!(taken, (0..WORDS).map(|i| i.to_string()).collect::<Vec<_>>());
    }
}
