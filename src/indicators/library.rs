use std::collections::BTreeSet;
use std::sync::Arc;

use super::catalogue::{catalogue, definitions};
use super::formula::FormulaErrors;
use super::instance::{Origin, in_mode};
use super::{About, Formula, IndicatorError, Instance, Mode};

/// The catalogue together with formulas from files. Without formulas it is the catalogue alone.
#[derive(Debug, Clone, Default)]
pub struct Library {
    formulas: Vec<Arc<Formula>>,
    /// Formulas that are waiting to be read.
    waiting: BTreeSet<String>,
}

impl Library {
    /// Reads formulas, given as id and bytes; they may read each other's lines, in whatever order they come. Gives the
    /// library of those that are sound, in the order of their ids, and what is wrong with the others, by their place in
    /// `files`.
    pub fn load(files: &[(String, Vec<u8>)]) -> (Self, Vec<(usize, FormulaErrors)>) {
        let mut library = Self::default();
        let mut waiting: Vec<usize> = (0..files.len()).collect();
        loop {
            library.waiting = waiting.iter().map(|&i| files[i].0.clone()).collect();
            let mut bad = Vec::new();
            for &i in &waiting {
                let (id, bytes) = &files[i];
                match Formula::read(id, bytes, &library) {
                    Ok(formula) => library.formulas.push(Arc::new(formula)),
                    Err(errors) => bad.push((i, errors)),
                }
            }
            // Each round reads what the round before made readable.
            if bad.len() == waiting.len() || bad.is_empty() {
                library.formulas.sort_by(|a, b| a.id().cmp(b.id()));
                library.waiting.clear();
                return (library, bad);
            }
            waiting = bad.into_iter().map(|(i, _)| i).collect();
        }
    }

    /// True if a formula of this id was not sound when another asked for it.
    pub(super) fn is_waiting(&self, id: &str) -> bool {
        self.waiting.contains(id)
    }

    /// The formulas, in the order of their ids.
    pub fn formulas(&self) -> &[Arc<Formula>] {
        &self.formulas
    }

    /// What is computed when nothing is chosen: the catalogue of a mode, then every formula with its default
    /// parameters. Formulas know the standard mode only.
    pub fn catalogue(&self, mode: Mode) -> Vec<Instance> {
        let mut instances = catalogue(mode);
        if mode == Mode::Standard {
            instances.extend(self.formulas.iter().cloned().map(Instance::of_formula));
        }
        instances
    }

    /// Reads `rsi`, `rsi(period=9)` or the id of a member of the catalogue such as `rsi_21`. Parameters that are not
    /// named keep their defaults. `compat:` in front asks for the Python original's way.
    pub fn parse_instance(&self, text: &str, mode: Mode) -> Result<Instance, IndicatorError> {
        let syntax = || IndicatorError::Syntax { text: text.to_owned() };
        let text = text.trim();
        let (mode, bare) = text.strip_prefix("compat:").map_or((mode, text), |rest| (Mode::Compat, rest.trim()));
        let (name, inside) = match bare.split_once('(') {
            Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')').ok_or_else(syntax)?)),
            None => (bare, None),
        };
        if inside.is_none()
            && let Some(instance) = self.member(name, mode)
        {
            return Ok(instance);
        }
        let Some(origin) = self.origin(name, mode) else {
            return Err(IndicatorError::UnknownIndicator { name: name.to_owned(), known: self.ids(mode).join(", ") });
        };
        let about = origin.about();
        let mut values: Vec<Option<f64>> = vec![None; about.params.len()];
        for part in inside.unwrap_or("").split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').ok_or_else(syntax)?;
            let (place, value) = parameter(about, key.trim(), value.trim())?;
            if values[place].replace(value).is_some() {
                let name = about.params[place].name.to_string();
                return Err(IndicatorError::GivenTwice { indicator: about.id.to_owned(), name });
            }
        }
        let values = values.iter().zip(about.params).map(|(value, p)| value.unwrap_or(p.default)).collect();
        Ok(Instance::of(origin, values, mode))
    }

    /// The member of the catalogue with this id.
    pub(super) fn member(&self, id: &str, mode: Mode) -> Option<Instance> {
        self.catalogue(mode).into_iter().find(|instance| instance.id() == id)
    }

    /// The indicator of this name, whatever its parameters.
    pub(super) fn origin(&self, name: &str, mode: Mode) -> Option<Origin> {
        self.origins(mode).find(|origin| origin.about().id == name)
    }

    /// True if an instance of an indicator bears this id, or could with other parameters.
    pub(super) fn is_taken(&self, id: &str) -> bool {
        let value = |part: &str| part.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        self.origins(Mode::Standard).any(|origin| {
            let about = origin.about();
            id == about.id
                || id.strip_prefix(about.id).and_then(|rest| rest.strip_prefix('_')).is_some_and(|values| {
                    values.split('_').count() == about.params.len() && values.split('_').all(value)
                })
        })
    }

    /// Ids of all indicators.
    pub(super) fn ids(&self, mode: Mode) -> Vec<String> {
        self.origins(mode).map(|origin| origin.about().id.to_owned()).collect()
    }

    fn origins(&self, mode: Mode) -> impl Iterator<Item = Origin> {
        let formulas = self.formulas.iter().filter(move |_| mode == Mode::Standard).cloned().map(Origin::Formula);
        definitions().iter().filter_map(move |d| in_mode(d, mode)).map(Origin::Catalogue).chain(formulas)
    }
}

/// Position and checked value of one parameter.
fn parameter(about: About<'_>, key: &str, text: &str) -> Result<(usize, f64), IndicatorError> {
    let indicator = about.id.to_owned();
    let Some(place) = about.params.iter().position(|p| p.name == key) else {
        let names: Vec<&str> = about.params.iter().map(|p| p.name.as_ref()).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(IndicatorError::UnknownParameter { indicator, name: key.to_owned(), known });
    };
    let p = &about.params[place];
    match text.parse::<f64>() {
        Ok(value) if (p.min..=p.max).contains(&value) && (!p.whole || value.fract() == 0.0) => {
            // Adding 0 turns -0 into 0, which would otherwise give the instance another id.
            Ok((place, value + 0.0))
        }
        _ => Err(IndicatorError::BadValue {
            indicator,
            name: p.name.to_string(),
            value: text.to_owned(),
            wanted: if p.whole { "a whole number" } else { "a number" },
            min: p.min,
            max: p.max,
        }),
    }
}
