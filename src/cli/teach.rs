use std::path::PathBuf;

use anyhow::{Context as _, anyhow};
use clap::Args as Group;
use serde_json::json;

use super::args::Global;
use super::print::{Failure, Printer};
use super::setup::{self, ConfigArgs};
use super::watch::watch;
use crate::tasks::{LrSearch, Wish, find_learning_rate, leave_wishes};
use crate::training::LrFinder;

#[derive(Debug, Group)]
pub(super) struct LrfindArgs {
    #[command(flatten)]
    pub(super) config: ConfigArgs,
    /// First learning rate
    #[arg(long, default_value_t = 1e-7, value_name = "RATE")]
    pub(super) from: f64,
    /// Last learning rate
    #[arg(long, default_value_t = 1.0, value_name = "RATE")]
    pub(super) to: f64,
    /// Optimiser steps
    #[arg(long, default_value_t = 200, value_name = "N")]
    pub(super) steps: usize,
}

#[derive(Debug, Group)]
pub(super) struct TellArgs {
    /// Run folder
    pub(super) run: PathBuf,
    /// pause, resume, stop (keeps the best weights), save (a checkpoint), lr=RATE (new peak), patience=EPOCHS
    #[arg(required = true, value_name = "ORDER")]
    pub(super) orders: Vec<String>,
}

pub(super) fn find_rate(
    args: &LrfindArgs,
    workspace: PathBuf,
    global: &Global,
    printer: Printer,
) -> Result<(), Failure> {
    let config = setup::config_of(global, &args.config)?;
    let finder = LrFinder { from: args.from, to: args.to, steps: args.steps };
    let request = LrSearch { workspace, config, finder };
    let found = watch("lrfind", printer, move |job| find_learning_rate(&request, job))?;
    let mut record = serde_json::to_value(&found).context("the suggestion")?;
    if let Some(fields) = record.as_object_mut() {
        fields.insert("event".to_owned(), json!("lr_suggestion"));
    }
    printer.record(&record);
    printer.text(&match (found.lr, found.minimum_over_ten) {
        (Some(lr), Some(other)) => format!(
            "train.learning_rate = {lr:.1e}  (steepest descent of the loss; a tenth of the rate of its minimum: {other:.1e})"
        ),
        _ => "no suggestion: the loss never falls; widen the sweep with --from, --to or --steps".to_owned(),
    });
    Ok(())
}

pub(super) fn tell(args: &TellArgs) -> Result<(), Failure> {
    wishes(&args.orders)?;
    Ok(leave_wishes(&args.run, &args.orders)?)
}

/// Orders as they were typed.
pub(super) fn wishes(orders: &[String]) -> Result<Vec<Wish>, Failure> {
    orders.iter().map(|order| order.parse().map_err(|bad: String| Failure::Usage(anyhow!(bad)))).collect()
}
