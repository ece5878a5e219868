//! Our side of the benchmarks: real work on stated input, timed, as records for scripts.

mod data;
mod indicators;

pub use data::{DataBench, data};
pub use indicators::{IndicatorsBench, indicators};
