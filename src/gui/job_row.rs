use crate::jobs::Progress;
use crate::runs::Stage;

/// Number of a job, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(pub u64);

/// What a job does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobKind {
    /// Reads a run for looking.
    OpenRun,
    /// Reads a file of bars for looking.
    Inspect,
    /// Collects, trains, analyzes, backtests, up to this stage.
    Run(Stage),
    /// One more stage of the open run.
    Stage(Stage),
    /// Writes bars to a file.
    SaveBars,
    /// Deletes a series or a capture.
    DeleteStored,
    /// Makes every feature of the open run.
    Columns,
    /// Looks at what the program stands on.
    Doctor,
    /// Measures the open run's network.
    Bench,
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// At work.
    Running,
    /// Done.
    Finished,
    /// Stopped by the user.
    Cancelled,
    /// Ended with this sentence.
    Failed(String),
}

/// One job as the panels see it.
#[derive(Debug, Clone)]
pub struct JobRow {
    /// Its number.
    pub id: JobId,
    /// For people.
    pub name: String,
    /// What it does.
    pub kind: JobKind,
    /// Where it stands.
    pub state: JobState,
    /// Latest progress.
    pub progress: Progress,
    /// Seconds at work.
    pub seconds: f64,
    /// Units per second over the present stage; `None` until known.
    pub rate: Option<f64>,
    /// Seconds left in the present stage; `None` until known.
    pub eta: Option<f64>,
    /// Sentences it emitted, the latest last.
    pub notes: Vec<String>,
}
