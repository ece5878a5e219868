//! Our side of the benchmarks: real work on stated input, timed, as records for scripts.

mod indicators;

pub use indicators::{IndicatorsBench, indicators};
