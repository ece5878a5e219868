//! `check` and `synth`: leaks in columns, and markets with a known truth.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args as Group, Subcommand};
use serde_json::json;

use super::print::{Failure, Printer};
use super::watch::watch;
use crate::dataset::leaks::{LeakOptions, Verdict};
use crate::market::synth::MarketOptions;
use crate::tasks::{SynthRequest, check_leaks, columns_of_run, synthesize};

#[derive(Debug, Subcommand)]
pub(super) enum CheckCommand {
    /// Look for knowledge of the future in the columns beside the bars of a file
    Leaks {
        /// Parquet or CSV file of bars with more columns of numbers
        #[arg(long, value_name = "FILE")]
        columns: PathBuf,
        /// Bars ahead that are looked at
        #[arg(long, default_value_t = 32)]
        horizon: usize,
    },
    /// Compare every feature of a run between its training and its test slice
    Drift {
        /// Run folder
        run: PathBuf,
    },
}

/// Population stability index above which a feature is commonly read as moved.
const MOVED: f64 = 0.25;

/// Shows how every feature of a run differs between its training and its test slice.
fn drift(run: &Path, printer: Printer) -> Result<(), Failure> {
    let folder = run.to_owned();
    let found = watch("check drift", printer, move |job| columns_of_run(&folder, job))?;
    let figure = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"));
    printer.text(&format!("{:>8} {:>8} {:>9} {:>9}  feature", "PSI", "SMD", "missing T", "missing E"));
    for column in &found.columns {
        let (train, test) = (100.0 * column.missing_train, 100.0 * column.missing_test);
        let dropped = column.dropped.as_ref().map_or_else(String::new, |reason| format!(" (left out: {reason})"));
        let (psi, smd) = (figure(column.psi), figure(column.smd));
        printer.text(&format!("{psi:>8} {smd:>8} {train:>7.2} % {test:>7.2} %  {}{dropped}", column.name));
        let mut record = serde_json::to_value(column).context("drift")?;
        record["event"] = json!("drift");
        printer.record(&record);
    }
    let moved = found.columns.iter().filter(|column| column.psi.is_some_and(|psi| psi > MOVED)).count();
    printer.record(&json!({
        "event": "drift_summary", "features": found.columns.len(), "moved": moved,
        "train": [found.train.start, found.train.end], "test": [found.test.start, found.test.end],
    }));
    Ok(())
}

#[derive(Debug, Group)]
pub(super) struct SynthArgs {
    /// lag, divergence, regimes, probability or noise
    pub(super) kind: String,
    /// Bars to draw
    #[arg(long, default_value_t = 20_000)]
    pub(super) bars: usize,
    /// What the draw depends on
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Parquet or CSV file to write
    #[arg(long, value_name = "OUT.parquet")]
    pub(super) out: PathBuf,
    /// Bars from event to effect (lag)
    #[arg(long)]
    pub(super) lag: Option<usize>,
    /// Size of the planted effect
    #[arg(long)]
    pub(super) strength: Option<f64>,
    /// Hidden states (regimes)
    #[arg(long)]
    pub(super) states: Option<usize>,
    /// Mean bars in a state (regimes)
    #[arg(long)]
    pub(super) dwell: Option<f64>,
}

pub(super) fn check(command: &CheckCommand, printer: Printer) -> Result<(), Failure> {
    let (columns, horizon) = match command {
        CheckCommand::Leaks { columns, horizon } => (columns, horizon),
        CheckCommand::Drift { run } => return drift(run, printer),
    };
    let (file, options) = (columns.clone(), LeakOptions { horizon: *horizon });
    let found = watch("check leaks", printer, move |job| check_leaks(&file, &options, job))?;
    for column in &found.columns {
        let word = match column.verdict {
            Verdict::Clean => "clean",
            Verdict::Suspicious => "suspicious",
            Verdict::Leaks => "LEAKS",
            Verdict::Untested => "untested",
        };
        printer.text(&format!("{word:10} {:24} {}", column.name, column.sentence));
    }
    let mut record = serde_json::to_value(&found).context("leaks")?;
    record["event"] = json!("leaks");
    printer.record(&record);
    Ok(())
}

pub(super) fn plant(args: &SynthArgs, printer: Printer) -> Result<(), Failure> {
    let SynthArgs { kind, bars, seed, out, lag, strength, states, dwell } = args;
    let options = MarketOptions { lag: *lag, strength: *strength, states: *states, dwell: *dwell };
    let request = SynthRequest { kind: kind.clone(), options, bars: *bars, seed: *seed, out: out.clone() };
    let record = watch("synth", printer, move |job| synthesize(&request, job))?;
    let auc = record["optimal_auc"].as_f64().map_or("unknown".to_owned(), |auc| format!("{auc:.3}"));
    printer
        .text(&format!("{}: {bars} bars, {kind}; best possible AUC for a rise of the next bar {auc}", out.display()));
    printer.record(&record);
    Ok(())
}
