//! Our side of the benchmarks: real work on stated input, timed, as records for scripts.

mod data;
mod features;
mod indicators;

pub use data::{DataBench, data};
pub use features::{FeaturesBench, features};
pub use indicators::{IndicatorsBench, indicators};
