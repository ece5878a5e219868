//! Indicators: numbers from bars. Each is a state machine that takes one bar and writes its lines, outputs and
//! internals alike, so no value can depend on a later bar. A definition declares everything a reader, a feature or a
//! chart needs: formula, source, parameters, meaning and unit of every line, and the exact bar on which it begins.
//!
//! To add one: a file in `catalogue/` and its line in the catalogue list; or, without recompiling, a formula file
//! ([`formula`]). Knows only `market`.

pub mod blocks;
mod catalogue;
mod compute;
mod definition;
mod engine;
pub mod formula;
mod instance;
pub mod kernels;
mod library;
mod lines;
mod twins;
mod unit;

pub use catalogue::{catalogue, default_catalogue, definitions};
pub use compute::{CATALOGUE_VERSION, Runner, catalogue_key, compute};
pub use definition::{About, Compat, Definition, Family, LineSpec, Mode, Param};
pub use engine::{Args, Engine, FlowIndicator, Indicator, StateError, Stream};
pub use formula::Formula;
pub use instance::{IndicatorError, Instance, parse_instance, parse_instance_in};
pub use library::Library;
pub use lines::{Line, Lines};
pub use twins::twin_of;
pub use unit::{Kind, Unit};

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;
