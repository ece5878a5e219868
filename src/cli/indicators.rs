use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::args::IndicatorsCommand;
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::indicators::{Instance, default_catalogue, parse_instance};
use crate::tasks::compute_lines;

pub(super) fn run(command: &IndicatorsCommand, printer: Printer) -> Result<(), Failure> {
    match command {
        IndicatorsCommand::List => {
            for instance in default_catalogue() {
                let definition = instance.definition();
                printer.record(&json!({
                    "event": "indicator",
                    "id": instance.id(),
                    "title": definition.title,
                    "family": definition.family.name(),
                    "parameters": parameters(&instance),
                    "lines": instance.line_names(),
                    "warm_up": instance.warm_up(),
                }));
                let count = definition.lines.len();
                printer.text(&format!(
                    "{:22} {:11} {count:>2} lines  {}",
                    instance.id(),
                    definition.family.name(),
                    definition.title,
                ));
            }
            Ok(())
        }
        IndicatorsCommand::Show { id } => {
            let instance = parse_instance(id).map_err(|err| Failure::Usage(err.into()))?;
            show(&instance, printer);
            Ok(())
        }
        IndicatorsCommand::Compute { data, out, only } => compute(data, out, only.as_deref(), printer),
    }
}

fn parameters(instance: &Instance) -> BTreeMap<&'static str, f64> {
    instance.params().into_iter().collect()
}

fn show(instance: &Instance, printer: Printer) {
    let definition = instance.definition();
    let lines: Vec<_> = definition
        .lines
        .iter()
        .enumerate()
        .map(|(i, line)| {
            json!({
                "name": format!("{}.{}", instance.id(), line.name),
                "meaning": line.meaning,
                "unit": line.unit.to_string(),
                "internal": line.internal,
                "first_bar": instance.first_index(i),
            })
        })
        .collect();
    printer.record(&json!({
        "event": "indicator",
        "id": instance.id(),
        "title": definition.title,
        "family": definition.family.name(),
        "formula": definition.formula,
        "source": definition.source,
        "parameters": parameters(instance),
        "lines": lines,
    }));
    printer.text(&format!(
        "{}  {}\n\n{}\n\nSource: {}\n",
        instance.id(),
        definition.title,
        definition.formula,
        definition.source
    ));
    for param in definition.params {
        printer
            .text(&format!("  {} = {} ({} to {}): {}", param.name, param.default, param.min, param.max, param.meaning));
    }
    for (i, line) in definition.lines.iter().enumerate() {
        let kind = if line.internal { "internal" } else { "output" };
        printer.text(&format!(
            "  .{:14} {kind:8} from bar {:>3}  {:20} {}",
            line.name,
            instance.first_index(i),
            line.unit.to_string(),
            line.meaning,
        ));
    }
}

fn compute(data: &Path, out: &Path, only: Option<&str>, printer: Printer) -> Result<(), Failure> {
    let instances = match only {
        None => default_catalogue(),
        Some(list) => split(list)
            .into_iter()
            .map(|text| parse_instance(text).with_context(|| format!("--only {list}")))
            .collect::<anyhow::Result<_>>()
            .map_err(Failure::Usage)?,
    };
    let (data, target) = (data.to_owned(), out.to_owned());
    let record = watch("indicators", printer, move |job| compute_lines(&data, &target, &instances, job))?;
    printer.record(&record);
    printer.text(&out.display().to_string());
    Ok(())
}

/// At commas outside parentheses.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0_i32, 0, Vec::new());
    for (i, ch) in list.char_indices() {
        match ch {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(list[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(list[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_inside_parentheses_do_not_split() {
        assert_eq!(split("rsi(period=9), macd(fast=5,slow=9),obv"), ["rsi(period=9)", "macd(fast=5,slow=9)", "obv"]);
    }
}
