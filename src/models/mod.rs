//! The network: sequence encoder, pooling, variational regime embedding, five heads, and the objective they learn.
//!
//! Axes: `B` windows, `T` bars (`seq_len`), `F` features, `C` width (`d_model`), `H` heads, `L` latents.

mod builder;
mod encoder;
mod network;
mod objective;
mod pooling;
mod vae;

pub use network::{Network, Outputs, Probe};
pub use objective::{Losses, Objective, TASKS, Targets};
