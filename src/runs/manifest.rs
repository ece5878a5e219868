use serde::{Deserialize, Serialize};

use crate::config::RunConfig;
use crate::dataset::SourceNote;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// In work, or killed in the middle of it.
    Running,
    /// All asked stages are done.
    Finished,
    /// Stopped by the user; can be resumed.
    Cancelled,
    /// Ended with an error.
    Failed,
}

/// A part of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Bars to indicator lines.
    Collect,
    /// Lines to a network.
    Train,
    /// Network to understanding.
    Analyze,
    /// Network to trades.
    Backtest,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Collect => "collect",
            Self::Train => "train",
            Self::Analyze => "analyze",
            Self::Backtest => "backtest",
        })
    }
}

/// run.json: what the run is, what it came from and how far it got.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Folder name.
    pub id: String,
    /// Version of the program.
    pub version: String,
    /// Where it stands.
    pub status: RunStatus,
    /// The error's text when failed.
    pub error: Option<String>,
    /// Stages done, in order.
    pub done: Vec<Stage>,
    /// Identifies configuration, data and catalogue; equal keys give equal models.
    pub key: String,
    /// The whole configuration.
    pub config: RunConfig,
    /// Absolute path of the bars.
    pub data_file: String,
    /// SHA-256 of the bars.
    pub fingerprint: String,
    /// Other bars and columns it learned from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceNote>,
    /// Ticker.
    pub symbol: String,
    /// Bar length.
    pub timeframe: String,
    /// Number of bars.
    pub bars: usize,
    /// First bar's open time, UTC milliseconds.
    pub first_timestamp: i64,
    /// Last bar's open time, UTC milliseconds.
    pub last_timestamp: i64,
    /// Threads of the computation.
    pub threads: usize,
    /// Device it was trained on.
    pub device: String,
    /// Start, UTC milliseconds.
    pub started: i64,
    /// End, UTC milliseconds.
    pub ended: Option<i64>,
}

impl Manifest {
    /// True if `stage` is done.
    pub fn has(&self, stage: Stage) -> bool {
        self.done.contains(&stage)
    }

    /// Notes that `stage` is done.
    pub fn mark(&mut self, stage: Stage) {
        if !self.has(stage) {
            self.done.push(stage);
            self.done.sort_unstable();
        }
    }
}
