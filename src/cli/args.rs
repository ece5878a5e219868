use std::path::PathBuf;

use clap::{Args as Group, Parser, Subcommand, ValueEnum};

use super::args_bench::BenchCommand;
use super::check::{CheckCommand, SynthArgs};
use super::compare::CompareArgs;
use super::setup::ConfigArgs;
use super::teach::{LrfindArgs, TellArgs};

/// See what a network learned from your indicators and why it took a trade.
///
/// Research and education only: nothing here is investment advice, and trading risks loss.
#[derive(Debug, Parser)]
#[command(
    name = "glassbox",
    version,
    about,
    long_about,
    propagate_version = true,
    subcommand_precedence_over_arg = true
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(flatten)]
    pub(super) window: WindowArgs,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// Without a command: the window.
#[derive(Debug, Group)]
pub(super) struct WindowArgs {
    /// Open the window on this run folder, workspace or file of bars instead of the demo
    pub(super) path: Option<PathBuf>,
    /// Close the window once everything was drawn, and print when that was
    #[arg(long)]
    pub(super) exit_after_first_frame: bool,
    /// Keep the window's state, controls and frame times in this file, for scripts
    #[arg(long, value_name = "FILE", hide = true)]
    pub(super) probe: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(super) struct Global {
    /// Folder of captures and runs [default: the platform's data folder]
    #[arg(long, global = true, value_name = "DIR")]
    pub(super) workspace: Option<PathBuf>,
    /// Threads of computation [default: all]
    #[arg(long, global = true, value_name = "N")]
    pub(super) threads: Option<usize>,
    /// Where tensors live [default: as configured]
    #[arg(long, global = true, value_enum)]
    pub(super) device: Option<DeviceArg>,
    /// Overrides one configuration key; may be repeated
    #[arg(long = "set", global = true, value_name = "KEY=VALUE")]
    pub(super) overrides: Vec<String>,
    /// One JSON object per line on standard output
    #[arg(long, global = true)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum DeviceArg {
    Auto,
    Cpu,
    Cuda,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Collect, train, analyze and backtest in one go
    Run(RunArgs),
    /// Teach and judge a network on every fold that `splits.method` cuts: rolling, anchored or combinatorial
    Walkforward(ConfigArgs),
    /// Capture every indicator line of a file of bars
    Collect(CollectArgs),
    /// Collect and train, or continue a run's training
    Train(TrainArgs),
    /// Sweep learning rates over a fresh network and suggest one; makes no run
    Lrfind(LrfindArgs),
    /// Pause, resume, stop or change a training that another process is at: a window or a command line
    Tell(TellArgs),
    /// Examine a trained run: attention, importance, regimes, calibration, verdict
    Analyze(AnalyzeArgs),
    /// Trade a run's forecasts, or a file of signals, on paper
    Backtest(BacktestArgs),
    /// One record per bar: what a run's model says
    Predict(PredictArgs),
    /// Runs side by side: best epochs, what differs, and means over runs that differ in the seed only
    Compare(CompareArgs),
    /// Browse and compute indicators
    #[command(subcommand)]
    Indicators(IndicatorsCommand),
    /// Look at, import, resample and export bars; list and delete what the workspace holds
    #[command(subcommand)]
    Data(DataCommand),
    /// Check runs, columns, lines and features for knowledge of the future
    #[command(subcommand)]
    Check(CheckCommand),
    /// Write a planted market whose truth is known: lag, divergence, regimes, probability or noise
    Synth(SynthArgs),
    /// Measure speed
    #[command(subcommand)]
    Bench(BenchCommand),
    /// Check what the program stands on
    Doctor,
}

#[derive(Debug, Group)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// Continue the newest run of the same configuration and data
    #[arg(long)]
    pub(super) resume: bool,
}

#[derive(Debug, Group)]
pub(super) struct CollectArgs {
    /// File of bars
    #[arg(value_name = "BARS", required_unless_present = "config")]
    pub(super) file: Option<PathBuf>,
    /// Take the bars named in this configuration
    #[arg(long, value_name = "CONFIG.toml")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Debug, Group)]
pub(super) struct TrainArgs {
    /// TOML configuration
    #[arg(long, value_name = "CONFIG.toml")]
    pub(super) config: Option<PathBuf>,
    /// Preset underneath the configuration
    #[arg(long)]
    pub(super) preset: Option<String>,
    /// CSV or Parquet file of bars
    #[arg(long, value_name = "BARS")]
    pub(super) data: Option<PathBuf>,
    /// Continue this run folder instead of starting another
    #[arg(long, value_name = "RUN", conflicts_with_all = ["config", "preset", "data"])]
    pub(super) resume: Option<PathBuf>,
    /// Order to begin with, as `tell` takes it: lr=RATE heals a run that an absurd rate stopped; may be repeated
    #[arg(long, value_name = "ORDER", requires = "resume", conflicts_with_all = ["config", "preset", "data"])]
    pub(super) tell: Vec<String>,
}

#[derive(Debug, Group)]
pub(super) struct AnalyzeArgs {
    /// Run folder
    pub(super) run: PathBuf,
    /// Write the four pictures as SVG into this folder
    #[arg(long, value_name = "DIR")]
    pub(super) figures: Option<PathBuf>,
    /// Only print the attention of the window that ends at this time
    #[arg(long, value_name = "TIME")]
    pub(super) window: Option<String>,
}

#[derive(Debug, Group)]
pub(super) struct BacktestArgs {
    /// Run folder
    #[arg(required_unless_present = "signals")]
    pub(super) run: Option<PathBuf>,
    /// Bars to trade; anything but `test` is marked as in sample
    #[arg(long, value_enum, default_value = "test")]
    pub(super) slice: SliceArg,
    /// CSV or Parquet of timestamp, side, size, stop, target
    #[arg(long, value_name = "FILE", requires = "data", conflicts_with = "run")]
    pub(super) signals: Option<PathBuf>,
    /// Bars the signals are traded on
    #[arg(long, value_name = "BARS")]
    pub(super) data: Option<PathBuf>,
    /// Where trades, equity and report of the signals go
    #[arg(long, value_name = "DIR", requires = "signals")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum SliceArg {
    Train,
    Validation,
    Calibration,
    Test,
}

#[derive(Debug, Group)]
pub(super) struct PredictArgs {
    /// Run folder
    pub(super) run: PathBuf,
    /// CSV or Parquet file of bars
    #[arg(long, value_name = "BARS")]
    pub(super) data: PathBuf,
    /// Only the last N bars
    #[arg(long, value_name = "N")]
    pub(super) last: Option<usize>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ModeArg {
    Standard,
    Compat,
}

#[derive(Debug, Subcommand)]
pub(super) enum IndicatorsCommand {
    /// All indicators with their lines
    List {
        /// Published definitions, or those of the Python original
        #[arg(long, value_enum, default_value = "standard")]
        mode: ModeArg,
        #[command(flatten)]
        formulas: FormulaArgs,
    },
    /// Formula, source, parameters and lines of one indicator
    Show {
        /// Such as `rsi` or `rsi(period=9)`
        id: String,
        /// Published definition, or that of the Python original
        #[arg(long, value_enum, default_value = "standard")]
        mode: ModeArg,
        #[command(flatten)]
        formulas: FormulaArgs,
    },
    /// Compute lines of a file of bars
    Compute {
        /// CSV or Parquet file of bars
        #[arg(long, value_name = "BARS")]
        data: PathBuf,
        /// Parquet file to write
        #[arg(long, value_name = "LINES.parquet")]
        out: PathBuf,
        /// Only these, comma-separated, such as `rsi(period=9),macd`
        #[arg(long, value_name = "ID,..")]
        only: Option<String>,
        /// Published definitions, or those of the Python original
        #[arg(long, value_enum, default_value = "standard")]
        mode: ModeArg,
        /// Also the lines that restate another one, which the whole catalogue leaves out
        #[arg(long)]
        twins: bool,
        #[command(flatten)]
        formulas: FormulaArgs,
    },
    /// Check a formula file: every error with line and column, or its lines
    Check {
        /// Formula file, name.indicator; it may read the formulas beside it
        file: PathBuf,
    },
    /// The functions a formula may call
    Functions,
}

#[derive(Debug, Group)]
pub(super) struct FormulaArgs {
    /// Formula file, or folder of them, instead of the workspace's formulas/; may be repeated
    #[arg(long, value_name = "DIR|FILE")]
    pub(super) formulas: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum DataCommand {
    /// What is in a file of bars, what its columns are taken for, and what looks wrong
    Inspect {
        /// File of bars: CSV and relatives, Parquet, Feather, JSON, also in gzip, zstd or ZIP
        file: PathBuf,
        #[command(flatten)]
        choices: DataChoices,
    },
    /// Read any file of bars, sort it, drop exact duplicates, check it, and write it as Parquet, Feather or CSV
    Import {
        /// File of bars: CSV and relatives, Parquet, Feather, JSON, also in gzip, zstd or ZIP
        file: PathBuf,
        /// File to write; its ending says how [default: data/SYMBOL_TIMEFRAME.parquet in the workspace]
        #[arg(long, value_name = "OUT.parquet")]
        out: Option<PathBuf>,
        #[command(flatten)]
        choices: DataChoices,
        /// Leave out rows that no bar can be made of
        #[arg(long)]
        drop_bad_rows: bool,
    },
    /// List the series and captures of the workspace, with size, range and freshness
    List,
    /// Delete series or captures of the workspace
    Delete {
        /// Files as `data list` names them
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Gather bars that are in order into longer ones
    Resample {
        /// File of bars
        file: PathBuf,
        /// Length of the new bars, such as 4h, 1d, 1w or 1M (calendar month)
        #[arg(long, value_name = "PERIOD")]
        to: String,
        /// What becomes of bars at the ends whose period the file does not cover: drop or keep
        #[arg(long, default_value = "drop")]
        partial: String,
        /// Hours by which periods begin later than midnight UTC (weeks: Monday's)
        #[arg(long, value_name = "HOURS", allow_hyphen_values = true)]
        offset: Option<f64>,
        /// File to write; its ending says how
        #[arg(long, value_name = "OUT.parquet")]
        out: PathBuf,
        #[command(flatten)]
        choices: DataChoices,
    },
    /// Write bars that are in order as Parquet, Feather or CSV
    Export {
        /// File of bars
        file: PathBuf,
        /// File to write; its ending says how
        #[arg(long, value_name = "OUT.csv")]
        out: PathBuf,
        #[command(flatten)]
        choices: DataChoices,
    },
}

/// What is said by hand about a file of bars; the rest is guessed.
#[derive(Debug, Group)]
pub(super) struct DataChoices {
    /// Ticker to store; in a file of several symbols the one to take
    #[arg(long)]
    pub(super) symbol: Option<String>,
    /// Bar length such as 4h
    #[arg(long)]
    pub(super) timeframe: Option<String>,
    /// Which column is what, such as close=Last,timestamp=Date+Time,volume=none; #3 is the third column
    #[arg(long, value_name = "ROLE=COLUMN,..")]
    pub(super) map: Vec<String>,
    /// Clock of times that name none: UTC, +02:00, America/New_York, EET [default: UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub(super) timezone: Option<String>,
    /// Factor of every price, such as 0.00001 or 1/100000 for prices in points
    #[arg(long, value_name = "FACTOR")]
    pub(super) price_scale: Option<String>,
    /// Keep prices as traded although the file has adjusted closes
    #[arg(long)]
    pub(super) no_adjust: bool,
    /// Dates such as 03/04/2024 name the day first
    #[arg(long, conflicts_with = "month_first")]
    pub(super) day_first: bool,
    /// Dates such as 03/04/2024 name the month first
    #[arg(long)]
    pub(super) month_first: bool,
    /// What separates decimals: point or comma
    #[arg(long, value_name = "SIGN")]
    pub(super) decimal: Option<String>,
}
