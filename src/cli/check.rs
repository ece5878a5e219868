//! `check` and `synth`: leaks in columns, and markets with a known truth.

use anyhow::Context as _;
use serde_json::json;

use super::args::{CheckCommand, SynthArgs};
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::dataset::leaks::{LeakOptions, Verdict};
use crate::market::synth::MarketOptions;
use crate::tasks::{SynthRequest, check_leaks, synthesize};

pub(super) fn check(command: &CheckCommand, printer: Printer) -> Result<(), Failure> {
    let CheckCommand::Leaks { columns, horizon } = command;
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
