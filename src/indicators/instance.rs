use std::fmt;
use std::sync::Arc;

use super::formula::First;
use super::{About, Args, Compat, Definition, Formula, Library, LineSpec, Mode, Stream};

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
        indicator: String,
        /// What was asked for.
        name: String,
        /// Its parameters, separated by commas, or "none".
        known: String,
    },
    /// A parameter named twice.
    #[error("{indicator}: {name} is given twice; keep one")]
    GivenTwice {
        /// Indicator id.
        indicator: String,
        /// Parameter name.
        name: String,
    },
    /// Not a (whole) number or outside its range.
    #[error("{indicator}: {name} is `{value}` but must be {wanted} from {min} to {max}")]
    BadValue {
        /// Indicator id.
        indicator: String,
        /// Parameter name.
        name: String,
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

/// What an instance is an instance of.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    Catalogue(&'static Definition),
    Formula(Arc<Formula>),
}

impl Origin {
    pub(super) fn about(&self) -> About<'_> {
        match self {
            Self::Catalogue(definition) => definition.about(),
            Self::Formula(formula) => formula.about(),
        }
    }

    pub(super) const fn formula(&self) -> Option<&Arc<Formula>> {
        match self {
            Self::Catalogue(_) => None,
            Self::Formula(formula) => Some(formula),
        }
    }
}

impl From<&'static Definition> for Origin {
    fn from(definition: &'static Definition) -> Self {
        Self::Catalogue(definition)
    }
}

impl From<Arc<Formula>> for Origin {
    fn from(formula: Arc<Formula>) -> Self {
        Self::Formula(formula)
    }
}

/// An indicator with the values of its parameters.
#[derive(Debug, Clone)]
pub struct Instance {
    origin: Origin,
    values: Vec<f64>,
    mode: Mode,
    id: String,
}

impl Instance {
    /// With default parameters.
    pub(super) fn default_of(origin: impl Into<Origin>, mode: Mode) -> Self {
        let origin = origin.into();
        let values = origin.about().params.iter().map(|p| p.default).collect();
        Self::of(origin, values, mode)
    }

    /// `values` must be as many as the parameters and within their ranges.
    pub(super) fn of(origin: impl Into<Origin>, values: Vec<f64>, mode: Mode) -> Self {
        let origin = origin.into();
        let about = origin.about();
        let is_default = about.params.iter().zip(&values).all(|(p, v)| p.default == *v);
        let mut id = about.id.to_owned();
        if about.numbered || !is_default {
            for value in &values {
                // A dot would split the column name `id.line` in the wrong place.
                id.push('_');
                id.push_str(&value.to_string().replace('.', "p"));
            }
        }
        Self { origin, values, mode, id }
    }

    /// A formula with default parameters.
    pub fn of_formula(formula: Arc<Formula>) -> Self {
        Self::default_of(formula, Mode::Standard)
    }

    /// Unique per indicator and parameters: the definition's id for default parameters, else the values follow it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it is an instance of.
    pub fn definition(&self) -> About<'_> {
        self.origin.about()
    }

    /// Which definitions it follows.
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// Parameter names and values, in declared order.
    pub fn params(&self) -> Vec<(&str, f64)> {
        self.definition().params.iter().map(|p| p.name.as_ref()).zip(self.values.iter().copied()).collect()
    }

    /// Column names `id.line`, in declared order.
    pub fn line_names(&self) -> Vec<String> {
        self.definition().lines.iter().map(|line| format!("{}.{}", self.id, line.name)).collect()
    }

    /// Index of the first bar on which line number `line` is defined: exactly the bars before it are missing. A line of
    /// a formula that waits for an event in the data begins there or later.
    pub fn first_index(&self, line: usize) -> usize {
        self.firsts()[line].bar
    }

    /// Index of the first bar on which every line is defined.
    pub fn warm_up(&self) -> usize {
        self.firsts().into_iter().map(|first| first.bar).max().unwrap_or(0)
    }

    /// Where each line begins.
    pub fn firsts(&self) -> Vec<First> {
        match &self.origin {
            Origin::Catalogue(definition) => {
                let first = |line: &LineSpec| First { bar: line.first_index(self.args()), exact: true };
                definition.lines.iter().map(first).collect()
            }
            Origin::Formula(formula) => formula.firsts(self.args()),
        }
    }

    /// A fresh state machine; its rows are as wide as [`Instance::line_names`].
    pub fn start(&self) -> Box<dyn Stream> {
        match &self.origin {
            Origin::Catalogue(definition) => definition.engine.start(self.args()),
            Origin::Formula(formula) => formula.start(self.args()),
        }
    }

    /// The formula it is an instance of, if it comes from one.
    pub fn formula(&self) -> Option<&Arc<Formula>> {
        self.origin.formula()
    }

    /// Stable text of indicator, parameters and, of a formula, its content: equal keys mean equal lines on equal bars.
    pub fn key(&self) -> String {
        match &self.origin {
            Origin::Catalogue(_) => self.to_string(),
            Origin::Formula(formula) => format!("{self}#{}", formula.hash()),
        }
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
        write!(f, "{mode}{}({})", self.definition().id, params.join(","))
    }
}

/// Reads `rsi`, `rsi(period=9)` or the id of a member of the default catalogue such as `rsi_21`. Parameters that are
/// not named keep their defaults. `compat:` in front asks for the Python original's way.
pub fn parse_instance(text: &str) -> Result<Instance, IndicatorError> {
    parse_instance_in(text, Mode::Standard)
}

/// Like [`parse_instance`], in `mode` unless the text says `compat:`.
pub fn parse_instance_in(text: &str, mode: Mode) -> Result<Instance, IndicatorError> {
    Library::default().parse_instance(text, mode)
}

/// The definition an indicator follows in `mode`, if there is one.
pub(super) const fn in_mode(definition: &'static Definition, mode: Mode) -> Option<&'static Definition> {
    match (mode, &definition.compat) {
        (Mode::Standard, _) | (Mode::Compat, Compat::Same) => Some(definition),
        (Mode::Compat, Compat::Own(original)) => Some(original),
        (Mode::Compat, Compat::Absent) => None,
    }
}
