//! Indicators: numbers from bars. Each is a state machine that takes one bar and writes its lines, outputs and
//! internals alike, so no value can depend on a later bar. A definition declares everything a reader, a feature or a
//! chart needs: formula, source, parameters, meaning and unit of every line, and the exact bar on which it begins.
//!
//! To add one: a file in `catalogue/` and its line in the catalogue list. Knows only `market`.

pub mod blocks;
mod catalogue;
mod compute;
mod definition;
mod engine;
mod instance;
mod lines;
mod unit;

pub use catalogue::{default_catalogue, definitions};
pub use compute::{CATALOGUE_VERSION, catalogue_key, compute};
pub use definition::{Definition, Family, LineSpec, Param};
pub use engine::{Args, Engine, Indicator};
pub use instance::{IndicatorError, Instance, parse_instance};
pub use lines::{Line, Lines};
pub use unit::{Kind, Unit};

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
