use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::json;

use super::args::{IndicatorsCommand, ModeArg};
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::indicators::{Instance, Mode, catalogue, parse_instance_in, twin_of};
use crate::tasks::{LineSelection, compute_lines};

pub(super) fn run(command: &IndicatorsCommand, printer: Printer) -> Result<(), Failure> {
    match command {
        IndicatorsCommand::List { mode } => {
            for instance in catalogue(mode_of(*mode)) {
                let definition = instance.definition();
                printer.record(&json!({
                    "event": "indicator",
                    "id": instance.id(),
                    "title": definition.title,
                    "family": definition.family.name(),
                    "parameters": parameters(&instance),
                    "mode": instance.mode().name(),
                    "needs": definition.needs.iter().map(|extra| extra.name()).collect::<Vec<_>>(),
                    "lines": instance.line_names(),
                    "twins": instance.line_names().into_iter().filter(|name| is_twin(&instance, name)).collect::<Vec<_>>(),
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
        IndicatorsCommand::Show { id, mode } => {
            let instance = parse_instance_in(id, mode_of(*mode)).map_err(|err| Failure::Usage(err.into()))?;
            show(&instance, printer);
            Ok(())
        }
        IndicatorsCommand::Compute { data, out, only, mode, twins } => {
            let selection = selection(only.as_deref(), mode_of(*mode), *twins)?;
            let (data, target) = (data.clone(), out.clone());
            let record = watch("indicators", printer, move |job| compute_lines(&data, &target, &selection, job))?;
            printer.record(&record);
            printer.text(&out.display().to_string());
            Ok(())
        }
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
                "restates": twin_of(&format!("{}.{}", instance.id(), line.name)),
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

/// The whole catalogue without twins, or with them in compat mode or on request; named indicators with all their lines.
fn selection(only: Option<&str>, mode: Mode, twins: bool) -> Result<LineSelection, Failure> {
    let Some(list) = only else {
        return Ok(LineSelection { instances: catalogue(mode), twins: twins || mode == Mode::Compat });
    };
    let parse = |text: &str| parse_instance_in(text, mode).with_context(|| format!("--only {list}"));
    let instances = split(list).into_iter().map(parse).collect::<anyhow::Result<_>>().map_err(Failure::Usage)?;
    Ok(LineSelection { instances, twins: true })
}

const fn mode_of(mode: ModeArg) -> Mode {
    match mode {
        ModeArg::Standard => Mode::Standard,
        ModeArg::Compat => Mode::Compat,
    }
}

fn is_twin(instance: &Instance, name: &str) -> bool {
    instance.mode() == Mode::Standard && twin_of(name).is_some()
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
