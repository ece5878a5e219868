//! Small markets, a small configuration, and the program as a child process.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use glassbox::data::time_text;
use glassbox::market::{Bar, Series, Timeframe};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

pub(crate) const FOUR_HOURS: i64 = 4 * 3_600_000;
/// 2020-01-01T00:00:00Z
const START: i64 = 1_577_836_800_000;
/// Enough for the warm-up of every indicator and four slices.
pub(crate) const BARS: usize = 900;

/// A run of about a second: 116 lines, one small layer, three epochs.
pub(crate) const TINY: &str = r#"
[features]
groups = ["lines", "returns"]
lookback_windows = [5]
[labels]
prediction_horizon = 3
[model]
seq_len = 8
d_model = 8
num_heads = 2
num_layers = 1
d_ff = 16
latent_dim = 2
[train]
batch_size = 32
num_epochs = 3
run_name = "tiny"
[analysis]
regimes = 3
windows = 8
"#;

/// A geometric random walk with gaps, wicks, calm and wild stretches.
pub(crate) fn walk(seed: u64, n: usize) -> Vec<Bar> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut price = 100.0_f64;
    let mut log_vol = 0.0_f64;
    (0..n)
        .map(|t| {
            // A uniform on (-1, 1) has deviation 0.577.
            let mut noise = |scale: f64| scale * 1.732 * rng.random_range(-1.0..1.0_f64);
            log_vol = 0.97 * log_vol + noise(0.12);
            let sigma = 0.01 * log_vol.exp();
            let open = price * noise(0.1 * sigma).exp();
            let close = open * noise(sigma).exp();
            let high = open.max(close) * (1.0 + noise(0.4 * sigma).abs());
            let low = open.min(close) * (1.0 - noise(0.4 * sigma).abs());
            let volume = 150.0 * (0.5 * log_vol + noise(0.4)).exp();
            price = close;
            let cents = |x: f64| (x * 1e4).round() / 1e4;
            let (open, close) = (cents(open), cents(close));
            let high = cents(high).max(open).max(close);
            let low = cents(low).min(open).min(close);
            Bar { timestamp: START + t as i64 * FOUR_HOURS, open, high, low, close, volume: cents(volume) }
        })
        .collect()
}

pub(crate) fn series(bars: Vec<Bar>) -> Series {
    Series::new("SYN", Timeframe::from_millis(FOUR_HOURS).unwrap(), bars).unwrap()
}

pub(crate) fn csv(bars: &[Bar]) -> String {
    let mut text = "timestamp,open,high,low,close,volume\n".to_owned();
    for bar in bars {
        let Bar { timestamp, open, high, low, close, volume } = bar;
        writeln!(text, "{},{open},{high},{low},{close},{volume}", time_text(*timestamp)).unwrap();
    }
    text
}

/// What a finished process left.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Panics unless the exit code is 0.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!(self.code, Some(0), "standard error: {}", self.stderr);
        self
    }

    /// All records of standard output, each of which must be JSON with an `event`.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        self.stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|err| panic!("{err}: {line}")))
            .inspect(|record| assert!(record["event"].is_string(), "{record}"))
            .collect()
    }

    /// The records called `event`.
    #[track_caller]
    pub(crate) fn events(&self, event: &str) -> Vec<Value> {
        self.records().into_iter().filter(|record| record["event"] == event).collect()
    }

    /// The only record called `event`.
    #[track_caller]
    pub(crate) fn event(&self, event: &str) -> Value {
        let mut found = self.events(event);
        assert_eq!(found.len(), 1, "records {event} in {}", self.stdout);
        found.remove(0)
    }

    /// The record of a stage.
    #[track_caller]
    pub(crate) fn stage(&self, stage: &str) -> Value {
        self.events("stage").into_iter().find(|record| record["stage"] == stage).expect("the stage is reported")
    }

    /// The run folder of the last record.
    #[track_caller]
    pub(crate) fn run(&self) -> PathBuf {
        self.event("run")["folder"].as_str().expect("a path").into()
    }
}

/// The program with `args`; backtraces are asked for, so that a test notices one that reaches the user.
pub(crate) fn command<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glassbox"));
    command.args(args.into_iter().map(Into::into)).env("RUST_BACKTRACE", "1");
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) fn finish(mut command: Command) -> Output {
    let output = command.output().expect("the program starts");
    Output {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("UTF-8"),
        stderr: String::from_utf8(output.stderr).expect("UTF-8"),
    }
}

/// Runs the program on one thread.
pub(crate) fn glassbox<S: Into<OsString>>(args: impl IntoIterator<Item = S>) -> Output {
    let mut command = command(args);
    command.args(["--json", "--threads", "1"]);
    finish(command)
}

/// Arguments of different string types in one array.
#[macro_export]
macro_rules! args {
    ($($arg:expr),* $(,)?) => { [$(std::ffi::OsString::from(&$arg)),*] };
}

/// A folder with bars and a configuration that names them.
pub(crate) struct Lab {
    dir: PathBuf,
    _guard: Option<tempfile::TempDir>,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(&walk(1, BARS), TINY)
    }

    pub(crate) fn with(bars: &[Bar], config: &str) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let lab = Self { dir: guard.path().to_owned(), _guard: Some(guard) };
        lab.fill(bars, config);
        lab
    }

    fn fill(&self, bars: &[Bar], config: &str) {
        fs::write(self.bars(), csv(bars)).unwrap();
        fs::write(self.config(), format!("{config}\n[data]\nfile = \"SYN_4h.csv\"\n")).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn bars(&self) -> PathBuf {
        self.path("SYN_4h.csv")
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.path("tiny.toml")
    }

    /// Writes a file into the folder.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// `run` of the configuration in the workspace called `workspace`.
    pub(crate) fn run(&self, workspace: &str) -> Output {
        glassbox(args!["run", self.config(), "--workspace", self.path(workspace)])
    }
}

/// A finished run that many tests look at and none may change.
pub(crate) struct Finished {
    pub(crate) lab: Lab,
    pub(crate) workspace: PathBuf,
    pub(crate) run: PathBuf,
    pub(crate) output: Output,
}

impl Finished {
    /// A copy of the run folder that may be spoilt.
    pub(crate) fn copy(&self) -> (tempfile::TempDir, PathBuf) {
        let guard = tempfile::tempdir().unwrap();
        let run = guard.path().join("run");
        copy_folder(&self.run, &run);
        (guard, run)
    }
}

pub(crate) fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// All files below `folder`, as sorted paths.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}

/// The tiny run, done once per test process. A static is never dropped, so its folder lies where later processes clear it.
pub(crate) static FINISHED: LazyLock<Finished> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let old = |path: &Path| {
        let age = path.metadata().and_then(|data| data.modified()).map(|time| SystemTime::now().duration_since(time));
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("tiny-"))
            && matches!(age, Ok(Ok(age)) if age > Duration::from_hours(1))
    };
    for entry in fs::read_dir(root).into_iter().flatten().flatten().filter(|entry| old(&entry.path())) {
        fs::remove_dir_all(entry.path()).ok();
    }
    let dir = tempfile::Builder::new().prefix("tiny-").tempdir_in(root).unwrap().keep();
    let lab = Lab { dir, _guard: None };
    lab.fill(&walk(1, BARS), TINY);
    let output = lab.run("workspace").ok();
    Finished { workspace: lab.path("workspace"), run: output.run(), lab, output }
});
