use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::args::{FormulaArgs, IndicatorsCommand, ModeArg};
use super::print::{Failure, Printer};
use super::watch::watch;
use crate::indicators::{Instance, Library, Mode, formula, twin_of};
use crate::tasks::{LineSelection, check_formula, compute_lines, load_formulas};

pub(super) fn run(command: &IndicatorsCommand, workspace: &Path, printer: Printer) -> Result<(), Failure> {
    match command {
        IndicatorsCommand::List { mode, formulas } => {
            library(formulas, workspace)?.catalogue(mode_of(*mode)).iter().for_each(|instance| list(instance, printer));
            Ok(())
        }
        IndicatorsCommand::Show { id, mode, formulas } => {
            let library = library(formulas, workspace)?;
            let instance = library.parse_instance(id, mode_of(*mode)).map_err(|err| Failure::Usage(err.into()))?;
            show(&instance, printer);
            Ok(())
        }
        IndicatorsCommand::Compute { data, out, only, mode, twins, formulas } => {
            let library = library(formulas, workspace)?;
            let selection = selection(only.as_deref(), &library, mode_of(*mode), *twins)?;
            let (data, target) = (data.clone(), out.clone());
            let record = watch("indicators", printer, move |job| compute_lines(&data, &target, &selection, job))?;
            printer.record(&record);
            printer.text(&out.display().to_string());
            Ok(())
        }
        IndicatorsCommand::Check { file } => check(file, printer),
        IndicatorsCommand::Functions => {
            for (usage, meaning) in formula::functions() {
                printer.record(&json!({ "event": "function", "usage": usage, "meaning": meaning }));
                printer.text(&format!("{usage:22} {meaning}"));
            }
            Ok(())
        }
    }
}

/// The catalogue with the formulas named, or with the workspace's.
fn library(args: &FormulaArgs, workspace: &Path) -> anyhow::Result<Library> {
    let folder = workspace.join("formulas");
    match &args.formulas[..] {
        [] if folder.is_dir() => load_formulas(&[folder]),
        paths => load_formulas(paths),
    }
}

fn list(instance: &Instance, printer: Printer) {
    let definition = instance.definition();
    printer.record(&json!({
        "event": "indicator",
        "id": instance.id(),
        "title": definition.title,
        "family": definition.family.name(),
        "parameters": parameters(instance),
        "mode": instance.mode().name(),
        "needs": definition.needs.iter().map(|extra| extra.name()).collect::<Vec<_>>(),
        "lines": instance.line_names(),
        "twins": instance.line_names().into_iter().filter(|name| is_twin(instance, name)).collect::<Vec<_>>(),
        "warm_up": instance.warm_up(),
        "formula_file": instance.formula().is_some(),
    }));
    let count = definition.lines.len();
    let (id, family) = (instance.id(), definition.family.name());
    printer.text(&format!("{id:22} {family:11} {count:>2} lines  {}", definition.title));
}

/// Prints what is wrong with a formula file, or its lines.
fn check(file: &Path, printer: Printer) -> Result<(), Failure> {
    let check = check_formula(file)?;
    for error in &check.errors {
        printer.record(&json!({
            "event": "formula_error",
            "file": file,
            "line": error.line,
            "column": error.column,
            "message": error.message,
        }));
        printer.text(&format!("{}:{}:{}: {}", file.display(), error.line, error.column, error.message));
    }
    if !check.errors.is_empty() {
        return Err(anyhow!("{} has errors: {}", file.display(), check.errors.len()).into());
    }
    printer.record(&json!({
        "event": "formula",
        "file": file,
        "indicator": check.indicator,
        "lines": check.lines,
        "rule": check.no_rule.is_none(),
        "no_rule": check.no_rule,
    }));
    for line in &check.lines {
        let kind = if line.internal { "internal" } else { "output" };
        let from = if line.first_bar_exact { "from bar" } else { "from bar >=" };
        let (name, unit) = (&line.name, &line.unit);
        printer.text(&format!("{name:32} {kind:8} {from} {:>3}  {unit:20} {}", line.first_bar, line.meaning));
    }
    printer.text(if check.no_rule.is_none() { "It is a trading rule, too." } else { "It is sound." });
    Ok(())
}

fn parameters(instance: &Instance) -> BTreeMap<&str, f64> {
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
fn selection(only: Option<&str>, library: &Library, mode: Mode, twins: bool) -> Result<LineSelection, Failure> {
    let Some(list) = only else {
        return Ok(LineSelection { instances: library.catalogue(mode), twins: twins || mode == Mode::Compat });
    };
    let parse = |text: &str| library.parse_instance(text, mode).with_context(|| format!("--only {list}"));
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
