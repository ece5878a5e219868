use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use serde::Serialize;

use crate::backtest::Rule;
use crate::config::BacktestConfig;
use crate::files::write_atomic;
use crate::indicators::formula::{FormulaError, LARGEST};
use crate::indicators::{Formula, Instance, Library};
use crate::runs::RunDir;

/// Ending of formula files.
const ENDING: &str = "indicator";
/// Most formula files of one library.
const MOST: usize = 256;

/// What checking a formula file found.
#[derive(Debug, Clone, Serialize)]
pub struct FormulaCheck {
    /// The file.
    pub file: PathBuf,
    /// Id of its indicator.
    pub indicator: String,
    /// What is wrong; nothing when it is sound.
    pub errors: Vec<FormulaError>,
    /// Its lines, when it is sound.
    pub lines: Vec<CheckedLine>,
    /// Why it is no trading rule, or nothing when it is one.
    pub no_rule: Option<String>,
}

/// A line of a sound formula.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedLine {
    /// `id.line`.
    pub name: String,
    /// One-line meaning.
    pub meaning: String,
    /// Kind and scale law.
    pub unit: String,
    /// True for an intermediate of the calculation.
    pub internal: bool,
    /// First bar that can have a value.
    pub first_bar: usize,
    /// Whether that bar has one, whatever the data.
    pub first_bar_exact: bool,
}

/// Reads the formulas of files and of the folders' `*.indicator` files.
///
/// # Errors
/// Every unsound formula, with line and column of everything that is wrong.
pub fn load_formulas(paths: &[PathBuf]) -> Result<Library> {
    let files = formula_files(paths)?;
    let named: Vec<(String, Vec<u8>)> =
        files.iter().map(|file| Ok((id_of(file), read(file)?))).collect::<Result<_>>()?;
    let (library, bad) = Library::load(&named);
    if bad.is_empty() {
        return Ok(library);
    }
    let mut text = String::new();
    for (i, errors) in bad {
        for error in errors.list() {
            let between = if text.is_empty() { "" } else { "; " };
            write!(text, "{between}{}: {error}", files[i].display()).ok();
        }
    }
    bail!("{text}")
}

/// The formulas in `formulas/` of a workspace or a run.
pub(super) fn formulas_of(folder: &Path) -> Result<Library> {
    let folder = folder.join("formulas");
    if folder.is_dir() { load_formulas(&[folder]) } else { Ok(Library::default()) }
}

/// Keeps the texts of `library` in `formulas/` of a run, so that the run means the same for ever.
pub(super) fn keep_formulas(dir: &RunDir, library: &Library) -> Result<()> {
    for formula in library.formulas() {
        keep(&dir.formula_file(formula.id()), formula)?;
    }
    Ok(())
}

fn keep(path: &Path, formula: &Formula) -> Result<()> {
    write_atomic(path, formula.text().as_bytes()).with_context(|| format!("cannot write {}", path.display()))
}

/// Reads the rule that a configuration names, or the standard one; `library` holds what it may read.
pub(super) fn load_rule(config: &BacktestConfig, library: &Library) -> Result<Rule> {
    if config.rule.is_empty() { Ok(Rule::standard()?) } else { rule_in(Path::new(&config.rule), library) }
}

fn rule_in(path: &Path, library: &Library) -> Result<Rule> {
    let place = || format!("the rule in {}", path.display());
    // A rule may also be one of the workspace's indicators.
    let id = id_of(path);
    let others: Vec<(String, Vec<u8>)> = library
        .formulas()
        .iter()
        .filter(|formula| formula.id() != id)
        .map(|formula| (formula.id().to_owned(), formula.text().as_bytes().to_vec()))
        .collect();
    let formula = Formula::read(&id, &read(path)?, &Library::load(&others).0).with_context(place)?;
    Rule::new(Arc::new(formula)).with_context(place)
}

/// Keeps the text of the rule that a run's configuration names.
pub(super) fn keep_rule(dir: &RunDir, config: &BacktestConfig, rule: &Rule) -> Result<()> {
    if config.rule.is_empty() { Ok(()) } else { keep(&dir.rule_file(), rule.formula()) }
}

/// The rule of a run: its own copy where `config` names the one the run was made with, else the named file.
pub(super) fn rule_of_run(dir: &RunDir, config: &BacktestConfig) -> Result<Rule> {
    let library = formulas_of(dir.path())?;
    let copy = dir.rule_file();
    if !config.rule.is_empty() && copy.is_file() && dir.load()?.config.backtest.rule == config.rule {
        return rule_in(&copy, &library);
    }
    load_rule(config, &library)
}

/// Checks one formula file beside its neighbours in the same folder, whose lines it may read.
pub fn check_formula(file: &Path) -> Result<FormulaCheck> {
    let bytes = read(file)?;
    let id = id_of(file);
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut named = Vec::new();
    for other in formula_files(&[folder.to_owned()]).unwrap_or_default() {
        // A neighbour that cannot be read is one that cannot be used.
        if let (other_id, Ok(bytes)) = (id_of(&other), read(&other))
            && other_id != id
        {
            named.push((other_id, bytes));
        }
    }
    named.push((id.clone(), bytes));
    let last = named.len() - 1;
    let (library, bad) = Library::load(&named);
    let mut check = FormulaCheck {
        file: file.to_owned(),
        indicator: id.clone(),
        errors: Vec::new(),
        lines: Vec::new(),
        no_rule: None,
    };
    if let Some((_, errors)) = bad.into_iter().find(|(i, _)| *i == last) {
        check.errors = errors.list().to_vec();
        return Ok(check);
    }
    let formula = library.formulas().iter().find(|formula| formula.id() == id).context("the formula was not read")?;
    let instance = Instance::of_formula(Arc::clone(formula));
    let firsts = instance.firsts();
    let lines = instance.line_names().into_iter().zip(instance.definition().lines).zip(firsts);
    check.lines = lines
        .map(|((name, line), first)| CheckedLine {
            name,
            meaning: line.meaning.to_string(),
            unit: line.unit.to_string(),
            internal: line.internal,
            first_bar: first.bar,
            first_bar_exact: first.exact,
        })
        .collect();
    check.no_rule = Rule::new(Arc::clone(formula)).err().map(|err| err.to_string());
    Ok(check)
}

/// The files named, and the formula files of the folders named, in the order of their names.
pub(super) fn formula_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| format!("cannot read the folder {}", path.display()))?;
        let mut found: Vec<PathBuf> = entries
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|ending| ending == ENDING) && path.is_file())
            .collect();
        found.sort();
        files.extend(found);
    }
    if files.len() > MOST {
        bail!("{} formula files are more than {MOST}, the most that are read at once", files.len());
    }
    Ok(files)
}

/// The name of the indicator in a file.
pub(super) fn id_of(file: &Path) -> String {
    file.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned())
}

/// The file's bytes; of one that is too large, as many as show that it is.
pub(super) fn read(file: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(LARGEST as u64 + 1).read_to_end(&mut bytes))
        .with_context(|| format!("cannot read the formula {}", file.display()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(dir.path().join(name), text).unwrap();
        }
        dir
    }

    #[test]
    fn folders_and_files_are_read_and_every_error_is_told() {
        let dir = folder(&[("a.indicator", "x = b.y + 1"), ("b.indicator", "y = close / open"), ("notes.txt", "?")]);
        let library = load_formulas(&[dir.path().to_owned()]).unwrap();
        assert_eq!(library.formulas().iter().map(|f| f.id()).collect::<Vec<_>>(), ["a", "b"]);
        let bad = folder(&[("c.indicator", "x = clsoe\ny = close[-1]"), ("d.indicator", "z = 1 / 0")]);
        let message = load_formulas(&[bad.path().to_owned()]).unwrap_err().to_string();
        let lines: Vec<&str> = message.split("; ").collect();
        assert_eq!(message.matches("indicator: line").count(), 3, "{message}");
        assert!(lines[0].contains("c.indicator: line 1, column 5: there is no `clsoe`"), "{message}");
        assert!(lines[1].contains("c.indicator: line 2, column 11: this looks ahead"), "{message}");
        assert!(lines[lines.len() - 1].contains("d.indicator: line 1, column 7: division by zero"), "{message}");
        let gone = load_formulas(&[dir.path().join("gone.indicator")]).unwrap_err();
        assert!(format!("{gone:#}").contains("cannot read the formula"));
        assert!(formulas_of(dir.path()).unwrap().formulas().is_empty(), "a workspace need not have any");
    }

    #[cfg(unix)]
    #[test]
    fn an_endless_file_ends() {
        let dir = folder(&[]);
        let endless = dir.path().join("endless.indicator");
        std::os::unix::fs::symlink("/dev/zero", &endless).unwrap();
        let check = check_formula(&endless).unwrap();
        assert_eq!((check.errors.len(), check.errors[0].line, check.errors[0].column), (1, 1, LARGEST + 1));
        assert!(check.errors[0].message.contains("beyond 256 KiB"));
    }

    #[test]
    fn a_check_tells_lines_or_errors() {
        let dir = folder(&[("a.indicator", "x = b.y + 1 # one more"), ("b.indicator", "y = close[2] / open")]);
        let check = check_formula(&dir.path().join("a.indicator")).unwrap();
        assert!(check.errors.is_empty());
        let line = &check.lines[0];
        assert_eq!((line.name.as_str(), line.meaning.as_str(), line.unit.as_str()), ("a.x", "one more", "ratio"));
        assert!(line.first_bar == 2 && line.first_bar_exact && !line.internal && check.no_rule.is_some());
        fs::write(dir.path().join("b.indicator"), "y = 1 +").unwrap();
        let check = check_formula(&dir.path().join("a.indicator")).unwrap();
        assert!(check.lines.is_empty() && check.errors[0].message.contains("the formula `b` has errors"));
        fs::write(dir.path().join("r.indicator"), "long_entry = close > open").unwrap();
        assert_eq!(check_formula(&dir.path().join("r.indicator")).unwrap().no_rule, None);
    }

    #[test]
    fn a_rule_is_read_from_its_file() {
        let dir = folder(&[("mine.indicator", "long_entry = close > open"), ("no.indicator", "a = close")]);
        let config = |name: &str| BacktestConfig {
            rule: if name.is_empty() { String::new() } else { dir.path().join(name).display().to_string() },
            ..BacktestConfig::default()
        };
        let library = load_formulas(&[dir.path().to_owned()]).unwrap();
        assert_eq!(load_rule(&config(""), &library).unwrap().formula().id(), "released_turn");
        assert_eq!(load_rule(&config("mine.indicator"), &library).unwrap().formula().id(), "mine");
        let refusal = format!("{:#}", load_rule(&config("no.indicator"), &library).unwrap_err());
        assert!(refusal.contains("no.indicator") && refusal.contains("assigns long_entry"), "{refusal}");
        assert!(load_rule(&config("gone.indicator"), &library).is_err());
    }
}
