//! The GPU's side of the operations: kernels of ours, and plans that order them and the matrix products between.
//!
//! A [`Plan`] is data. It is made and tested on any machine: its arguments are compared with the kernels' parameters, and
//! `tests/emulate_kernels.py` runs the golden plans with the very same kernel sources on the CPU. Only its execution
//! needs the feature `cuda`, where the sources are compiled on first use.

#[cfg(feature = "cuda")]
pub mod block;
/// Plans of a transformer's encoder block.
pub mod block_plan;
#[cfg(feature = "cuda")]
mod device;
#[cfg(feature = "cuda")]
pub mod optim;
mod pieces;
mod plan;
#[cfg(feature = "cuda")]
mod run;
pub mod single;
mod spec;

#[cfg(test)]
mod tests;

#[cfg(feature = "cuda")]
pub use device::{free_memory, open};
pub use plan::{Arg, Buffer, Factor, Plan, Product, Span, Step};
#[cfg(feature = "cuda")]
pub use run::run;
pub use spec::{Mask, Offsets, Spec};

/// Sources of the kernels, in the order they are compiled: nothing is included from elsewhere.
pub const SOURCES: &str = concat!(
    include_str!("common.cu"),
    include_str!("rows.cu"),
    include_str!("elements.cu"),
    include_str!("attention.cu"),
    include_str!("optimizer.cu"),
);
