//! `check` and `synth`: leaks in runs and columns, and markets with a known truth.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::{Args as Group, Subcommand};
use serde::Serialize;
use serde_json::json;

use super::args::Global;
use super::print::{Failure, Printer};
use super::setup;
use super::watch::watch;
use crate::dataset::causality::{CUTS, CausalVerdict};
use crate::dataset::leaks::run::{CheckVerdict, RunCheck};
use crate::dataset::leaks::{ColumnVerdict, LeakOptions, Verdict};
use crate::market::synth::MarketOptions;
use crate::tasks::{
    CausalityRequest, SynthRequest, check_causality, check_leaks, check_run_leaks, columns_of_run, synthesize,
};

#[derive(Debug, Subcommand)]
pub(super) enum CheckCommand {
    /// Look for bars that a finished run must not have used, or for knowledge of the future in the columns of a file
    Leaks {
        /// Run folder
        #[arg(value_name = "RUN", required_unless_present = "columns", conflicts_with = "columns")]
        run: Option<PathBuf>,
        /// Parquet or CSV file of bars with more columns of numbers
        #[arg(long, value_name = "FILE")]
        columns: Option<PathBuf>,
        /// Bars ahead that are looked at
        #[arg(long, default_value_t = 32)]
        horizon: usize,
    },
    /// Compare every feature of a run between its training and its test slice
    Drift {
        /// Run folder
        run: PathBuf,
    },
    /// Replay every indicator line and feature from the bars before random cuts: does a value depend on later bars?
    Causality {
        /// File of bars, capture, run folder, or TOML configuration
        #[arg(long, value_name = "BARS|RUN|CONFIG")]
        data: PathBuf,
        /// Random cuts
        #[arg(long, default_value_t = CUTS)]
        cuts: usize,
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

pub(super) fn check(
    command: &CheckCommand,
    workspace: &Path,
    global: &Global,
    printer: Printer,
) -> Result<(), Failure> {
    match command {
        CheckCommand::Leaks { run, columns, horizon } => {
            leaks(run.as_deref(), columns.as_deref(), LeakOptions { horizon: *horizon }, printer)
        }
        CheckCommand::Drift { run } => drift(run, printer),
        CheckCommand::Causality { data, cuts } => causality(data, *cuts, workspace, global, printer),
    }
}

fn causality(data: &Path, cuts: usize, workspace: &Path, global: &Global, printer: Printer) -> Result<(), Failure> {
    let is_config = data.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("toml"));
    let config = setup::config(global, is_config.then_some(data), None, None)?;
    let target = (!is_config).then(|| data.to_owned());
    let request = CausalityRequest { workspace: workspace.to_owned(), target, config, cuts: cuts.max(1) };
    let found = watch("check causality", printer, move |job| check_causality(&request, job))?;
    let mut counts = BTreeMap::<&str, usize>::new();
    for column in &found.columns {
        *counts.entry(column.verdict.word()).or_default() += 1;
        let mut record = serde_json::to_value(column).context("causality")?;
        record["event"] = json!("causality");
        record["sentence"] = json!(column.sentence());
        printer.record(&record);
        if column.is_bad() || column.verdict == CausalVerdict::Unverifiable {
            printer.text(&format!("{:12} {:40} {}", column.verdict.word(), column.column, column.sentence()));
        }
    }
    let bad = found.bad().count();
    printer.record(&json!({
        "event": "causality_summary",
        "bars": found.bars,
        "columns": found.columns.len(),
        "leaking": bad,
        "verdicts": counts,
    }));
    let words: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    printer.text(&format!("{} columns over {} bars: {}", found.columns.len(), found.bars, words.join(", ")));
    match found.bad().next() {
        Some(first) => {
            Err(anyhow!("{bad} columns leak or are infinite, {} first: {}", first.column, first.sentence()).into())
        }
        None => Ok(()),
    }
}

fn leaks(run: Option<&Path>, columns: Option<&Path>, options: LeakOptions, printer: Printer) -> Result<(), Failure> {
    if let Some(run) = run.map(Path::to_owned) {
        let found = watch("check leaks", printer, move |job| check_run_leaks(&run, &options, job))?;
        for RunCheck { check, verdict, detail } in &found.checks {
            let word = match verdict {
                CheckVerdict::Ok => "ok",
                CheckVerdict::Leak => "LEAK",
                CheckVerdict::NotCheckable => "unknown",
            };
            printer.text(&format!("{word:8} {check:20} {detail}"));
        }
        report(&found, printer)?;
        let first = found.checks.iter().find(|check| check.verdict == CheckVerdict::Leak);
        return first.map_or(Ok(()), |RunCheck { check, detail, .. }| {
            let (leaking, all) = (found.leaking, found.checks.len());
            Err(anyhow!("{leaking} of {all} checks found a leak in {}, {check} first: {detail}", found.run).into())
        });
    }
    let Some(file) = columns.map(Path::to_owned) else { return Ok(()) };
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
    report(&found, printer)?;
    let first = found.columns.iter().find(|column| column.verdict == Verdict::Leaks);
    first.map_or(Ok(()), |ColumnVerdict { name, sentence, .. }| {
        let (leaking, all) = (found.leaking, found.columns.len());
        Err(anyhow!("{leaking} of {all} columns know the future, {name} first: {sentence}").into())
    })
}

fn report(found: &impl Serialize, printer: Printer) -> Result<(), Failure> {
    let mut record = serde_json::to_value(found).context("leaks")?;
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
