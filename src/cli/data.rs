//! `data`: look at, import and export bars.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;
use serde_json::{Value, json};

use super::args::{DataChoices, DataCommand};
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::data::{
    DateOrder, Finding, Freshness, Guess, LibraryListing, Mapping, ReadOptions, ReadReport, ResampleRequest, Severity,
    StoredFile,
};
use crate::market::PeriodError;
use crate::tasks::{LibraryRequest, delete_from_library, export, import, import_into, inspect, library, resample_file};

pub(super) fn run(command: &DataCommand, workspace: &Path, printer: Printer) -> Result<(), Failure> {
    match command {
        DataCommand::Inspect { file, choices } => {
            let (file, options) = (file.clone(), options(choices)?);
            let found = watch("inspect", printer, move |job| inspect(&file, &options, job))?;
            printer.text(&guess_text(&found.guess));
            printer.text(&report_text(&found.report)?);
            record(serde_json::to_value(&found).context("report")?, printer);
        }
        DataCommand::Import { file, out, choices, drop_bad_rows } => {
            let (file, out, workspace) = (file.clone(), out.clone(), workspace.to_owned());
            let options = ReadOptions { drop_bad_rows: *drop_bad_rows, ..options(choices)? };
            let (out, report) = watch("import", printer, move |job| match out {
                Some(out) => import(&file, &out, &options, job).map(|report| (out, report)),
                None => import_into(&workspace, &file, &options, job),
            })?;
            printer.text(&report_text(&report)?);
            printer.text(&out.display().to_string());
            let mut fields = serde_json::to_value(&report).context("report")?;
            fields["out"] = json!(out);
            record(fields, printer);
        }
        DataCommand::List => {
            let request = LibraryRequest { workspace: workspace.to_owned(), library: None };
            let found = watch("list", printer, move |job| library(&request, job))?;
            printer.text(&listing_text(&found));
            record(serde_json::to_value(&found).context("listing")?, printer);
        }
        DataCommand::Delete { files } => {
            for file in files {
                let (workspace, file) = (workspace.to_owned(), file.clone());
                let deleted = watch("delete", printer, move |_| delete_from_library(&workspace, &file))?;
                for file in &deleted.files {
                    printer.text(&format!("deleted {}", file.display()));
                }
                record(serde_json::to_value(&deleted).context("deleted")?, printer);
            }
        }
        DataCommand::Resample { file, to, partial, offset, out, choices } => {
            let request = ResampleRequest {
                to: to.parse().map_err(|err: PeriodError| Failure::Usage(err.into()))?,
                partial: partial.parse().map_err(|err: String| Failure::Usage(anyhow::anyhow!(err)))?,
                offset: offset.map(|hours| (hours * 3_600_000.0).round() as i64),
            };
            let (file, out, options) = (file.clone(), out.clone(), options(choices)?);
            let report = watch("resample", printer, move |job| resample_file(&file, &out, &options, &request, job))?;
            let mut fields = serde_json::to_value(&report).context("report")?;
            printer.text(&fields_text(&fields));
            if let Some(fields) = fields.as_object_mut() {
                fields.insert("event".to_owned(), json!("data"));
            }
            printer.record(&fields);
        }
        DataCommand::Export { file, out, choices } => {
            let (file, out, options) = (file.clone(), out.clone(), options(choices)?);
            let report = watch("export", printer, move |job| export(&file, &out, &options, job))?;
            printer.text(&report_text(&report)?);
            record(serde_json::to_value(&report).context("report")?, printer);
        }
    }
    Ok(())
}

fn listing_text(found: &LibraryListing) -> String {
    let mut text = String::new();
    let mut line = |file: &StoredFile, lines: &str, state: &str| {
        let time = |time: &Option<String>| time.clone().unwrap_or_else(|| "-".to_owned());
        let range = format!("{} to {}", time(&file.start), time(&file.end));
        let (name, size) = (format!("{} {}", file.symbol, file.timeframe), file.bytes as f64 / 1_048_576.0);
        writeln!(text, "{name:16} {range:44} {:>9} {lines:>6} {size:>9.1} MiB  {state}", file.bars).ok();
        writeln!(text, "    {}", file.path.display()).ok();
    };
    for entry in &found.series {
        line(&entry.file, "bars", entry.problem.as_deref().unwrap_or("series"));
    }
    for entry in &found.captures {
        let state = match &entry.freshness {
            Freshness::Fresh => "fresh".to_owned(),
            Freshness::Continuable { reason } => format!("grows: {reason}"),
            Freshness::Stale { reason, .. } => format!("stale: {reason}"),
            Freshness::Unknown { reason } => format!("unknown: {reason}"),
        };
        line(&entry.file, &entry.lines.to_string(), &state);
    }
    if text.is_empty() {
        "The workspace holds no series and no captures".to_owned()
    } else {
        text.trim_end().to_owned()
    }
}

/// What was said by hand.
fn options(choices: &DataChoices) -> Result<ReadOptions, Failure> {
    fn read<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
        text: Option<&String>,
    ) -> Result<Option<T>, Failure> {
        text.map(|text| text.parse()).transpose().map_err(|err: T::Err| Failure::Usage(anyhow::Error::new(err)))
    }
    let mut mapping = Vec::new();
    for text in &choices.map {
        mapping.extend(Mapping::parse_all(text).map_err(|err| Failure::Usage(err.into()))?);
    }
    let order = match (choices.day_first, choices.month_first) {
        (true, _) => Some(DateOrder::DayFirst),
        (_, true) => Some(DateOrder::MonthFirst),
        _ => None,
    };
    Ok(ReadOptions {
        symbol: choices.symbol.clone(),
        timeframe: read(choices.timeframe.as_ref())?,
        mapping,
        timezone: read(choices.timezone.as_ref())?,
        price_scale: read(choices.price_scale.as_ref())?,
        keep_unadjusted: choices.no_adjust,
        date_order: order,
        decimal: read(choices.decimal.as_ref())?,
        ..ReadOptions::default()
    })
}

fn record(mut record: Value, printer: Printer) {
    if let Some(fields) = record.as_object_mut() {
        // The rows of the preview stand beside the guess, where scripts look for them.
        let preview = fields.get_mut("guess").and_then(Value::as_object_mut).and_then(|guess| guess.remove("preview"));
        if let Some(preview) = preview {
            fields.insert("preview".to_owned(), preview);
        }
        fields.insert("event".to_owned(), json!("data"));
    }
    printer.record(&record);
}

/// What the columns were taken for, and the first rows.
fn guess_text(guess: &Guess) -> String {
    let mut text = format!("{}; symbol {} ({})\n", guess.format, guess.symbol, guess.symbol_reason);
    let time = &guess.time;
    writeln!(text, "times: {}, clock {} ({})\n", time.form, time.zone, time.zone_reason).ok();
    writeln!(text, "{:24} {:24} why", "column", "taken for").ok();
    for column in &guess.columns {
        let role = column.role.map_or("left out", |role| role.name());
        let sure = format!("{:?}", column.confidence).to_lowercase();
        writeln!(text, "{:24} {role:24} {} ({sure})", column.column, column.reason).ok();
    }
    text.push('\n');
    for row in guess.preview.iter().take(5) {
        writeln!(text, "{}", row.join(" | ")).ok();
    }
    text
}

fn report_text(report: &ReadReport) -> Result<String, Failure> {
    let mut text = String::new();
    text.push_str(&fields_text(&serde_json::to_value(report).context("report")?));
    text.push('\n');
    for finding in &report.findings {
        writeln!(text, "{}", finding_text(finding)).ok();
    }
    Ok(text.trim_end().to_owned())
}

/// A line per field but the findings.
fn fields_text(fields: &Value) -> String {
    let mut lines = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten().filter(|(name, _)| *name != "findings") {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(format!("{name:18} {value}"));
    }
    lines.join("\n")
}

fn finding_text(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Blocking => "blocking",
    };
    let mut text = format!("{severity}: {} [{}]", finding.sentence, finding.name);
    if !finding.action.is_empty() {
        write!(text, "\n    {}", finding.action).ok();
    }
    if !finding.first.is_empty() {
        write!(text, "\n    {}", finding.first.join("\n    ")).ok();
    }
    text
}
