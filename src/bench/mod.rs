//! Our side of the benchmarks: real work on stated input, timed, as records for scripts.

mod data;
mod features;
mod indicators;
mod memory;
mod network;
mod roof;

pub use data::{DataBench, data};
pub use features::{FeaturesBench, features};
pub use indicators::{IndicatorsBench, indicators};
pub use memory::Allocator;
pub use network::{NetworkBench, infer, train};
