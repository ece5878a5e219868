//! Building blocks of networks, on candle: seeded noise, named parameters, operations with forward and backward,
//! losses, optimiser, schedule.
//!
//! On the CPU the operations are fused kernels of ours, the transformer and the readout as a whole; on other devices the
//! composed candle version runs, which is also the oracle of the tests. [`cuda`] holds kernels for NVIDIA GPUs.

pub mod cuda;
mod kernels;
mod loss;
mod noise;
pub mod ops;
mod optim;
mod optimizer;
mod params;
mod real;
mod schedule;
mod sink;

pub use loss::{bce_with_logits, focal_with_logits, free_bits, kl_per_latent, mse, size_loss};
pub use noise::{Noise, Purpose, purpose_rng};
pub use optim::{AdamW, AdamWConfig, Gradients};
pub use optimizer::Optimizer;
pub use params::{Params, ParamsError};
pub use real::Arenas;
pub use schedule::{Restarts, warm_restarts, warmup_cosine};
pub use sink::{GradientPath, Sink};
