use std::path::Path;

use toml::{Table, Value};

use super::presets::{PRESETS, preset};
use super::{ConfigError, FieldError, RunConfig};

/// Builds a configuration from, in rising precedence: defaults, the preset (named by `preset_name` or by a top-level
/// `preset = "…"` in the file), the TOML file, and `key=value` overrides. All unknown, mistyped and out-of-range fields
/// are reported together.
pub fn load(file: Option<&Path>, preset_name: Option<&str>, overrides: &[String]) -> Result<RunConfig, ConfigError> {
    let mut user = match file {
        Some(path) => parse(
            &std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?,
            &path.display().to_string(),
        )?,
        None => Table::new(),
    };
    let named = match user.remove("preset") {
        Some(Value::String(name)) => Some(name),
        Some(other) => return Err(one_field("preset", format!("must be a text, was {other}"))),
        None => None,
    };
    for text in overrides {
        set(&mut user, text)?;
    }
    let base = match preset_name.map(str::to_owned).or(named) {
        Some(name) => preset(&name).ok_or_else(|| {
            let known: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            one_field("preset", format!("{name:?} is unknown; there are {}", known.join(", ")))
        })?,
        None => RunConfig::default(),
    };
    over(&base, user)
}

/// `base` with `key=value` overrides on top.
pub fn overlay(base: &RunConfig, overrides: &[String]) -> Result<RunConfig, ConfigError> {
    let mut user = Table::new();
    for text in overrides {
        set(&mut user, text)?;
    }
    over(base, user)
}

fn over(base: &RunConfig, user: Table) -> Result<RunConfig, ConfigError> {
    let mut table = Table::try_from(base)
        .map_err(|err| ConfigError::Syntax { origin: "preset".to_owned(), message: err.to_string() })?;
    let mut problems = Vec::new();
    merge(&mut table, user, "", &mut problems);
    let config: Option<RunConfig> = match table.try_into() {
        Ok(config) => Some(config),
        Err(err) if problems.is_empty() => {
            return Err(ConfigError::Syntax {
                origin: "configuration".to_owned(),
                message: one_line(&err.to_string()),
            });
        }
        Err(_) => None,
    };
    if let Some(config) = &config {
        problems.extend(config.validate().err().unwrap_or_default());
    }
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ => Err(ConfigError::Fields(problems)),
    }
}

fn one_field(field: &str, problem: String) -> ConfigError {
    ConfigError::Fields(vec![FieldError { field: field.to_owned(), problem }])
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

fn parse(text: &str, origin: &str) -> Result<Table, ConfigError> {
    text.parse::<Table>().map_err(|err| {
        let place = err.span().map_or(String::new(), |span| {
            let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
            format!("line {line}: ")
        });
        ConfigError::Syntax { origin: origin.to_owned(), message: format!("{place}{}", one_line(err.message())) }
    })
}

/// Applies one `section.key=value`; a value that is not TOML is taken as text.
fn set(table: &mut Table, text: &str) -> Result<(), ConfigError> {
    let origin = || format!("--set {text}");
    let fail = |message: &str| ConfigError::Syntax { origin: origin(), message: message.to_owned() };
    let (key, value) = text.split_once('=').ok_or_else(|| fail("needs the form section.key=value"))?;
    let value = format!("v = {value}")
        .parse::<Table>()
        .ok()
        .and_then(|mut t| t.remove("v"))
        .unwrap_or_else(|| Value::String(value.to_owned()));
    let mut parts: Vec<&str> = key.trim().split('.').collect();
    let last = parts.pop().filter(|part| !part.is_empty()).ok_or_else(|| fail("has no key"))?;
    let mut here = table;
    for part in parts {
        here = here
            .entry(part)
            .or_insert_with(|| Value::Table(Table::new()))
            .as_table_mut()
            .ok_or_else(|| fail("goes through a value that is no section"))?;
    }
    here.insert(last.to_owned(), value);
    Ok(())
}

/// Lays `user` over `base`. `base` holds every known key, so a key it lacks is unknown.
fn merge(base: &mut Table, user: Table, path: &str, problems: &mut Vec<FieldError>) {
    for (key, value) in user {
        let field = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(old) = base.get_mut(&key) else {
            let known: Vec<&str> = base.keys().map(String::as_str).collect();
            problems.push(FieldError { field, problem: format!("unknown key; known here: {}", known.join(", ")) });
            continue;
        };
        match (old, value) {
            // A map with free keys, not a section.
            (Value::Table(old), Value::Table(new)) if field == "backtest.regime_scale" => *old = new,
            (Value::Table(old), Value::Table(new)) => merge(old, new, &field, problems),
            (Value::Float(old), Value::Integer(new)) => *old = new as f64,
            // A date without quotes is a date of its own to TOML.
            (Value::String(old), Value::Datetime(new)) => *old = new.to_string(),
            (old, new) if old.same_type(&new) => *old = new,
            (old, new) => problems.push(FieldError {
                field,
                problem: format!("must be {}, was {} {new}", article(old.type_str()), new.type_str()),
            }),
        }
    }
}

fn article(type_name: &str) -> String {
    let an = type_name.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {type_name}", if an { "an" } else { "a" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load_text(text: &str, overrides: &[&str]) -> Result<RunConfig, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c.toml");
        std::fs::write(&path, text).unwrap();
        load(Some(&path), None, &overrides.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn later_layers_win() {
        let text = "preset = \"demo\"\n[train]\nseed = 7\nlearning_rate = 1\n";
        let config =
            load_text(text, &["model.dropout=0", "data.symbol=BTC", "data.start=2020-01-01", "train.seed=9"]).unwrap();
        assert_eq!((config.train.seed, config.train.learning_rate, config.model.dropout), (9, 1.0, 0.0));
        assert_eq!((config.data.symbol.as_str(), config.model.seq_len), ("BTC", 32));
        assert_eq!(config.data.start, "2020-01-01");
    }

    #[test]
    fn all_problems_come_at_once() {
        let text = "[model]\nnum_heads = 3\nd_modl = 8\n[train]\nseed = \"x\"\nbatch_size = 0\n[nowhere]\na = 1\n";
        let message = load_text(text, &[]).unwrap_err().to_string();
        for part in
            ["model.d_modl: unknown key", "train.seed: must be an integer", "nowhere", "num_heads", "batch_size"]
        {
            assert!(message.contains(part), "{part} not in {message}");
        }
    }

    #[test]
    fn syntax_errors_name_the_line() {
        let message = load_text("[model]\nseq_len = = 3\n", &[]).unwrap_err().to_string();
        assert!(message.contains("line 2"), "{message}");
        assert!(load_text("", &["model"]).is_err());
    }

    #[test]
    fn free_keys_stay_free() {
        let config = load_text("[backtest]\nregime_scale = { \"3\" = 0.5 }\n", &[]).unwrap();
        assert_eq!(config.backtest.regime_scale["3"], 0.5);
    }

    #[test]
    fn a_configuration_round_trips() {
        for (name, _) in PRESETS {
            let config = preset(name).unwrap();
            let text = toml::to_string(&config).unwrap();
            assert_eq!(load_text(&text, &[]).unwrap(), config, "{name}");
        }
    }
}
