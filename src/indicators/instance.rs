use std::fmt;

use super::catalogue::definitions;
use super::{Args, Compat, Definition, Mode, Stream};

/// Why a text does not name an indicator.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum IndicatorError {
    /// No such indicator.
    #[error("there is no indicator `{name}`; known are {known}")]
    UnknownIndicator {
        /// What was asked for.
        name: String,
        /// Every id, separated by commas.
        known: String,
    },
    /// No such parameter.
    #[error("{indicator} has no parameter `{name}`; it has {known}")]
    UnknownParameter {
        /// Indicator id.
        indicator: &'static str,
        /// What was asked for.
        name: String,
        /// Its parameters, separated by commas, or "none".
        known: String,
    },
    /// A parameter named twice.
    #[error("{indicator}: {name} is given twice; keep one")]
    GivenTwice {
        /// Indicator id.
        indicator: &'static str,
        /// Parameter name.
        name: &'static str,
    },
    /// Not a (whole) number or outside its range.
    #[error("{indicator}: {name} is `{value}` but must be {wanted} from {min} to {max}")]
    BadValue {
        /// Indicator id.
        indicator: &'static str,
        /// Parameter name.
        name: &'static str,
        /// What was given.
        value: String,
        /// "a number" or "a whole number".
        wanted: &'static str,
        /// Smallest value.
        min: f64,
        /// Largest value.
        max: f64,
    },
    /// Text of another form.
    #[error("`{text}` does not name an indicator; write it like rsi or rsi(period=9)")]
    Syntax {
        /// What was given.
        text: String,
    },
}

/// An indicator with the values of its parameters.
#[derive(Debug, Clone)]
pub struct Instance {
    definition: &'static Definition,
    values: Vec<f64>,
    mode: Mode,
    id: String,
}

impl Instance {
    /// With default parameters.
    pub(super) fn default_of(definition: &'static Definition, mode: Mode) -> Self {
        Self::of(definition, definition.params.iter().map(|p| p.default).collect(), mode)
    }

    /// `values` must be as many as the parameters and within their ranges.
    pub(super) fn of(definition: &'static Definition, values: Vec<f64>, mode: Mode) -> Self {
        let is_default = definition.params.iter().zip(&values).all(|(p, v)| p.default == *v);
        let mut id = definition.id.to_owned();
        if definition.numbered || !is_default {
            for value in &values {
                // A dot would split the column name `id.line` in the wrong place.
                id.push('_');
                id.push_str(&value.to_string().replace('.', "p"));
            }
        }
        Self { definition, values, mode, id }
    }

    /// Unique per indicator and parameters: the definition's id for default parameters, else the values follow it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is an instance of.
    pub const fn definition(&self) -> &'static Definition {
        self.definition
    }

    /// Which definitions it follows.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Parameter names and values, in declared order.
    pub fn params(&self) -> Vec<(&'static str, f64)> {
        self.definition.params.iter().map(|p| p.name).zip(self.values.iter().copied()).collect()
    }

    /// Column names `id.line`, in declared order.
    pub fn line_names(&self) -> Vec<String> {
        self.definition.lines.iter().map(|line| format!("{}.{}", self.id, line.name)).collect()
    }

    /// Index of the first bar on which line number `line` is defined: exactly the bars before it are missing.
    pub fn first_index(&self, line: usize) -> usize {
        self.definition.lines[line].first_index(self.args())
    }

    /// Index of the first bar on which every line is defined.
    pub fn warm_up(&self) -> usize {
        (0..self.definition.lines.len()).map(|line| self.first_index(line)).max().unwrap_or(0)
    }

    /// A fresh state machine; its rows are as wide as [`Instance::line_names`].
    pub fn start(&self) -> Box<dyn Stream> {
        self.definition.engine.start(self.args())
    }

    pub(super) fn args(&self) -> Args<'_> {
        Args(&self.values)
    }
}

/// `rsi(period=14)`, or `compat:rsi(period=14)`: what [`parse_instance`] reads.
impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let params: Vec<String> = self.params().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mode = if self.mode == Mode::Compat { "compat:" } else { "" };
        write!(f, "{mode}{}({})", self.definition.id, params.join(","))
    }
}

/// Reads `rsi`, `rsi(period=9)` or the id of a member of the default catalogue such as `rsi_21`. Parameters that are
/// not named keep their defaults. `compat:` in front asks for the Python original's way.
pub fn parse_instance(text: &str) -> Result<Instance, IndicatorError> {
    parse_instance_in(text, Mode::Standard)
}

/// Like [`parse_instance`], in `mode` unless the text says `compat:`.
pub fn parse_instance_in(text: &str, mode: Mode) -> Result<Instance, IndicatorError> {
    let syntax = || IndicatorError::Syntax { text: text.to_owned() };
    let text = text.trim();
    let (mode, bare) = text.strip_prefix("compat:").map_or((mode, text), |rest| (Mode::Compat, rest.trim()));
    let (name, inside) = match bare.split_once('(') {
        Some((name, rest)) => (name.trim(), Some(rest.strip_suffix(')').ok_or_else(syntax)?)),
        None => (bare, None),
    };
    if inside.is_none()
        && let Some(instance) = super::catalogue(mode).into_iter().find(|i| i.id == name)
    {
        return Ok(instance);
    }
    let known = || definitions().iter().filter_map(|d| in_mode(d, mode));
    let Some(definition) = known().find(|d| d.id == name) else {
        let known = known().map(|d| d.id).collect::<Vec<_>>().join(", ");
        return Err(IndicatorError::UnknownIndicator { name: name.to_owned(), known });
    };
    let mut values: Vec<Option<f64>> = vec![None; definition.params.len()];
    for part in inside.unwrap_or("").split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(syntax)?;
        let (place, value) = parameter(definition, key.trim(), value.trim())?;
        if values[place].replace(value).is_some() {
            return Err(IndicatorError::GivenTwice { indicator: definition.id, name: definition.params[place].name });
        }
    }
    let values = values.iter().zip(definition.params).map(|(value, p)| value.unwrap_or(p.default)).collect();
    Ok(Instance::of(definition, values, mode))
}

/// The definition an indicator follows in `mode`, if there is one.
pub(super) const fn in_mode(definition: &'static Definition, mode: Mode) -> Option<&'static Definition> {
    match (mode, &definition.compat) {
        (Mode::Standard, _) | (Mode::Compat, Compat::Same) => Some(definition),
        (Mode::Compat, Compat::Own(original)) => Some(original),
        (Mode::Compat, Compat::Absent) => None,
    }
}

/// Position and checked value of one parameter.
fn parameter(definition: &'static Definition, key: &str, text: &str) -> Result<(usize, f64), IndicatorError> {
    let indicator = definition.id;
    let Some(place) = definition.params.iter().position(|p| p.name == key) else {
        let names: Vec<&str> = definition.params.iter().map(|p| p.name).collect();
        let known = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        return Err(IndicatorError::UnknownParameter { indicator, name: key.to_owned(), known });
    };
    let p = &definition.params[place];
    match text.parse::<f64>() {
        Ok(value) if (p.min..=p.max).contains(&value) && (!p.whole || value.fract() == 0.0) => {
            // Adding 0 turns -0 into 0, which would otherwise give the instance another id.
            Ok((place, value + 0.0))
        }
        _ => Err(IndicatorError::BadValue {
            indicator,
            name: p.name,
            value: text.to_owned(),
            wanted: if p.whole { "a whole number" } else { "a number" },
            min: p.min,
            max: p.max,
        }),
    }
}
