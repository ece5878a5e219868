//! The network: sequence encoder, pooling, variational regime embedding, five heads, and the objective they learn.
//!
//! Axes: `B` windows, `T` bars (`seq_len`), `F` features, `C` width (`d_model`), `H` heads, `L` latents.

mod builder;
mod encoder;
#[cfg(test)]
mod golden_tests;
mod network;
mod objective;
mod pattern;
mod pooling;
mod probe;
#[cfg(test)]
pub(crate) mod samples;
mod summary;

#[cfg(test)]
pub(crate) use builder::with_candles_layer_norm;
pub use network::{Forecaster, Network, NetworkSink, Outputs};
pub use objective::{Losses, Objective, TASKS, Targets};
pub use probe::Probe;
pub use summary::{MemoryEstimate, ModelSummary, PartSummary};
