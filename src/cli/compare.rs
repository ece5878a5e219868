use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use clap::Args as Group;
use serde::Serialize;
use serde_json::{Value, json};

use super::print::{Failure, Printer};
use crate::tasks::{Comparison, RunGroup, Spread, compare};

#[derive(Debug, Group)]
pub(super) struct CompareArgs {
    /// Run folders, or names of runs in the workspace
    #[arg(required = true, num_args = 1.., value_name = "RUN")]
    pub(super) runs: Vec<PathBuf>,
}

pub(super) fn run(args: &CompareArgs, workspace: &Path, printer: Printer) -> Result<(), Failure> {
    if args.runs.len() < 2 {
        return Err(Failure::Usage(anyhow!("name two runs or more: there is nothing to compare with")));
    }
    let found = compare(workspace, &args.runs)?;
    for run in &found.runs {
        printer.record(&named("compared_run", run)?);
    }
    for group in &found.groups {
        printer.record(&named("compared_group", group)?);
    }
    printer.text(&text(&found));
    Ok(())
}

fn named(event: &str, record: &impl Serialize) -> Result<Value, Failure> {
    let mut value = serde_json::to_value(record).context(event.to_owned())?;
    value["event"] = json!(event);
    Ok(value)
}

fn text(found: &Comparison) -> String {
    let figure = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.4}"));
    let count = |value: Option<usize>| value.map_or("-".to_owned(), |value| value.to_string());
    let width = found.runs.iter().map(|run| run.run.len()).max().unwrap_or(0).max(24);
    let mut text = format!(
        "{:width$}  group  epochs  best   score  entry AUC  return IC  what differs\n",
        "validation, best epoch"
    );
    // A String takes all that is written to it.
    for run in &found.runs {
        let differs: Vec<String> = run.differs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(
            text,
            "{:width$}  {:>5}  {:>6}  {:>4}  {:>6}  {:>9}  {:>9}  {}",
            run.run,
            run.group,
            run.epochs,
            count(run.best_epoch),
            figure(run.score),
            figure(run.entry_auc),
            figure(run.return_ic),
            differs.join(" "),
        )
        .ok();
    }
    for group in found.groups.iter().filter(|group| group.runs.len() > 1) {
        text.push_str(&group_text(group));
    }
    text.trim_end().to_owned()
}

fn group_text(group: &RunGroup) -> String {
    let words = |name: &str, spread: Option<Spread>| {
        spread.map_or_else(String::new, |s| {
            let std = s.std.map_or_else(String::new, |std| format!(" ± {std:.4}"));
            format!("  {name} {:.4}{std} [{:.4}, {:.4}]", s.mean, s.min, s.max)
        })
    };
    let spreads =
        [words("score", group.score), words("entry AUC", group.entry_auc), words("return IC", group.return_ic)];
    let (place, n) = (group.group, group.runs.len());
    format!("group {place}: n = {n} seeds, mean ± std [least, largest]{}\n", spreads.concat())
}
