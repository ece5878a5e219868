use std::borrow::Cow;

use super::engine::Engine;
use super::{Args, Unit};
use crate::market::Extra;

/// Where an indicator belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Oscillations of a band of periods.
    Cycle,
    /// Character of the market: trending, random, reverting.
    Regime,
    /// Size of movements.
    Volatility,
    /// Speed and strength of movements.
    Momentum,
    /// Direction of the market.
    Trend,
    /// Traded amounts.
    Volume,
    /// Composites and the rest.
    Other,
}

impl Family {
    /// Every family.
    pub const ALL: [Self; 7] =
        [Self::Cycle, Self::Regime, Self::Volatility, Self::Momentum, Self::Trend, Self::Volume, Self::Other];

    /// The lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cycle => "cycle",
            Self::Regime => "regime",
            Self::Volatility => "volatility",
            Self::Momentum => "momentum",
            Self::Trend => "trend",
            Self::Volume => "volume",
            Self::Other => "other",
        }
    }
}

/// A number an indicator can be tuned with.
#[derive(Debug, Clone, PartialEq)]
pub struct Param {
    /// Name, as in `rsi(period=9)`.
    pub name: Cow<'static, str>,
    /// One-line meaning.
    pub meaning: Cow<'static, str>,
    /// Value when not given.
    pub default: f64,
    /// Smallest value.
    pub min: f64,
    /// Largest value.
    pub max: f64,
    /// True for a number of bars or another whole number.
    pub whole: bool,
}

impl Param {
    /// A number of bars from `min` to 10,000.
    pub const fn bars(name: &'static str, meaning: &'static str, default: u16, min: u16) -> Self {
        let (name, meaning) = (Cow::Borrowed(name), Cow::Borrowed(meaning));
        Self { name, meaning, default: default as f64, min: min as f64, max: 10_000.0, whole: true }
    }

    /// A whole number between `min` and `max`.
    pub const fn whole(name: &'static str, meaning: &'static str, default: u16, min: u16, max: u16) -> Self {
        let (name, meaning) = (Cow::Borrowed(name), Cow::Borrowed(meaning));
        Self { name, meaning, default: default as f64, min: min as f64, max: max as f64, whole: true }
    }

    /// A real number between `min` and `max`.
    pub const fn real(name: &'static str, meaning: &'static str, default: f64, min: f64, max: f64) -> Self {
        Self { name: Cow::Borrowed(name), meaning: Cow::Borrowed(meaning), default, min, max, whole: false }
    }
}

/// One declared output or internal of an indicator.
#[derive(Debug, Clone)]
pub struct LineSpec {
    /// Name within the indicator.
    pub name: Cow<'static, str>,
    /// One-line meaning.
    pub meaning: Cow<'static, str>,
    /// Kind and scale law.
    pub unit: Unit,
    /// True for an intermediate of the calculation.
    pub internal: bool,
    first: Option<fn(Args<'_>) -> usize>,
}

impl LineSpec {
    /// A usual output; `first` gives the index of its first defined bar.
    pub const fn output(name: &'static str, meaning: &'static str, unit: Unit, first: fn(Args<'_>) -> usize) -> Self {
        Self { name: Cow::Borrowed(name), meaning: Cow::Borrowed(meaning), unit, internal: false, first: Some(first) }
    }

    /// An intermediate of the calculation; `first` gives the index of its first defined bar.
    pub const fn internal(name: &'static str, meaning: &'static str, unit: Unit, first: fn(Args<'_>) -> usize) -> Self {
        Self { name: Cow::Borrowed(name), meaning: Cow::Borrowed(meaning), unit, internal: true, first: Some(first) }
    }

    /// A line of a formula, which itself knows where its lines begin.
    pub(super) const fn of_formula(name: String, meaning: String, unit: Unit, internal: bool) -> Self {
        Self { name: Cow::Owned(name), meaning: Cow::Owned(meaning), unit, internal, first: None }
    }

    /// Index of the first bar on which the line is defined: the number of leading bars on which it is missing.
    pub(super) fn first_index(&self, args: Args<'_>) -> usize {
        self.first.map_or(0, |first| first(args))
    }
}

/// Which definitions an indicator follows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// The published ones.
    #[default]
    Standard,
    /// Those of the Python original, its mistakes included.
    Compat,
}

impl Mode {
    /// The lower-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Compat => "compat",
        }
    }
}

/// What the Python original did under the same id.
#[derive(Debug)]
pub enum Compat {
    /// It had no such indicator.
    Absent,
    /// The same calculation.
    Same,
    /// Another calculation; id, parameters that exist in both and lines that exist in both bear the same names.
    Own(&'static Definition),
}

/// Everything known about an indicator apart from the values of its parameters.
#[derive(Debug)]
pub struct Definition {
    /// Unique name, for example `schaff_trend_cycle`.
    pub id: &'static str,
    /// Full name.
    pub title: &'static str,
    /// Where it belongs.
    pub family: Family,
    /// The mathematics in one paragraph.
    pub formula: &'static str,
    /// Who published it and where.
    pub source: &'static str,
    /// Parameters, in the order of [`Args`].
    pub params: &'static [Param],
    /// Lines, in the order [`super::Indicator::next`] writes them.
    pub lines: &'static [LineSpec],
    /// True when the instance id always carries the parameters, as in `rsi_14`.
    pub numbered: bool,
    /// Further parameter sets of the default catalogue, beside the default one.
    pub also: &'static [&'static [f64]],
    /// Columns beyond OHLCV without which every line is missing.
    pub needs: &'static [Extra],
    /// What the Python original did.
    pub compat: Compat,
    /// How it is computed.
    pub engine: Engine,
}

/// What is known of an indicator, whether it belongs to the catalogue or comes from a formula file.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// Unique name.
    pub id: &'a str,
    /// Full name.
    pub title: &'a str,
    /// Where it belongs.
    pub family: Family,
    /// The mathematics in one paragraph.
    pub formula: &'a str,
    /// Who published it and where.
    pub source: &'a str,
    /// Parameters, in the order of their values.
    pub params: &'a [Param],
    /// Lines, in the order they are computed.
    pub lines: &'a [LineSpec],
    /// True when the instance id always carries the parameters, as in `rsi_14`.
    pub numbered: bool,
    /// Columns beyond OHLCV it reads.
    pub needs: &'a [Extra],
}

impl Definition {
    pub(super) const fn about(&'static self) -> About<'static> {
        let Self { id, title, family, formula, source, params, lines, numbered, also: _, needs, compat: _, engine: _ } =
            self;
        About { id, title, family: *family, formula, source, params, lines, numbered: *numbered, needs }
    }
}
